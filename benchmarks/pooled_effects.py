"""How often the intervals of a pooled truce effect hold the mean of all areas, and the true ratio of the next one.

Log rate ratios of so many areas, normal around a mean with a standard deviation between areas; standard errors
log-normal around 0.45, as UCDP's districts have them, and known. "Usual" is the prediction interval that takes the
standard deviation between areas for known: t with two degrees of freedom less than areas (Higgins, Thompson &
Spiegelhalter 2009, equation 12), about the same mean.

    python benchmarks/pooled_effects.py --panels 2000 --seed 3
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy.special import stdtrit

import conflictts as ct

AREAS, BETWEEN = (3, 5, 14, 40), (0.0, 0.3, 0.6)
MEAN, ERROR, SPREAD = -0.7, 0.45, 0.5


def held(n_areas: int, between: float, rng: np.random.Generator) -> dict[str, float]:
    """Of one panel: which interval holds the truth, and how wide those of the next area are on the log scale."""
    error = np.exp(rng.normal(np.log(ERROR), SPREAD, n_areas))
    found = ct.pool_effects(rng.normal(MEAN, np.hypot(between, error)), error)
    following = rng.normal(MEAN, between)
    ends = np.log([found.prediction_lower, found.prediction_upper])
    mean = np.log(found.rate_ratio)
    error_of_mean = np.sqrt(1 / (1 / (error**2 + found.tau**2)).sum())
    usual = stdtrit(max(n_areas - 2, 1), 0.975) * np.hypot(found.tau, error_of_mean)
    return {
        "mean": np.log(found.lower) <= MEAN <= np.log(found.upper),
        "next area": ends[0] <= following <= ends[1],
        "next area, usual": abs(following - mean) <= usual,
        "width": ends[1] - ends[0],
        "width, usual": 2 * usual,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=int, default=2000, help="panels per row")
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    print("| areas | between | mean | next area | next area, usual | median width | median width, usual |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for n_areas in AREAS:
        for k, between in enumerate(BETWEEN):
            rng = np.random.default_rng([args.seed, n_areas, k])
            found = pd.DataFrame([held(n_areas, between, rng) for _ in range(args.panels)])
            shares = " | ".join(f"{found[name].mean():.1%}" for name in ("mean", "next area", "next area, usual"))
            widths = " | ".join(f"{found[name].median():.2f}" for name in ("width", "width, usual"))
            print(f"| {n_areas} | {between:g} | {shares} | {widths} |", flush=True)


if __name__ == "__main__":
    main()
