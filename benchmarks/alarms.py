"""How long alarms take to come falsely, and how soon they come after a doubling, beside a tuned CUSUM.

Series of 3 a day; the baseline is estimated from 90 days. Noise: independent negative binomial; the same around a
latent AR(1) (phi 0.6, standard deviation 0.5, twice the size); INAR(1) (binomial thinning 0.4); sizes 0.5, 2 and
infinite (Poisson). "Days to a false alarm" is a restricted mean: a series without alarm counts with the last day
watched, so the true mean is larger. For the delay the rate doubles 30 days after the calm; series that alarm before
are left out. Rises met too late count with the last of 400 days.

The CUSUM of log-likelihood ratios of a doubling, with rate and size from the same 90 days or known, has the threshold
at which it takes as long to a false alarm on the same independent series.

    python benchmarks/alarms.py --series 200 --seed 1
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.errors import TooLittleData

MEAN, CALM, QUIET, AFTER, YEAR = 3.0, 90, 30, 400, 365
SIZES = (0.5, 2.0, math.inf)
DAYS = pd.date_range("2020-01-01", periods=CALM)
Draw = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def independent(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.poisson(mean) if math.isinf(size) else rng.negative_binomial(size, size / (size + mean))
    return np.asarray(drawn, dtype=float)


def latent_ar(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    phi, spread = 0.6, 0.5
    latent = rng.normal(0, spread, mean.shape)
    for t in range(1, mean.shape[1]):
        latent[:, t] = phi * latent[:, t - 1] + math.sqrt(1 - phi**2) * latent[:, t]
    return independent(mean * np.exp(latent - spread**2 / 2), 2 * size, rng)


def inar(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    kept = 0.4
    counts = independent(mean, size, rng)
    for t in range(1, mean.shape[1]):
        fresh = mean[:, t] - kept * mean[:, t - 1]
        counts[:, t] = rng.binomial(counts[:, t - 1].astype(int), kept) + independent(fresh, size, rng)
    return counts


NOISE: dict[str, Draw] = {"independent": independent, "latent AR(0.6)": latent_ar, "INAR(0.4)": inar}


def first_over(monitor: ct.Monitor, counts: np.ndarray) -> int:
    """Days until the alarm, or one more than there are."""
    for reach in sorted({min(reach, len(counts)) for reach in (200, 600, len(counts))}):
        over = monitor._follow(counts[:reach]) >= monitor.threshold
        if over.any():
            return int(over.argmax()) + 1
    return len(counts) + 1


def monitored(counts: np.ndarray, contract: str) -> np.ndarray:
    """Days from the calm's end to the alarm, per series; those whose calm is refused are left out."""
    found = []
    for one in counts:
        try:
            calm = ct.DailySeries.from_counts(pd.Series(one[:CALM], DAYS))
            monitor = ct.Monitor.fit(calm, contract=contract)
        except TooLittleData:
            continue
        found.append(first_over(monitor, one[CALM:]))
    return np.array(found)


def delay_of(found: np.ndarray) -> tuple[float, float]:
    late = found[found > QUIET] - QUIET
    return float(late.mean()), float(np.median(late))


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


def tuned_delays(steady: np.ndarray, doubled: np.ndarray, size: float, wanted: float) -> list[str]:
    """Mean and median delay of the CUSUM with estimated and with known baseline, at the wanted time to an alarm."""
    from conflictts.truce._baseline import baseline_of

    words = []
    for known in (False, True):
        paths = []
        for counts in (steady, doubled):
            rate, sizes = np.full(len(counts), MEAN), np.full(len(counts), size)
            if not known:
                fits = [baseline_of(one[:CALM], quantile=None, level=0.95) for one in counts]
                rate, sizes = np.array([one.mean for one in fits]), np.array([one.size for one in fits])
            paths.append(cusum(counts, rate, sizes))
        low, high = 0.1, 50.0
        while high - low > 0.005:
            middle = (low + high) / 2
            low, high = (middle, high) if passage(paths[0], middle).mean() < wanted else (low, middle)
        mean, median = delay_of(passage(paths[1], high))
        words.append(f"{mean:.1f} ({median:.0f})")
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="series per row")
    parser.add_argument("--days", type=int, default=1500, help="days watched after the calm")
    parser.add_argument("--contracts", default="arl,yearly,provable")
    parser.add_argument("--noise", default=",".join(NOISE))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(
        "| contract | noise | size | days to a false alarm, at least | none in all days | alarm in a year "
        "| delay, mean (median) | CUSUM, same 90 days | CUSUM, baseline known |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    for noise in options.noise.split(","):
        for size in SIZES:
            rng = np.random.default_rng([options.seed, list(NOISE).index(noise), SIZES.index(size)])
            steady = NOISE[noise](np.full((options.series, CALM + options.days), MEAN), size, rng)
            mean = np.full((options.series, CALM + QUIET + AFTER), MEAN)
            mean[:, CALM + QUIET :] *= 2
            doubled = NOISE[noise](mean, size, rng)
            for contract in options.contracts.split(","):
                end = CALM + (YEAR if contract == "yearly" else options.days)
                found = monitored(steady[:, :end], contract)
                wait = f"{np.minimum(found, end - CALM).mean():.0f}" if contract != "yearly" else "–"
                none = f"{np.mean(found > end - CALM):.0%}" if contract != "yearly" else "–"
                late, median = delay_of(
                    monitored(doubled[:, : CALM + (YEAR if contract == "yearly" else 430)], contract)
                )
                peers = ["–", "–"]
                if noise == "independent" and contract == "arl":
                    peers = tuned_delays(steady, doubled, size, float(np.minimum(found, end - CALM).mean()))
                print(
                    f"| {contract} | {noise} | {size:g} | {wait} | {none} | {np.mean(found <= YEAR):.1%} "
                    f"| {late:.1f} ({median:.0f}) | {' | '.join(peers)} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
