"""Time and memory of `read_ucdp` against plain `pandas.read_csv` of the same columns, interleaved, in fresh processes.

Run: .venv/bin/python benchmarks/reading.py [rows] [repetitions]

Budget: 1.3 in time, 1.5 in memory. 22 November 2026, 2 shared cores under other load, medians of 5:

| 400,000 rows, 49 columns | seconds | ratio | peak MiB | ratio |
| --- | --: | --: | --: | --: |
| pandas.read_csv | 0.58 | 1.00 | 282 | 1.00 |
| read_ucdp | 1.59 | 2.75 | 377 | 1.34 |

The memory is within its budget; the time is not yet.
"""

from __future__ import annotations

import csv
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

COLUMNS = (
    "id",
    "relid",
    "year",
    "active_year",
    "code_status",
    "type_of_violence",
    "conflict_dset_id",
    "conflict_new_id",
    "conflict_name",
    "dyad_dset_id",
    "dyad_new_id",
    "dyad_name",
    "side_a_dset_id",
    "side_a_new_id",
    "side_a",
    "side_b_dset_id",
    "side_b_new_id",
    "side_b",
    "number_of_sources",
    "source_article",
    "source_office",
    "source_date",
    "source_headline",
    "source_original",
    "where_prec",
    "where_coordinates",
    "where_description",
    "adm_1",
    "adm_2",
    "latitude",
    "longitude",
    "geom_wkt",
    "priogrid_gid",
    "country",
    "country_id",
    "region",
    "event_clarity",
    "date_prec",
    "date_start",
    "date_end",
    "deaths_a",
    "deaths_b",
    "deaths_civilians",
    "deaths_unknown",
    "best",
    "high",
    "low",
    "gwnoa",
    "gwnob",
)
MEASURE = """
import resource, sys, time
{imports}
begun = time.perf_counter()
{read}
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
READERS = {
    "pandas.read_csv": (
        "import pandas as pd; from conflictts.incidents import ucdp",
        f"pd.read_csv(sys.argv[1], usecols=ucdp.wanted_columns({COLUMNS!r}))",
    ),
    "read_ucdp": ("import pandas as pd; from conflictts.incidents import ucdp", "ucdp.read_ucdp(sys.argv[1])"),
}


def write_export(path: Path, rows: int) -> None:
    """Invented events in the 49 columns of GED, with long quoted text."""
    rng = np.random.default_rng(1)
    article = 'Reuters News,2019-08-01,"Syria: shelling of the town, at least ten killed";'
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number in range(rows):
            day = dt.date(1989, 1, 1) + dt.timedelta(days=int(rng.integers(0, 12_700)))
            a, b, civilians = (int(count) for count in rng.poisson(2, 3))
            best = a + b + civilians
            latitude, longitude = round(30 + 6 * rng.random(), 6), round(35 + 6 * rng.random(), 6)
            event = dict.fromkeys(COLUMNS, "1") | {
                "id": 100_000 + number,
                "relid": f"SYR-{day.year}-1-299-{number}",
                "code_status": "Clear",
                "conflict_name": "Syria: Government",
                "dyad_name": "Government of Syria - Syrian insurgents",
                "side_a": "Government of Syria",
                "side_b": "Syrian insurgents",
                "source_article": article * (1 + int(rng.integers(0, 5))),
                "source_headline": "Syria: shelling, Idlib",
                "where_coordinates": "Khan Shaykhun town",
                "where_description": "Khan Shaykhun town, Ma'arrat an Nu'man district",
                "adm_1": "Idlib Governorate",
                "adm_2": "Ma'arrat an Nu'man district",
                "latitude": latitude,
                "longitude": longitude,
                "geom_wkt": f"POINT ({longitude} {latitude})",
                "country": "Syria",
                "date_start": f"{day} 00:00:00.000",
                "date_end": f"{day} 00:00:00.000",
                "deaths_a": a,
                "deaths_b": b,
                "deaths_civilians": civilians,
                "best": best,
                "high": best + 2,
                "low": best,
            }
            writer.writerow(event.values())


def measure(reader: str, path: Path) -> tuple[float, float]:
    """Seconds and peak MiB of one reading in a process of its own."""
    imports, read = READERS[reader]
    script = MEASURE.format(imports=imports, read=read)
    printed = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
    seconds, mebibytes = printed.stdout.split()
    return float(seconds), float(mebibytes)


def main(rows: int = 400_000, repetitions: int = 5) -> None:
    """Print the medians as a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        write_export(path, rows)
        runs: dict[str, list[tuple[float, float]]] = {reader: [] for reader in READERS}
        for _ in range(repetitions):
            for reader, measured in runs.items():
                measured.append(measure(reader, path))
    medians = {reader: [statistics.median(column) for column in zip(*measured, strict=True)]
               for reader, measured in runs.items()}  # fmt: skip
    base = medians["pandas.read_csv"]
    print(f"| {rows:,} rows, 49 columns | seconds | ratio | peak MiB | ratio |\n| --- | --: | --: | --: | --: |")
    for reader, (seconds, mebibytes) in medians.items():
        print(f"| {reader} | {seconds:.2f} | {seconds / base[0]:.2f} | {mebibytes:.0f} | {mebibytes / base[1]:.2f} |")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
