"""What uneven coverage does to a truce's rate ratio, and how much of that fitting to claims mends.

True counts as in effect_coverage.py (latent AR(1), mean 5 a day, phi 0.3, alpha 0.5, 120 days before the truce and 60
after, rate ratio 0.4). A catalogue records each death with one probability before the truce and another after it.
Claims tell the true total of each side, exactly or each off by a factor of its own, lognormal with standard deviation
0.2. The effect is estimated on the catalogue and on the catalogue fitted to the two claims.

    python benchmarks/claims_bias.py --series 200 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from effect_coverage import Cell, simulate

import conflictts as ct

SHARES = ((0.7, 1.0), (1.0, 0.4))
ERRORS = (0.0, 0.2)
BEFORE, AFTER, RATIO = 120, 60, 0.4
CELL = Cell("latent", 5.0, 0.3, 0.5, BEFORE, AFTER, RATIO)
DAYS = pd.date_range("2020-01-06", periods=BEFORE + AFTER)
TRUCE = ct.Truce(DAYS[BEFORE])


def claims_of(truth: np.ndarray, error: float, rng: np.random.Generator) -> pd.DataFrame:
    totals = np.array([truth[:BEFORE].sum(), truth[BEFORE:].sum()]) * np.exp(rng.normal(0, error, 2))
    sides = {"period_start": DAYS[[0, BEFORE]], "period_end": DAYS[[BEFORE - 1, BEFORE + AFTER - 1]]}
    told = {"claim_id": ["before", "after"], "measure": "incidents", "reporting_body": "body"}
    return pd.DataFrame(told | sides | {"low": totals, "best": totals, "high": totals})


def estimates(shares: tuple[float, float], error: float, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Rate ratio with its interval, on the catalogue and on the fitted series."""
    truth, _ = simulate(CELL, rng)
    recorded = rng.binomial(truth.astype(int), np.repeat(shares, [BEFORE, AFTER])).astype(float)
    daily = ct.DailySeries.from_counts(pd.Series(recorded, DAYS))
    fitted = ct.benchmark_to_claims(daily, claims_of(truth, error, rng))
    found = [ct.estimate_truce_effect(series, TRUCE) for series in (fitted.original, fitted.daily)]
    return [(effect.rate_ratio, effect.lower, effect.upper) for effect in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print("| recorded before, after | claims | catalogue: ratio, coverage | fitted: ratio, coverage |")
    print("|---|---|---|---|")
    for shares in SHARES:
        for error in ERRORS:
            found = np.array([estimates(shares, error, rng) for _ in range(options.series)])
            cells = []
            for side in (0, 1):
                ratio, lower, upper = found[:, side].T
                held = ((lower <= RATIO) & (upper >= RATIO)).mean()
                cells.append(f"{np.exp(np.log(ratio).mean()):.2f}, {held:.1%}")
            told = f"off by {error:.0%}" if error else "exact"
            print(f"| {shares[0]:.0%}, {shares[1]:.0%} | {told} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
