"""How often the 95 % set of a detected change holds the true day, how wide it is, and how often changes are found.

A change counts as detected where the nearest detected day lies within 21 days of the true one; coverage and width are
over detected changes. Five kinds of noise around the same means (`NOISE`): independent negative binomial; the same
around a latent AR(1); INAR(1), whose means follow a step slowly; and two that match no part of the library's model,
a latent AR(1) with days that are 0 for no reason, and counts that excite later ones.

The first `--slow` series of each row also go to R strucchange (breakpoints of square roots, at least 14 days apart,
their number by its BIC) and its `confint`, as it is and with `sandwich::kernHAC`.

    python benchmarks/location_sets.py --series 600 --slow 40 --seed 1
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.errors import TooLittleData

REACH = 21  # days
LEAST = 14  # days between changes
WEEK = np.array([1.6, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6])
PHI, SPREAD = 0.6, 0.5  # of the latent AR(1)
KEPT = 0.4  # binomial thinning of INAR(1)
EMPTY = 0.3  # share of days without counts, whatever the rate
ANSWERS, LINGER = 0.5, 0.4  # of self-exciting counts: later counts that one brings about, and how slowly they come
SCENARIOS: dict[str, tuple[tuple[float, ...], tuple[int, ...], float]] = {  # rates, days, size
    "one change, 5 to 1": ((5.0, 1.0), (100, 80), 1.0),
    "two changes, 5.2 to 0.5 to 2.6": ((5.2, 0.5, 2.6), (123, 49, 43), 0.5),
    "two changes, 8 to 0.6 to 3": ((8.0, 0.6, 3.0), (120, 54, 40), 1.3),
    "no change, 3 a day": ((3.0,), (200,), 1.0),
    "up to five by 2 to 4": ((), (300,), 2.0),  # drawn for each series, by `made`
}
KINDS = ("confint", "confint, kernHAC")
R_SETS = """
suppressMessages({library(strucchange); library(sandwich)})
input <- file("stdin", "r")
cat("ready\\n"); flush(stdout())
sets <- function(...) tryCatch(paste(format(confint(...)$confint[, c(1, 3)], trim = TRUE), collapse = " "),
                               error = function(e) "")
while (length(line <- readLines(input, n = 1)) > 0) {
  z <- sqrt(scan(line, quiet = TRUE) + 0.375)
  b <- breakpoints(z ~ 1, h = 14, breaks = 6)
  found <- b$breakpoints
  if (is.na(found[1])) cat(";;\\n") else cat(found, ";", sets(b), ";", sets(b, vcov. = kernHAC), "\\n")
  flush(stdout())
}
"""


def independent(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Negative binomial counts, Poisson where the size is infinite; shape as `mean`, days last."""
    drawn = rng.poisson(mean) if np.isinf(size) else rng.negative_binomial(size, size / (size + mean))
    return np.asarray(drawn, dtype=float)


def latent_ar(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Negative binomial of twice the size around a mean times exp(AR(1)), whose mean is 1."""
    latent = rng.normal(0, SPREAD, mean.shape)
    for t in range(1, mean.shape[-1]):
        latent[..., t] = PHI * latent[..., t - 1] + np.sqrt(1 - PHI**2) * latent[..., t]
    return independent(mean * np.exp(latent - SPREAD**2 / 2), 2 * size, rng)


def inar(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Binomial thinning of the day before, and fresh counts that keep the mean as far as they can."""
    counts = independent(mean, size, rng)
    for t in range(1, mean.shape[-1]):
        fresh = np.maximum(mean[..., t] - KEPT * mean[..., t - 1], 0.02 * mean[..., t])
        kept = rng.binomial(counts[..., t - 1].astype(int), KEPT)
        counts[..., t] = kept + independent(fresh, size, rng)
    return counts


def zero_inflated(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """`latent_ar` with three tenths of the days set to 0 by chance, the rest higher so that the mean is kept."""
    return latent_ar(mean / (1 - EMPTY), size, rng) * (rng.random(mean.shape) >= EMPTY)


def self_exciting(mean: np.ndarray, _size: float, rng: np.random.Generator) -> np.ndarray:
    """Poisson given the past: half the counts are answers to earlier ones, one to several days later, of no size.

    The other half follows `mean` at once, so that the rate follows it within days: at a fixed mean it is
    rate_t = 0.3 mean + 0.4 rate_{t-1} + 0.3 count_{t-1}.
    """
    counts = np.empty(mean.shape)
    brought = ANSWERS * mean[..., 0]  # expected answers on the day, as if all went on like the first
    for t in range(mean.shape[-1]):
        counts[..., t] = rng.poisson((1 - ANSWERS) * mean[..., t] + brought)
        brought = LINGER * brought + (1 - LINGER) * ANSWERS * counts[..., t]
    return counts


NOISE: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "independent NB": independent,
    "latent AR(0.6)": latent_ar,
    "INAR(0.4)": inar,
    "zero-inflated AR(0.6)": zero_inflated,
    "self-exciting": self_exciting,
}


def made(rng: np.random.Generator, n_days: int, n_changes: int, least: int = LEAST) -> tuple[np.ndarray, list[int]]:
    """A weekly mean with changes by a factor of 2 to 4 at least `least` days apart, and the days of the changes."""
    free = rng.choice(n_days - least * (n_changes + 1) + n_changes, n_changes, replace=False)
    days = np.sort(free) - np.arange(n_changes) + least * np.arange(1, n_changes + 1)
    rates = [float(np.exp(rng.uniform(np.log(1), np.log(6))))]
    for _ in range(n_changes):
        factor = rng.uniform(2, 4)
        rates.append(rates[-1] * factor if rates[-1] < 2 else rates[-1] / factor)
    return np.repeat(rates, np.diff(np.r_[0, days, n_days])) * WEEK[np.arange(n_days) % 7], days.tolist()


class Peer:
    """A program that says "ready", then answers each line with a line."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()).strip() != "ready":
            if not line:
                raise RuntimeError(f"{command[0]} did not start")

    def __call__(self, question: str | Path) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(question, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args} ended at {question}")
        return answer


def r_peer(script: str, folder: Path, package: str) -> Peer | None:
    """Start an R script; None, and said so, where R or the package is missing."""
    path = folder / f"{package}.R"
    path.write_text(script)
    try:
        return Peer([shutil.which("Rscript") or "Rscript", str(path)])
    except (RuntimeError, OSError):
        print(f"{package} is missing: apt install r-cran-{package}")
        return None


class Row(NamedTuple):
    """Changes of one series: for each true one found, whether its set holds it and how wide it is."""

    held: dict[int, bool]
    width: dict[int, int]
    others: int


def judged(true: np.ndarray, found: np.ndarray, sets: list[np.ndarray]) -> Row:
    """Match true days (positions) to the nearest found ones."""
    held, width, claimed = {}, {}, set()
    for k, day in enumerate(true):
        gap = np.abs(found - day)
        if len(gap) and gap.min() <= REACH:
            nearest = int(gap.argmin())
            claimed.add(nearest)
            held[k], width[k] = bool(day in sets[nearest]), len(sets[nearest])
    return Row(held, width, len(found) - len(claimed))


def own_row(counts: np.ndarray, true: np.ndarray) -> Row | None:
    days = pd.date_range("2020-01-06", periods=len(counts))
    try:
        found = ct.detect_changepoints(ct.DailySeries.from_counts(pd.Series(counts, days)))
    except TooLittleData:
        return None
    return judged(true, days.get_indexer(found.dates), [days.get_indexer(each) for each in found.location_sets])


def r_rows(answer: str, true: np.ndarray, n_days: int) -> list[Row]:
    """Rows by `confint` and by it with kernHAC; an end it does not know, or outside the series, is the series'."""
    found, *told = (part.split() for part in answer.split(";"))
    rows = []
    for words in told:
        ends = np.array([float("nan") if word == "NA" else float(word) for word in words]).reshape(2, -1)
        if not ends.size and found:  # refused
            ends = np.full((2, len(found)), np.nan)
        low = np.where(np.isnan(ends[0]), 0, np.maximum(ends[0], 0)).astype(int)
        high = np.where(np.isnan(ends[1]), n_days, np.minimum(ends[1], n_days)).astype(int)
        # days counted from 1, the last of the old regime: the same numbers from 0 are the first of the new one
        sets = [np.arange(a, b + 1) for a, b in zip(low, high, strict=True)]
        rows.append(judged(true, np.array(found, dtype=int), sets))
    return rows


def told(rows: list[Row], n_changes: int) -> str:
    """Share of the true changes that were detected, share of their sets that hold, median width."""
    held = [one for row in rows for one in row.held.values()]
    width = [one for row in rows for one in row.width.values()]
    return f"{len(held) / n_changes:.1%} | {np.mean(held):.1%} | {np.median(width):.0f}" if held else "– | – | –"


def series_of(truth: str, noise: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts, and the days of the changes."""
    rates, lengths, size = SCENARIOS[truth]
    if rates:
        mean, true = np.repeat(rates, lengths), np.cumsum(lengths)[:-1]
    else:
        mean, days = made(rng, lengths[0], int(rng.integers(0, 6)), 28)
        true = np.array(days, dtype=int)
    return NOISE[noise](mean, size, rng), true


def compared(own: list[Row | None], peer: list[Row], rng: np.random.Generator) -> str:
    """Over changes that both found: coverage and median width of each, and the ratio of widths with its interval."""
    pairs = [
        [(a.held[k], b.held[k], a.width[k], b.width[k]) for k in a.held.keys() & b.held.keys()]
        for a, b in zip(own, peer, strict=False)
        if a is not None
    ]
    table = np.array([one for each in pairs for one in each], dtype=float).reshape(-1, 4)
    if not len(table):
        return "0 | – | – | – | – | –"
    ratios = []
    for _ in range(1000):
        drawn = [one for k in rng.integers(0, len(pairs), len(pairs)) for one in pairs[k]]
        if drawn:
            ratios.append(np.median([one[2] for one in drawn]) / np.median([one[3] for one in drawn]))
    low, high = np.quantile(ratios, [0.025, 0.975])
    ours, theirs = np.median(table[:, 2]), np.median(table[:, 3])
    held = table[:, :2].mean(axis=0)
    return (
        f"{len(table)} | {held[0]:.1%} | {held[1]:.1%} | {ours:.0f} | {theirs:.0f} "
        f"| {ours / theirs:.2f} ({low:.2f}–{high:.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=600, help="series per row")
    parser.add_argument("--slow", type=int, default=40, help="how many of them go to strucchange")
    parser.add_argument("--noise", default=",".join(NOISE))
    parser.add_argument("--truth", default="", help="only rows whose truth holds these words")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    strucchange = r_peer(R_SETS, folder, "strucchange") if options.slow else None
    beside = []
    print("| noise | truth | detected | coverage | median days in set | other changes per series | series with any |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for noise in options.noise.split(","):
        pooled: list[tuple[list[Row | None], list[Row]]] = [([], []), ([], [])]
        for truth in SCENARIOS:
            if options.truth not in truth:
                continue
            rng = np.random.default_rng([options.seed, list(NOISE).index(noise), list(SCENARIOS).index(truth)])
            series = [series_of(truth, noise, rng) for _ in range(options.series)]
            all_rows = [own_row(*one) for one in series]
            rows = [row for row in all_rows if row is not None]
            n_changes = sum(len(true) for (_, true), row in zip(series, all_rows, strict=True) if row is not None)
            others = np.array([row.others for row in rows])
            print(
                f"| {noise} | {truth} | {told(rows, n_changes)} | {others.mean():.2f} | {np.mean(others > 0):.1%} |",
                flush=True,
            )
            if strucchange is None or not SCENARIOS[truth][0] or not n_changes:
                continue
            theirs: list[list[Row]] = [[], []]
            for counts, true in series[: options.slow]:
                np.savetxt(folder / "series.txt", counts)
                answers = r_rows(strucchange(folder / "series.txt"), true, len(counts))
                for kind, row in zip(theirs, answers, strict=True):
                    kind.append(row)
            for name, kind, pool in zip(KINDS, theirs, pooled, strict=True):
                beside.append(f"| {noise} | {truth} | {name} | {compared(all_rows, kind, rng)} |")
                pool[0].extend(all_rows[: len(kind)])
                pool[1].extend(kind)
        for name, pool in zip(KINDS, pooled, strict=True):
            if pool[1]:
                rng = np.random.default_rng(options.seed)
                beside.append(f"| {noise} | all of these | {name} | {compared(*pool, rng)} |")
    if beside:
        print(
            "\n| noise | truth | strucchange's | changes both found | coverage | its coverage | median days "
            "| its median days | ratio |\n|---|---|---|--:|--:|--:|--:|--:|--:|\n" + "\n".join(beside)
        )


if __name__ == "__main__":
    main()
