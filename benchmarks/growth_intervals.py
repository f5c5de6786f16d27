"""What makes the 95 % interval of growth hold the truth as often as it does: one part changed at a time.

Level series as in `growth_coverage.py`, windows of 42 days. Held by the library's interval (scaled likelihood ratio, t
quantile, memory of the series), by the same with a normal quantile, and by the estimate plus and minus so many standard
errors: with the t quantile, with a normal one, with days taken as independent, and with a scale that may fall below
Poisson's. Then the windows of few counts alone, by standard errors and by the library.

    python benchmarks/growth_intervals.py --series 300 --seed 5
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from growth_coverage import DAYS, NOISES, simulate
from scipy.special import stdtrit

import conflictts as ct
from conflictts.truce._windows import likelihood_sides
from conflictts.truce.growth import rolling_growth, weekday_offset

NORMAL = 1.959964
FEW = (10, 12)  # counts of a window


def judged(counts: np.ndarray) -> pd.DataFrame | None:
    """One row per window: its counts, and whether each interval holds no growth."""
    daily = ct.DailySeries.from_counts(pd.Series(counts, DAYS))
    fits = rolling_growth(counts, weekday_offset(daily), 42).fits
    if fits is None:
        return None
    known, trends = np.isfinite(fits.growth), fits.trends
    error, slope = fits.standard_error, np.abs(fits.growth)
    t = stdtrit(fits.degrees_of_freedom, 0.975)
    sides = [likelihood_sides(trends, quantile) for quantile in (t, np.full(len(t), NORMAL))]
    mean = trends.exposure * np.exp(trends.level[:, None] + trends.growth[:, None] * trends.week)
    variance = mean * (1 + trends.alpha[:, None] * mean)
    weight = mean**2 / variance
    middle = (weight @ trends.week / weight.sum(1))[:, None]
    independent = (weight * (trends.week - middle) ** 2).sum(1) ** -0.5  # were the days, and the scale 1
    squares = ((trends.counts - mean) ** 2 / variance)[known]
    below_one = min(1.0, float(squares.sum() / (len(squares) * (len(trends.week) - 2))))
    return pd.DataFrame(
        {
            "counts": trends.counts.sum(1),
            "likelihood, t": sides[0] == 0,
            "likelihood, normal": sides[1] == 0,
            "errors, t": slope <= t * error,
            "errors, normal": slope <= NORMAL * error,
            "errors, no memory": slope <= stdtrit(40, 0.975) * independent,
            "errors, scale below 1": slope <= t * error * np.sqrt(below_one),
        }
    )[known]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300, help="series per row")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    for n_row, (mean, noise) in enumerate((mean, noise) for mean in (0.3, 10.0) for noise in NOISES):
        found = [judged(simulate(mean, noise, 1.0, len(DAYS), rng)) for _ in range(options.series)]
        windows = pd.concat([one for one in found if one is not None])
        few = windows[windows["counts"].between(*FEW)]
        cells = windows.drop(columns="counts").mean()
        cells["few: errors, t"], cells["few: likelihood, t"] = few["errors, t"].mean(), few["likelihood, t"].mean()
        if not n_row:
            print("| mean | noise | " + " | ".join(cells.index) + " |")
            print("|---" * (len(cells) + 2) + "|")
        told = " | ".join("–" if np.isnan(cell) else f"{cell:.1%}" for cell in cells)
        print(f"| {mean:g} | {noise} | {told} |", flush=True)


if __name__ == "__main__":
    main()
