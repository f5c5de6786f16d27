"""Detected changes against peers on the same seeded series: hits, false alarms, location sets, time.

Three noises (independent NB; around a latent AR(1); INAR(1)) and two shapes: weekly series with 0 to 5 changes by a
factor of 2 to 4, and series without change. F1 counts a detected day as a hit within 7 days of a true one. Coverage and
width are of 95 % location sets, where a method has them, over true changes with a detected day within 21 days. Times
are of one series, array to result, compiled and loaded beforehand, methods interleaved series by series.

    python benchmarks/changepoints.py --series 40 --seed 1 --peers /tmp/peers/bin/python

Peers run outside the project's environment: `python -m venv /tmp/peers && /tmp/peers/bin/pip install ruptures skchange
numba` and, on Debian, `apt install r-cran-strucchange`. What is missing is named and left out.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from location_sets import NOISE

import conflictts as ct
from conflictts.truce import _segment
from conflictts.truce._segment import rate_grid
from conflictts.truce.changepoints import PENALTY

WEEK = np.array([1.6, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6])
NEAR, REACH = 7, 21  # days

PYTHON_PEER = """
import sys, time, warnings
import numpy as np
warnings.filterwarnings("ignore")
name, folder = sys.argv[1:]
if name == "ruptures":
    import ruptures
    def detect(y):
        n = len(y)
        z = np.sqrt(y + 0.375).reshape(-1, 1)
        noise = np.median(np.abs(np.diff(z[:, 0]))) / 0.954 + 1e-9
        found = ruptures.KernelCPD(kernel="linear", min_size=2).fit(z).predict(pen=3 * noise**2 * np.log(n))
        return found[:-1]
else:
    from skchange.detectors import PELT
    from skchange.interval_scorers import PoissonCost
    def detect(y):
        z = y.astype(int).reshape(-1, 1)
        return np.asarray(PELT(PoissonCost()).fit(z).predict(z)).ravel().tolist()
detect(np.random.default_rng(1).poisson(3.0, 60).astype(float))
print("ready", flush=True)
for line in sys.stdin:
    y = np.load(line.strip())
    begin = time.perf_counter()
    found = detect(y)
    print(time.perf_counter() - begin, *[int(t) for t in found], flush=True)
"""

R_PEER = """
suppressMessages(library(strucchange))
input <- file("stdin", "r")
cat("ready\\n"); flush(stdout())
while (length(line <- readLines(input, n = 1)) > 0) {
  y <- scan(line, quiet = TRUE)
  begin <- proc.time()[["elapsed"]]
  z <- sqrt(y + 0.375)
  b <- breakpoints(z ~ 1, h = 14)
  found <- b$breakpoints
  words <- ""
  if (!is.na(found[1])) {
    ci <- confint(b)$confint
    words <- paste(found, ci[, 1], ci[, 3], sep = ":", collapse = " ")
  }
  cat(proc.time()[["elapsed"]] - begin, words, "\\n"); flush(stdout())
}
"""


class Peer:
    """A program that reads file names and answers with seconds and change days (with set ends, in R)."""

    def __init__(self, command: list[str], suffix: str) -> None:
        self.suffix = suffix
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "ready":
            self.process.kill()
            raise RuntimeError("did not start")

    def __call__(self, stem: Path) -> tuple[float, list[int], list[tuple[int, int]] | None]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(stem.with_suffix(self.suffix), file=self.process.stdin, flush=True)
        seconds, *found = self.process.stdout.readline().split()
        if ":" not in " ".join(found):
            return float(seconds), [int(t) for t in found], None
        parts = [[float(x) if x != "NA" else math.nan for x in word.split(":")] for word in found]
        sets = [(int(low) if low == low else 0, int(high) if high == high else 10**6) for _, low, high in parts]
        return float(seconds), [int(t) for t, _, _ in parts], sets


def own(counts: np.ndarray) -> tuple[float, list[int], list[np.ndarray]]:
    days = pd.date_range("2020-01-06", periods=len(counts))
    daily = ct.DailySeries.from_counts(pd.Series(counts, days))
    begin = time.perf_counter()
    found = ct.detect_changepoints(daily)
    seconds = time.perf_counter() - begin
    return seconds, days.get_indexer(found.dates).tolist(), [days.get_indexer(s) for s in found.location_sets]


def made(rng: np.random.Generator, n_days: int, n_changes: int) -> tuple[np.ndarray, list[int]]:
    """A weekly mean with changes by a factor of 2 to 4 at least 28 days apart, and the days of the changes."""
    while True:
        days = np.sort(rng.choice(np.arange(28, n_days - 27), n_changes, replace=False))
        if n_changes == 0 or np.diff(np.r_[0, days, n_days]).min() >= 28:
            break
    rates = [float(np.exp(rng.uniform(np.log(1), np.log(6))))]
    for _ in range(n_changes):
        factor = rng.uniform(2, 4)
        rates.append(rates[-1] * factor if rates[-1] < 2 else rates[-1] / factor)
    return np.repeat(rates, np.diff(np.r_[0, days, n_days])) * WEEK[np.arange(n_days) % 7], days.tolist()


def hits(true: list[int], found: list[int], within: int) -> list[tuple[int, int]]:
    """Pairs (position in true, position in found), nearest first, each used once."""
    pairs = sorted((abs(t - f), i, j) for i, t in enumerate(true) for j, f in enumerate(found) if abs(t - f) <= within)
    used_true: set[int] = set()
    used_found: set[int] = set()
    answer = []
    for _, i, j in pairs:
        if i not in used_true and j not in used_found:
            used_true.add(i)
            used_found.add(j)
            answer.append((i, j))
    return answer


def peers(python: str) -> dict[str, Peer]:
    answer: dict[str, Peer] = {}
    folder = Path(tempfile.mkdtemp())
    for name in ("ruptures", "skchange"):
        script = folder / f"{name}_peer.py"
        script.write_text(PYTHON_PEER)
        try:
            answer[name] = Peer([python, str(script), name, str(folder)], ".npy")
        except (RuntimeError, OSError):
            print(f"{name} is missing: {python} -m pip install {name} numba (in an environment of its own)")
    rscript = shutil.which("Rscript")
    script = folder / "peer.R"
    script.write_text(R_PEER)
    try:
        answer["strucchange"] = Peer([rscript or "Rscript", str(script)], ".txt")
    except (RuntimeError, OSError):
        print("strucchange is missing: apt install r-cran-strucchange")
    return answer


def compare(options: argparse.Namespace) -> None:
    rng = np.random.default_rng(options.seed)
    others = peers(options.peers)
    folder = Path(tempfile.mkdtemp())
    print("| noise | method | F1 (± 7 days) | steady series with a change | coverage | median days | ms, median |")
    print("|---|---|--:|--:|--:|--:|--:|")
    own(np.ones(40))
    for noise, generate in NOISE.items():
        score: dict[str, dict[str, list]] = {}
        for k in range(2 * options.series):
            n_changes = 0 if k >= options.series else int(rng.integers(0, 6))
            mean, true = made(rng, options.days, n_changes)
            counts = generate(mean, 2.0, rng)
            if counts.sum() == 0:
                continue
            stem = folder / f"series{k}"
            np.save(stem.with_suffix(".npy"), counts)
            np.savetxt(stem.with_suffix(".txt"), counts)
            for name in ["conflictts", *others]:
                if name == "strucchange" and k % options.series >= options.slow:
                    continue
                seconds, found, sets = own(counts) if name == "conflictts" else others[name](stem)
                row = score.setdefault(name, {key: [] for key in ("f1", "alarm", "held", "width", "seconds")})
                row["seconds"].append(seconds)
                if k >= options.series:
                    row["alarm"].append(len(found) > 0)
                    continue
                row["f1"].append((len(hits(true, found, NEAR)), len(true), len(found)))
                for i, j in hits(true, found, REACH) if sets is not None else []:
                    if isinstance(sets[j], tuple):  # days from 1, last of the old regime: first of the new, from 0
                        low, high = sets[j]
                        row["held"].append(low <= true[i] <= high)
                        row["width"].append(high - low + 1)
                    else:
                        row["held"].append(true[i] in sets[j])
                        row["width"].append(len(sets[j]))
        for name, row in score.items():
            hit, wanted, said = np.array(row["f1"]).sum(axis=0)
            sets_told = f"{np.mean(row['held']):.1%} | {np.median(row['width']):.0f}" if row["held"] else "– | –"
            print(
                f"| {noise} | {name} | {2 * hit / (wanted + said):.3f} | {np.mean(row['alarm']):.1%} | {sets_told} | "
                f"{1000 * np.median(row['seconds']):.2f} |",
                flush=True,
            )


def measure_speed(seed: int) -> None:
    """CPU time of the search (changes, rates, profile, size, memory) and of the whole result, by length."""
    rng = np.random.default_rng(seed)
    print("\n| days | search, ms | whole result, ms | search, series a second and core |")
    print("|--:|--:|--:|--:|")
    spent = {}
    for n_days, repeats in ((300, 40), (1_000, 40), (2_000, 40), (10_000, 8), (100_000, 2)):
        arrays = []
        for _ in range(repeats):
            mean, _ = made(rng, n_days, min(n_days // 250, 10))
            arrays.append(NOISE["independent NB"](mean, 2.0, rng))
        observed, weekday = np.ones(n_days, bool), np.arange(n_days) % 7
        search, whole = [], []
        for counts in arrays:
            begin = time.thread_time()
            grid = rate_grid(counts, observed)
            _segment.find_changes(counts, weekday, observed, grid, PENALTY * math.log(n_days) / 2, True)
            search.append(time.thread_time() - begin)
            daily = ct.DailySeries.from_counts(pd.Series(counts, pd.date_range("1750-01-05", periods=n_days)))
            begin = time.thread_time()
            ct.detect_changepoints(daily)
            whole.append(time.thread_time() - begin)
        spent[n_days] = float(np.median(search))
        print(
            f"| {n_days:,} | {1000 * np.median(search):.2f} | {1000 * np.median(whole):.2f} | "
            f"{1 / np.median(search):,.0f} |",
            flush=True,
        )
    exponent = math.log(spent[100_000] / spent[1_000]) / math.log(100)
    print(f"\nTime of the search grows as days to the power {exponent:.2f} from 1,000 to 100,000 days.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100, help="series with and as many without changes, per noise")
    parser.add_argument("--slow", type=int, default=10, help="how many of them strucchange, which takes seconds, gets")
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default=sys.executable, help="a Python with ruptures and skchange")
    options = parser.parse_args()
    compare(options)
    measure_speed(options.seed)


if __name__ == "__main__":
    main()
