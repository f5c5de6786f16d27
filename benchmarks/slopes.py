"""How often regimes with a trend are found where there is one, and where there is none, and how well they are dated.

Weekly negative binomial series (size 2) of 240 days. "step, climb, step": level 3 for 80 days, then from 0.5 growing by
a given factor a week for 100 days, then level 1. "climb": one steady growth over all days. "levels": 3, 1 and 6 a day.
"no change": 3 a day. Latent noise multiplies the rate by exp of an AR(1) of coefficient phi and standard deviation 0.5.

    python benchmarks/slopes.py --series 200 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

import conflictts as ct

SIZE, SPREAD = 2.0, 0.5
WEEK = np.array([1.2, 1.1, 1.0, 1.0, 0.5, 1.1, 1.1]) / np.mean([1.2, 1.1, 1.0, 1.0, 0.5, 1.1, 1.1])
DAYS = pd.date_range("2019-01-01", periods=240)


def rates(kind: str, growth: float) -> tuple[np.ndarray, list[int], list[bool]]:
    """Rate of each day, the first days of regimes after the first, and which regimes have a trend."""
    if kind == "step, climb, step":
        climb = 0.5 * growth ** (np.arange(100) / 7)
        return np.concatenate([np.full(80, 3.0), climb, np.full(60, 1.0)]), [80, 180], [False, True, False]
    if kind == "climb":
        return 0.8 * growth ** (np.arange(240) / 7), [], [True]
    if kind == "levels":
        return np.repeat([3.0, 1.0, 6.0], [80, 100, 60]), [80, 180], [False, False, False]
    return np.full(240, 3.0), [], [False]


def simulate(rate: np.ndarray, phi: float, rng: np.random.Generator) -> ct.DailySeries:
    """Counts around the rates, with latent noise where phi is above 0."""
    mean = rate * WEEK[DAYS.day_of_week]
    if phi:
        shocks, latent = rng.normal(0, SPREAD, len(rate)), np.zeros(len(rate))
        for t in range(len(rate)):
            latent[t] = phi * latent[t - 1] + np.sqrt(1 - phi**2) * shocks[t] if t else shocks[t]
        counts = rng.poisson(mean * np.exp(latent - SPREAD**2 / 2))
    else:
        counts = rng.negative_binomial(SIZE, SIZE / (SIZE + mean))
    return ct.DailySeries.from_counts(pd.Series(counts.astype(float), DAYS))


def measure(kind: str, growth: float, phi: float, n_series: int, seed: int) -> dict[str, object]:
    """One row of the table."""
    rng = np.random.default_rng(seed)
    rate, changes, trends = rates(kind, growth)
    right, with_trend, held, n_held, grown, n_grown, fewer = 0, 0, 0, 0, 0, 0, 0
    for _ in range(n_series):
        daily = simulate(rate, phi, rng)
        found = ct.detect_changepoints(daily, slopes=True)
        sloped = found.regimes["growth_lower"].notna().tolist()
        with_trend += any(sloped)
        fewer += len(ct.detect_changepoints(daily).dates) - len(found.dates)
        if sloped != trends:
            continue
        right += 1
        for date, days in zip(changes, found.location_sets, strict=True):
            held, n_held = held + (DAYS[date] in days), n_held + 1
        for regime in found.regimes[sloped].itertuples():
            grown, n_grown = grown + (regime.growth_lower <= growth <= regime.growth_upper), n_grown + 1
    return {
        "series": kind,
        "growth a week": growth if any(trends) else "–",
        "phi": phi,
        "any trend found": f"{with_trend / n_series:.1%}",
        "regimes as made": f"{right / n_series:.1%}",
        "sets hold": f"{held / n_held:.1%} of {n_held}" if n_held else "–",
        "growth held": f"{grown / n_grown:.1%} of {n_grown}" if n_grown else "–",
        "changes fewer than by levels": f"{fewer / n_series:.2f}",
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    cells = [
        ("step, climb, step", 1.15),
        ("step, climb, step", 1.3),
        ("climb", 1.06),
        ("levels", 1.0),
        ("no change", 1.0),
    ]
    table = pd.DataFrame(
        [measure(kind, growth, phi, asked.series, asked.seed) for kind, growth in cells for phi in (0.0, 0.4)]
    )
    print("| " + " | ".join(table) + " |\n|" + "---|" * len(table.columns))
    for row in table.itertuples(index=False):
        print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
