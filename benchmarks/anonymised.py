"""What withholding and rounding do to an anonymised report's ratio, and how often its 95 % interval holds the truth.

Daily counts around a level rate with latent Gaussian AR(1) fluctuation (coefficient phi, standard deviation 0.8), 120
days before a truce and 60 from it on, the truce on every day of the week by turns. Each count is an incident.

    python benchmarks/anonymised.py --series 1000 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.series.disclosure import SMALLEST, withhold_small_weeks
from conflictts.truce.disclosed import safe_effect, sides_of

BEFORE, AFTER, SPREAD = 120, 60, 0.8
MEANS, PHIS, RATIOS = (1.0, 3.0, 10.0), (0.0, 0.6, 0.8), (0.1, 0.4, 1.0)


def simulate(mean: float, phi: float, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """Counts whose rate is `mean` a day before the truce and `ratio` times that from it on."""
    shocks = rng.normal(0, SPREAD, BEFORE + AFTER)
    latent = np.empty(BEFORE + AFTER)
    latent[0] = shocks[0]
    for t in range(1, BEFORE + AFTER):
        latent[t] = phi * latent[t - 1] + np.sqrt(1 - phi**2) * shocks[t]
    rate = np.where(np.arange(BEFORE + AFTER) < BEFORE, mean, mean * ratio)
    return rng.poisson(rate * np.exp(latent - SPREAD**2 / 2)).astype(float)


def measured(counts: np.ndarray, first: pd.Timestamp, ratio: float) -> tuple[bool, float, float] | None:
    """Whether the interval holds the truth, the log of the ratio over that of exact whole weeks, and half its width."""
    series = pd.Series(counts, pd.date_range(first, periods=len(counts)))
    daily = ct.DailySeries.from_counts(series, measure="incidents")
    truce = ct.Truce(series.index[BEFORE])
    sides = sides_of(daily, truce)
    try:
        found = safe_effect(withhold_small_weeks(daily, cuts=sides.cuts), truce, sides)
    except TooLittleData:
        return None
    six = pd.Timedelta(days=6)
    exact = [series[begin : end + six].mean() for begin, end in (sides.before, sides.after)]
    moved = np.log(found.rate_ratio / (exact[1] / exact[0]))
    return found.lower <= ratio <= found.upper, float(moved), float(np.log(found.upper / found.lower) / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    print(f"k = {SMALLEST}, {asked.series} series a row, seed {asked.seed}")
    print("mean a day  phi  ratio  answered  holds the truth  moved by rounding, middle 95 %  half width (log)")
    for mean in MEANS:
        for phi in PHIS:
            for ratio in RATIOS:
                days = (pd.Timestamp("2019-01-01") + pd.Timedelta(days=n % 7) for n in range(asked.series))
                found = [measured(simulate(mean, phi, ratio, rng), day, ratio) for day in days]
                told = [each for each in found if each is not None]
                if len(told) < asked.series / 10:
                    print(f"{mean:10g}  {phi:3g}  {ratio:5g}  {len(told) / asked.series:8.1%}  too few")
                    continue
                holds, moved, half = (np.array(part) for part in zip(*told, strict=True))
                low, high = np.exp(np.quantile(moved, [0.025, 0.975])) - 1
                print(
                    f"{mean:10g}  {phi:3g}  {ratio:5g}  {len(told) / asked.series:8.1%}  {holds.mean():15.1%}  "
                    f"{low:+13.1%} to {high:+.1%}  {np.median(half):16.2f}"
                )


if __name__ == "__main__":
    main()
