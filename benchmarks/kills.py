"""Kill whole runs of `conflictts report` at random moments over an older report: what is there afterwards?

Two reports are written over each other in turn, by the command as a user types it, in both of its processes. Half of
the kills come at a moment drawn over the length of a run; as nearly all of that is arithmetic, the other half come at a
moment drawn over its writing: from its first folder to the exchange of old and new, and as long again. Moments are
drawn until so many runs have been killed; a run that ends before its moment is counted apart. After each the folder
must hold the one report or the other, byte by byte, and the second process must have died with the first, or have
done its work just before.

    python benchmarks/kills.py --kills 100 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

REPORTS = (("report",), ("report", "--measure", "incidents"))
STRATA = ("over the length of a run", "over its writing")
FOLDER, REMOVAL = "tempfile.mkdtemp", "shutil.rmtree"  # audit events: of the folder aside, and of it once exchanged
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER of Linux: children of a killed child become this one's
AT_ONCE = 1.0  # seconds; a second process left alone would draw on for longer


def run(arguments: Sequence[str], out: Path) -> None:
    """Run the command in this process, silently; it always ends it."""
    from conflictts.cli import app

    with contextlib.redirect_stdout(io.StringIO()):
        app([*arguments, "--quiet", "--out", str(out)])


def child_of(arguments: Sequence[str], out: Path, seen: Callable[[str], object]) -> int:
    """Run the command in a child that calls a function as it begins, and with the name of every audit event."""
    child = os.fork()
    if child == 0:
        seen("begin")
        sys.addaudithook(lambda event, _: seen(event))
        code = 70
        try:
            run(arguments, out)
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)
    return child


def killed(arguments: Sequence[str], out: Path, *, at_writing: bool, seconds: float) -> bool:
    """Run the command in a child and end it after so many seconds of its run, or of its writing."""
    start = FOLDER if at_writing else "begin"
    child = child_of(arguments, out, lambda event: event == start and signal.setitimer(signal.ITIMER_REAL, seconds))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ended = time.monotonic()
    with contextlib.suppress(ChildProcessError):  # none of it is left
        while True:
            second = os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1])
            later = time.monotonic() - ended
            assert second in (0, -signal.SIGKILL), f"the second process ended with {second}"
            assert later < AT_ONCE, f"the second process outlived the first by {later:.1f} s"
    assert code in (0, -signal.SIGALRM), f"exit code {code}"
    return code != 0  # SIGALRM ends a process at once, as SIGKILL does


def lengths(arguments: Sequence[str], out: Path) -> tuple[float, float]:
    """Seconds that a run takes when it is left alone, and twice those from its first folder to the exchange."""
    reading, writing = os.pipe()

    def seen(event: str) -> None:
        if event in ("begin", FOLDER, REMOVAL):
            os.write(writing, f"{event} {time.monotonic()}\n".encode())

    child = child_of(arguments, out, seen)
    assert os.waitpid(child, 0)[1] == 0
    ended = time.monotonic()
    os.close(writing)
    with open(reading) as told:
        last = {event: float(moment) for event, moment in map(str.split, told)}
    return ended - last["begin"], 2 * (last[REMOVAL] - last[FOLDER])


def content(out: Path) -> dict[str, bytes]:
    """Every file of a report."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def study(reports: Sequence[Sequence[str]], kills: int, seed: int, place: Path) -> Counter[tuple[str, str, str]]:
    """How many runs were killed when, or not, and what was there afterwards: "old", "new" or "broken"."""
    os.environ["SOURCE_DATE_EPOCH"] = "1574000000"
    ctypes.CDLL(None).prctl(_ADOPT, 1)
    chance, out, known = random.Random(seed), place / "out", []
    for arguments in reports:
        with contextlib.suppress(SystemExit):
            run(arguments, out)
        known.append(content(out))
    assert known[0] != known[1]
    there, found = 1, Counter[tuple[str, str, str]]()
    for stratum in STRATA:
        at_writing, ended = stratum == STRATA[1], 0
        while ended < kills // 2:
            if ended % 10 == 0:  # anew, as a busy machine grows busier or calmer
                longest = lengths(reports[there], out)[at_writing]
            moment = chance.uniform(1e-4, longest)
            dead = killed(reports[1 - there], out, at_writing=at_writing, seconds=moment)
            now = content(out)
            state = {True: "old"}.get(now == known[there], "new" if now == known[1 - there] else "broken")
            there = 1 - there if state == "new" else there
            ended += dead
            found[stratum, "killed" if dead else "ended before", state] += 1
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
