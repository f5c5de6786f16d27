"""Kill whole runs of `conflictts report` at random moments over an older report: what is there afterwards?

Two reports are written over each other in turn, by the command as a user types it. Half of the kills come at a moment
drawn over the length of a run; as nearly all of that is arithmetic, the other half come within a tenth of a second of
the moment at which the run makes its first folder. After each kill the folder must hold the one report or the other,
byte by byte.

    python benchmarks/kills.py --kills 100 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

REPORTS = (("report",), ("report", "--measure", "incidents"))
WRITING = 0.1  # seconds


def run(arguments: Sequence[str], out: Path) -> None:
    """Run the command in this process, silently; it always ends it."""
    from conflictts.cli import app

    with contextlib.redirect_stdout(io.StringIO()):
        app([*arguments, "--quiet", "--out", str(out)])


def killed(arguments: Sequence[str], out: Path, *, near: bool, seconds: float) -> str:
    """Run the command in a child and end it after so many seconds of the run, or of its writing; say how it ended."""
    child = os.fork()
    if child == 0:
        if near:
            sys.addaudithook(
                lambda event, _: signal.setitimer(signal.ITIMER_REAL, seconds) if event == "tempfile.mkdtemp" else None
            )
        else:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        code = 70
        try:
            run(arguments, out)
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGALRM:  # which ends a process at once, as SIGKILL does
        return "killed"
    assert code == 0, f"exit code {code}"
    return "done before the kill"


def content(out: Path) -> dict[str, bytes]:
    """Every file of a report."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def study(reports: Sequence[Sequence[str]], kills: int, seed: int, place: Path) -> Counter[tuple[str, str, str]]:
    """How many kills came when, how the run ended, and what was there afterwards: "old", "new" or "broken"."""
    os.environ["SOURCE_DATE_EPOCH"] = "1574000000"
    chance, out, known = random.Random(seed), place / "out", []
    begun = time.monotonic()
    for arguments in reports:
        with contextlib.suppress(SystemExit):
            run(arguments, out)
        known.append(content(out))
        length, begun = time.monotonic() - begun, time.monotonic()
    assert known[0] != known[1]
    there, found = 1, Counter[tuple[str, str, str]]()
    for number in range(kills):
        near = number % 2 == 1
        moment = chance.uniform(1e-4, WRITING if near else length)
        ended = killed(reports[1 - there], out, near=near, seconds=moment)
        now = content(out)
        state = {True: "old"}.get(now == known[there], "new" if now == known[1 - there] else "broken")
        there = 1 - there if state == "new" else there
        found["while writing" if near else "at any moment", ended, state] += 1
    with contextlib.suppress(SystemExit):
        run(reports[0], out)
    assert content(out) == known[0]
    left = [entry.name for entry in place.iterdir() if entry.name != "out"]
    assert left == [], f"swept by the next run: {left}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="anonymised reports, which take a second each")
    asked = parser.parse_args()
    more = ("--anonymise",) if asked.quick else ()
    with tempfile.TemporaryDirectory() as place:
        found = study([(*each, *more) for each in REPORTS], asked.kills, asked.seed, Path(place))
    print(json.dumps([[*key, number] for key, number in sorted(found.items())]))


if __name__ == "__main__":
    main()
