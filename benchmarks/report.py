"""How long `conflictts report` takes for the bundled case, from command to page, beside a floor.

Each round runs, in fresh processes one after the other: the floor, which imports the libraries that a report needs and
draws as many empty figures of the same size in both formats; the report, warm; the report after the files of Python and
of all libraries were given out of the system's file cache (what other processes hold in memory stays, so close them);
and, in the last round alone, the report without any compiled kernel, as a first run without `make report` is. The first
round fills the caches and is not counted.

    python benchmarks/report.py --rounds 5
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import conflictts

FLOOR = """
import io, sys
import jinja2, numba, numpy, pandas, scipy.optimize, scipy.special, typer
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
for number in range(int(sys.argv[1])):
    figure = Figure(figsize=(9.0, 3.9))
    FigureCanvasAgg(figure)
    figure.add_axes((0.08, 0.225, 0.905, 0.63))
    figure.savefig(io.StringIO(), format="svg")
    figure.savefig(io.BytesIO(), format="png", dpi=200)
"""


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """How long a command takes, which must succeed: by the clock, and on all processors together."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, env=environment)
    taken, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def empty_file_cache(folders: Sequence[Path]) -> None:
    """Let the system forget the content of all files below some folders."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def study(rounds: int, place: Path) -> dict[str, list[tuple[float, float]]]:
    """Seconds of each kind of run, round by round."""
    package = Path(conflictts.__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "NUMBA_CACHE_DIR": str(place / "kernels")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    report = ["-m", "conflictts.cli", "report", "--quiet", "--out", str(place / "out")]
    seconds(report, environment)
    floor = ["-c", FLOOR, str(len(list((place / "out" / "figures").glob("*.png"))))]
    seconds(floor, environment)
    found: dict[str, list[tuple[float, float]]] = {"floor": [], "warm": [], "cold": [], "first": []}
    for _ in range(rounds):
        found["floor"].append(seconds(floor, environment))
        found["warm"].append(seconds(report, environment))
        empty_file_cache([package, place, Path(sys.prefix), Path(sys.base_prefix)])
        found["cold"].append(seconds(report, environment))
    found["first"].append(seconds(report, {**environment, "NUMBA_CACHE_DIR": str(place / "none")}))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = study(asked.rounds, Path(place))
    floor = [statistics.median(column) for column in zip(*found["floor"], strict=True)]
    for kind, taken in found.items():
        clock, processors = (statistics.median(column) for column in zip(*taken, strict=True))
        told = {"run": kind, "seconds": round(clock, 2), "over floor": round(clock / floor[0], 2)}
        told |= {"on processors": round(processors, 2), "over floor's": round(processors / floor[1], 2)}
        print(json.dumps(told | {"all": [round(each, 2) for each, _ in taken], "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
