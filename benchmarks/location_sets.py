"""How often the 95 % set of a detected change holds the true day, how wide it is, and how often changes are found.

A change counts as detected where the nearest detected day lies within 21 days of the true one; coverage and width are
over detected changes. Three kinds of noise around the same means: independent negative binomial; the same around a
latent AR(1) (phi 0.6, standard deviation 0.5); INAR(1) (binomial thinning 0.4), whose means follow a step slowly.

    python benchmarks/location_sets.py --series 500 --seed 1
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.errors import TooLittleData

REACH = 21  # days
SCENARIOS = {  # rates, days, size
    "one change, 5 to 1": ((5.0, 1.0), (100, 80), 1.0),
    "two changes, 5.2 to 0.5 to 2.6": ((5.2, 0.5, 2.6), (123, 49, 43), 0.5),
    "two changes, 8 to 0.6 to 3": ((8.0, 0.6, 3.0), (120, 54, 40), 1.3),
    "no change, 3 a day": ((3.0,), (200,), 1.0),
}


def independent(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rng.negative_binomial(size, size / (size + mean)), dtype=float)


def latent_ar(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    phi, spread = 0.6, 0.5
    latent = rng.normal(0, spread, len(mean))
    for t in range(1, len(mean)):
        latent[t] = phi * latent[t - 1] + np.sqrt(1 - phi**2) * latent[t]
    return independent(mean * np.exp(latent - spread**2 / 2), 2 * size, rng)


def inar(mean: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    kept = 0.4
    counts = independent(mean, size, rng)
    for t in range(1, len(mean)):
        fresh = np.array(max(mean[t] - kept * mean[t - 1], 0.02 * mean[t]))
        counts[t] = rng.binomial(int(counts[t - 1]), kept) + independent(fresh, size, rng)
    return counts


NOISE: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "independent NB": independent,
    "latent AR(0.6)": latent_ar,
    "INAR(0.4)": inar,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=500, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print("| noise | truth | detected | coverage | median days in set | other changes per series | series with any |")
    print("|---|---|---|---|---|---|---|")
    for noise, generate in NOISE.items():
        for truth, (rates, lengths, size) in SCENARIOS.items():
            mean = np.repeat(rates, lengths)
            days = pd.date_range("2020-01-06", periods=len(mean))
            true_days = days[np.cumsum(lengths)[:-1]]
            held, width, others, alarms = [], [], 0, 0
            for _ in range(options.series):
                daily = ct.DailySeries.from_counts(pd.Series(generate(mean, size, rng), days))
                try:
                    found = ct.detect_changepoints(daily)
                except TooLittleData:
                    continue
                claimed = set()
                for day in true_days:
                    gap = np.abs((found.dates - day).days.to_numpy())
                    if len(gap) and gap.min() <= REACH:
                        nearest = int(gap.argmin())
                        claimed.add(nearest)
                        held.append(day in found.location_sets[nearest])
                        width.append(len(found.location_sets[nearest]))
                others += len(found.dates) - len(claimed)
                alarms += len(found.dates) > len(claimed)
            measured = "– | – | –"
            if held:
                detected = len(held) / (options.series * len(true_days))
                measured = f"{detected:.1%} | {np.mean(held):.1%} | {np.median(width):.0f}"
            print(
                f"| {noise} | {truth} | {measured} | {others / options.series:.2f} | {alarms / options.series:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
