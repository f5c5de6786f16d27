"""Time and memory of the readers against plain `pandas.read_csv` of the same columns, interleaved, in fresh processes.

Run: .venv/bin/python benchmarks/reading.py [--repetitions 5] [--formats ucdp acled] [--ucdp-rows 400000]
[--acled-rows 3000000]. Budget for UCDP: 1.3 in time, 1.5 in memory.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

UCDP_COLUMNS = (
    *("id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id", "conflict_new_id"),
    *("conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id", "side_a_new_id", "side_a"),
    *("side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources", "source_article", "source_office"),
    *("source_date", "source_headline", "source_original", "where_prec", "where_coordinates", "where_description"),
    *("adm_1", "adm_2", "latitude", "longitude", "geom_wkt", "priogrid_gid", "country", "country_id", "region"),
    *("event_clarity", "date_prec", "date_start", "date_end", "deaths_a", "deaths_b", "deaths_civilians"),
    *("deaths_unknown", "best", "high", "low", "gwnoa", "gwnob"),
)
ACLED_COLUMNS = (
    *("event_id_cnty", "event_date", "year", "time_precision", "disorder_type", "event_type", "sub_event_type"),
    *("actor1", "assoc_actor_1", "inter1", "actor2", "assoc_actor_2", "inter2", "interaction", "civilian_targeting"),
    *("iso", "region", "country", "admin1", "admin2", "admin3", "location", "latitude", "longitude", "geo_precision"),
    *("source", "source_scale", "notes", "fatalities", "tags", "timestamp"),
)
MEASURE = """
import resource, sys, time
import pandas as pd
from conflictts.incidents import {module}
columns = {module}.wanted_columns(tuple(pd.read_csv(sys.argv[1], nrows=0)))
begun = time.perf_counter()
{read}
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
PLAIN = "pd.read_csv(sys.argv[1], usecols=columns)"


@dataclass(frozen=True)
class Format:
    """An export's reader, its columns, and invented rows of it."""

    reader: str
    columns: tuple[str, ...]
    events: Callable[[np.random.Generator, np.ndarray], dict[str, object]]
    rows: int

    @property
    def module(self) -> str:
        """The module that reads it."""
        return self.reader.removeprefix("read_")

    def write(self, path: Path, rows: int) -> None:
        """Write invented events in all columns, long quoted text among them."""
        rng = np.random.default_rng(1)
        with path.open("w", newline="", encoding="utf-8") as stream:
            for start in range(0, rows, 5_000):
                number = np.arange(start, min(start + 5_000, rows))
                events = dict.fromkeys(self.columns, "1") | self.events(rng, number)
                frame = pd.DataFrame(events, index=number)[list(self.columns)]
                frame.to_csv(stream, index=False, header=start == 0, lineterminator="\n")

    def measure(self, read: str, path: Path) -> tuple[float, float]:
        """Seconds and peak MiB of one reading in a process of its own."""
        script = MEASURE.format(module=self.module, read=read)
        printed = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
        seconds, mebibytes = printed.stdout.split()
        return float(seconds), float(mebibytes)


def _days(rng: np.random.Generator, count: int) -> pd.Series:
    return pd.Series(pd.Timestamp("1989-01-01") + pd.to_timedelta(rng.integers(0, 12_700, count), unit="D"))


def _ucdp(rng: np.random.Generator, number: np.ndarray) -> dict[str, object]:
    count = len(number)
    a, b, civilians = rng.poisson(2, (3, count))
    latitude, longitude = np.round(30 + 6 * rng.random(count), 6), np.round(35 + 6 * rng.random(count), 6)
    day = _days(rng, count).dt.strftime("%Y-%m-%d 00:00:00.000").to_numpy()
    article = 'Reuters News,2019-08-01,"Syria: shelling of the town, at least ten killed";'
    return {
        "id": 100_000 + number,
        "relid": [f"SYR-2019-1-299-{each}" for each in number],
        "code_status": "Clear",
        "conflict_name": "Syria: Government",
        "dyad_name": "Government of Syria - Syrian insurgents",
        "side_a": "Government of Syria",
        "side_b": "Syrian insurgents",
        "source_article": [article * times for times in 1 + rng.integers(0, 5, count)],
        "source_headline": "Syria: shelling, Idlib",
        "where_coordinates": "Khan Shaykhun town",
        "where_description": "Khan Shaykhun town, Ma'arrat an Nu'man district",
        "adm_1": "Idlib Governorate",
        "adm_2": "Ma'arrat an Nu'man district",
        "latitude": latitude,
        "longitude": longitude,
        "geom_wkt": [f"POINT ({east} {north})" for east, north in zip(longitude, latitude, strict=True)],
        "country": "Syria",
        "date_start": day,
        "date_end": day,
        "deaths_a": a,
        "deaths_b": b,
        "deaths_civilians": civilians,
        "best": a + b + civilians,
        "high": a + b + civilians + 2,
        "low": a + b + civilians,
    }


def _acled(rng: np.random.Generator, number: np.ndarray) -> dict[str, object]:
    count = len(number)
    note = "On an invented day, shelling struck the town; no one was hurt, as far as is known. "
    places = np.array([f"Town {each}" for each in range(3000)])
    return {
        "event_id_cnty": [f"SYR{each}" for each in number],
        "event_date": _days(rng, count).dt.strftime("%Y-%m-%d").to_numpy(),
        "event_type": rng.choice(["Battles", "Explosions/Remote violence", "Protests", "Riots"], count),
        "sub_event_type": "Shelling/artillery/missile attack",
        "actor1": "Military Forces of Syria (2000-2024)",
        "actor2": rng.choice(["", "Civilians (Syria)"], count),
        "civilian_targeting": rng.choice(["", "Civilian targeting"], count),
        "region": "Middle East",
        "country": "Syria",
        "admin1": rng.choice(["Idleb", "Hama", "Aleppo"], count),
        "admin2": "Ariha",
        "location": places[rng.integers(0, len(places), count)],
        "latitude": np.round(30 + 6 * rng.random(count), 4),
        "longitude": np.round(35 + 6 * rng.random(count), 4),
        "source": "SOHR",
        "notes": [note * times for times in 1 + rng.integers(0, 5, count)],
        "fatalities": rng.poisson(1, count),
        "timestamp": 1_600_000_000 + number,
    }


FORMATS = {
    "ucdp": Format("read_ucdp", UCDP_COLUMNS, _ucdp, 400_000),
    "acled": Format("read_acled", ACLED_COLUMNS, _acled, 3_000_000),
}


def main() -> None:
    """Print the medians of each format as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    for name, each in FORMATS.items():
        parser.add_argument(f"--{name}-rows", type=int, default=each.rows)
    asked = parser.parse_args()
    for name in asked.formats:
        rows = getattr(asked, f"{name}_rows")
        compare(FORMATS[name], rows, asked.repetitions)


def compare(form: Format, rows: int, repetitions: int) -> None:
    """Write an export, and read it in turn by pandas and by the reader."""
    reads = {"pandas.read_csv": PLAIN, form.reader: f"{form.module}.{form.reader}(sys.argv[1])"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        form.write(path, rows)
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in reads}
        for _ in range(repetitions):
            for name, measured in runs.items():
                measured.append(form.measure(reads[name], path))
        size = path.stat().st_size / 1e6
    medians = {name: [statistics.median(column) for column in zip(*runs[name], strict=True)] for name in reads}
    base = medians["pandas.read_csv"]
    print(f"\n| {rows:,} rows, {len(form.columns)} columns, {size:.0f} MB | seconds | ratio | peak MiB | ratio |")
    print("| --- | --: | --: | --: | --: |")
    for name, (seconds, mebibytes) in medians.items():
        print(f"| {name} | {seconds:.2f} | {seconds / base[0]:.2f} | {mebibytes:.0f} | {mebibytes / base[1]:.2f} |")


if __name__ == "__main__":
    main()
