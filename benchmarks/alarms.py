"""How long alarms take to come falsely, and how soon they come after a doubling, beside a tuned CUSUM and R's glrnb.

Series of 3 a day; the baseline is estimated from 90 days. Noise: that of location_sets.py (where a size is used) with
sizes 0.5, 2 and infinite (Poisson), and "weekly numbers": independent totals of seven days, spread over them. "Days
to a false alarm" is a restricted mean: a series without alarm counts with the last day watched, so the true mean is
larger. For the delay the rate doubles 30 days after the calm; series that alarm before are left out. Rises met too
late count with the last of 400 days.

`--beside` compares the "arl" contract (nominal 365 days) with two others on the same series: a CUSUM of log-likelihood
ratios of a doubling, and glrnb of R surveillance (generalised likelihood ratio of any rise within the last 42 days), on
the first `--slow` series of each row. "Set to 365" is how they are set in practice: by simulation of independent series
of that size whose baseline is known. Delays are compared, ratios with the 2.5 and 97.5 % quantiles of 1,000 draws of
the series, at thresholds nobody knows beforehand, found on these very series: with rate and size from the same 90 days
so that they take as long as ours to a false alarm ("as rarely"), or 365 days ("at 365"); and, on independent days,
with rate and size known, to 365 days ("known, at 365").

    python benchmarks/alarms.py --series 200 --seed 1
    python benchmarks/alarms.py --series 200 --slow 100 --seed 1 --beside
    python benchmarks/alarms.py --series 400 --seed 1 --waits
"""

from __future__ import annotations

import argparse
import math
import tempfile
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from location_sets import NOISE as DAILY
from location_sets import Peer, independent, r_peer

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.truce._baseline import baseline_of

MEAN, CALM, QUIET, AFTER, YEAR = 3.0, 90, 30, 400, 365
SIZES = (0.5, 2.0, math.inf)
WAITS = (14, 30, 60, 90, 180)  # days to a false alarm that are asked for; each is watched for twelve times as long
DAYS = pd.date_range("2020-01-01", periods=CALM)
POISSON = 400.0  # sizes from here on are Poisson to glrnb, whose overdispersion is one over the size


def weekly_numbers(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """A seventh of an independent total on each day of a week, as of a bulletin."""
    return np.repeat(independent(7 * mean[..., ::7], size, rng) / 7, 7, axis=-1)[..., : mean.shape[-1]]


NOISE = DAILY | {"weekly numbers": weekly_numbers}

R_GLRNB = """
suppressMessages(library(surveillance))
input <- file("stdin", "r")
cat("ready\\n"); flush(stdout())
while (length(line <- readLines(input, n = 1)) > 0) {
  rows <- as.matrix(read.csv(line, header = FALSE))
  paths <- apply(rows, 1, function(row) {
    x <- row[-(1:2)]
    n <- length(x)
    data <- suppressWarnings(create.disProg(week = 1:n, observed = x, state = rep(0, n), freq = 365,
                                            start = c(2020, 1)))
    control <- list(range = 1:n, c.ARL = 1e9, mu0 = rep(row[1], n), alpha = row[2], M = 42, Mtilde = 1,
                    change = "intercept", theta = NULL, dir = "inc", ret = "value")
    as.vector(algo.glrnb(data, control = control)$upperbound)
  })
  write.table(t(paths), paste0(line, ".out"), sep = ",", row.names = FALSE, col.names = FALSE)
  cat("done\\n"); flush(stdout())
}
"""


def first_over(monitor: ct.Monitor, counts: np.ndarray) -> int:
    """Days until the alarm, or one more than there are."""
    for reach in sorted({min(reach, len(counts)) for reach in (200, 600, len(counts))}):
        over = monitor._follow(counts[:reach]) >= monitor.threshold
        if over.any():
            return int(over.argmax()) + 1
    return len(counts) + 1


def monitored(counts: np.ndarray, contract: str) -> np.ndarray:
    """Days from the calm's end to the alarm, per series; NaN where the calm is refused."""
    found = np.full(len(counts), np.nan)
    for k, one in enumerate(counts):
        try:
            calm = ct.DailySeries.from_counts(pd.Series(one[:CALM], DAYS))
            monitor = ct.Monitor.fit(calm, contract=contract)
        except TooLittleData:
            continue
        found[k] = first_over(monitor, one[CALM:])
    return found


def delays(found: np.ndarray) -> np.ndarray:
    """Days from the doubling to the alarm; NaN where the alarm came before."""
    return np.where(found > QUIET, found - QUIET, np.nan)


def delay_of(found: np.ndarray) -> str:
    return f"{np.nanmean(delays(found)):.1f} ({np.nanmedian(delays(found)):.0f})"


def cusum(counts: np.ndarray, rate: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Path of the CUSUM against a doubling, shape as `counts` after the calm."""
    rate, size = rate[:, None], np.minimum(size, 1e6)[:, None]
    after = counts[:, CALM:]
    gain = after * np.log(2 * (size + rate) / (size + 2 * rate)) + size * np.log((size + rate) / (size + 2 * rate))
    path, level = np.empty(after.shape), np.zeros(len(after))
    for t in range(after.shape[1]):
        level = np.maximum(level + gain[:, t], 0.0)
        path[:, t] = level
    return path


def passage(path: np.ndarray, threshold: float) -> np.ndarray:
    over = path >= threshold
    return np.where(over.any(axis=1), over.argmax(axis=1) + 1, path.shape[1] + 1)


def wait_of(found: np.ndarray, n_days: int) -> float:
    """Restricted mean of the days to a false alarm."""
    return float(np.nanmean(np.minimum(found, n_days)))


def tuned(path: np.ndarray, wanted: float) -> float:
    """The threshold at which the restricted mean of the days to an alarm is as wanted."""
    low, high = 0.0, 60.0
    while high - low > 0.002:
        middle = (low + high) / 2
        enough = wait_of(passage(path, middle), path.shape[1]) >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high


class Paths(NamedTuple):
    """A peer's statistic on the series without and with a doubling."""

    steady: np.ndarray
    doubled: np.ndarray


class Peers:
    """The paths of CUSUM and, where it is installed, glrnb."""

    def __init__(self, slow: int) -> None:
        self.slow = slow
        self.folder = Path(tempfile.mkdtemp())
        self.glrnb: Peer | None = r_peer(R_GLRNB, self.folder, "surveillance") if slow else None

    def paths(self, steady: np.ndarray, doubled: np.ndarray, known_size: float | None) -> dict[str, Paths]:
        """With rate and size from each series' 90 days, or known."""
        told: dict[str, list[np.ndarray]] = {"CUSUM": [], "glrnb": []}
        for counts in (steady, doubled):
            if known_size is not None:
                rate, size = np.full(len(counts), MEAN), np.full(len(counts), known_size)
            else:
                fits = [baseline_of(one[:CALM], quantile=None, level=0.95) for one in counts]
                rate, size = np.array([one.mean for one in fits]), np.array([one.size for one in fits])
            told["CUSUM"].append(cusum(counts, rate, size))
            if self.glrnb is not None:
                alpha = np.where(size < POISSON, 1 / size, 0.0)
                table = np.column_stack([rate, alpha, counts[:, CALM:]])[: self.slow]
                np.savetxt(self.folder / "rows.csv", table, delimiter=",", fmt="%.9g")
                self.glrnb(self.folder / "rows.csv")
                told["glrnb"].append(np.loadtxt(self.folder / "rows.csv.out", delimiter=","))
        return {name: Paths(*both) for name, both in told.items() if both}


def ratio_of(ours: np.ndarray, theirs: np.ndarray, rng: np.random.Generator) -> str:
    """Mean delay of ours over theirs, on the series that both were given."""
    own, its = delays(ours)[: len(theirs)], delays(theirs)
    drawn = rng.integers(0, len(its), (1000, len(its)))
    low, high = np.quantile(np.nanmean(own[drawn], axis=1) / np.nanmean(its[drawn], axis=1), [0.025, 0.975])
    return f"{np.nanmean(own) / np.nanmean(its):.2f} ({low:.2f}–{high:.2f})"


def drawn_series(options: argparse.Namespace, noise: str, size: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([options.seed, list(NOISE).index(noise), SIZES.index(size)])
    steady = NOISE[noise](np.full((options.series, CALM + options.days), MEAN), size, rng)
    mean = np.full((options.series, CALM + QUIET + AFTER), MEAN)
    mean[:, CALM + QUIET :] *= 2
    return steady, NOISE[noise](mean, size, rng)


def tell_contracts(options: argparse.Namespace) -> None:
    print(
        "| contract | noise | size | days to a false alarm, at least | none in all days | alarm in a year "
        "| delay, mean (median) |\n|---|---|--:|--:|--:|--:|--:|"
    )
    for noise in options.noise.split(","):
        for size in SIZES:
            steady, doubled = drawn_series(options, noise, size)
            for contract in options.contracts.split(","):
                end = YEAR if contract == "yearly" else options.days
                found = monitored(steady[:, : CALM + end], contract)
                found = found[~np.isnan(found)]
                wait, none = f"{wait_of(found, end):.0f}", f"{np.mean(found > end):.0%}"
                if contract == "yearly":
                    wait, none = "–", "–"
                late = monitored(doubled[:, : CALM + (YEAR if contract == "yearly" else 430)], contract)
                print(
                    f"| {contract} | {noise} | {size:g} | {wait} | {none} | {np.mean(found <= YEAR):.1%} "
                    f"| {delay_of(late)} |",
                    flush=True,
                )


def tell_waits(options: argparse.Namespace) -> None:
    """How long "arl" waits where less than a year is asked for: its evidence against several thresholds."""
    print("| calm | size | " + " | ".join(f"{wait} days" for wait in WAITS) + " |\n|--:|--:|" + "--:|" * len(WAITS))
    for calm, size in product((28, CALM), SIZES[:2]):
        rng = np.random.default_rng(options.seed)
        found = []
        for _ in range(options.series):
            counts = independent(np.full(calm + 12 * max(WAITS), MEAN), size, rng)
            try:
                monitor = ct.Monitor.fit(ct.DailySeries.from_counts(pd.Series(counts[:calm], DAYS[:calm])))
            except TooLittleData:
                continue
            evidence = monitor._follow(counts[calm:])
            over = [evidence[: 12 * wait] >= wait for wait in WAITS]
            found.append([int(each.argmax()) + 1 if each.any() else len(each) for each in over])
        waits = " | ".join(f"{wait:.0f}" for wait in np.mean(found, axis=0))
        print(f"| {calm} | {size:g} | {waits} |", flush=True)


def tell_beside(options: argparse.Namespace) -> None:
    peers = Peers(options.slow)
    usual: dict[tuple[str, float], tuple[float, float]] = {}  # threshold, delay with the baseline known
    print(
        "| noise | size | method | set to 365: days to a false alarm | alarm in a year | as rarely as ours: delay, "
        "mean (median) | ours / its | at 365: delay | ours / its | known, at 365: delay | ours / its |\n"
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for noise in options.noise.split(","):
        for size in SIZES:
            rng = np.random.default_rng(options.seed)
            steady, doubled = drawn_series(options, noise, size)
            ours, late = monitored(steady, "arl"), monitored(doubled[:, : CALM + 430], "arl")
            print(
                f"| {noise} | {size:g} | conflictts, arl | {wait_of(ours, options.days):.0f} "
                f"| {np.mean(ours[~np.isnan(ours)] <= YEAR):.1%} "
                f"| {delay_of(late)} | – | – | – | – | – |",
                flush=True,
            )
            first = noise == options.noise.split(",")[0]
            if first:
                known = peers.paths(*drawn_series(options, next(iter(NOISE)), size), size)
            for name, paths in peers.paths(steady, doubled, None).items():
                if first:
                    threshold = tuned(known[name].steady, 365.0)
                    usual[name, size] = threshold, float(np.nanmean(delays(passage(known[name].doubled, threshold))))
                found = passage(paths.steady, usual[name, size][0])
                as_rarely = wait_of(ours[: len(found)], options.days)
                after = passage(paths.doubled, tuned(paths.steady, as_rarely))
                at_365 = passage(paths.doubled, tuned(paths.steady, 365.0))
                best = "– | –"
                if noise == next(iter(NOISE)):
                    with_truth = passage(known[name].doubled, tuned(known[name].steady, 365.0))
                    best = f"{delay_of(with_truth)} | {ratio_of(late, with_truth, rng)}"
                print(
                    f"| {noise} | {size:g} | {name} | {wait_of(found, options.days):.0f} "
                    f"| {np.mean(found <= YEAR):.1%} | {delay_of(after)} | {ratio_of(late, after, rng)} "
                    f"| {delay_of(at_365)} | {ratio_of(late, at_365, rng)} | {best} |",
                    flush=True,
                )
    for (name, size), (threshold, delay) in usual.items():
        print(f"{name}, size {size:g}: threshold {threshold:.2f} for 365 days, a doubling met after {delay:.1f} days")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="series per row")
    parser.add_argument("--days", type=int, default=1500, help="days watched after the calm")
    parser.add_argument("--contracts", default="arl,yearly,provable")
    parser.add_argument("--noise", default=",".join(list(NOISE)[:3]))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beside", action="store_true", help="only the comparison with CUSUM and glrnb")
    parser.add_argument("--waits", action="store_true", help="only the time to a false alarm for several asked for")
    parser.add_argument("--slow", type=int, default=100, help="how many of the series go to glrnb")
    parser.add_argument("--quick", action="store_true", help="a tenth of the series")
    options = parser.parse_args()
    if options.quick:
        options.series, options.slow = max(options.series // 10, 2), max(options.slow // 10, 2)
    (tell_beside if options.beside else tell_waits if options.waits else tell_contracts)(options)


if __name__ == "__main__":
    main()
