"""How often the 95 % intervals of growth, rate and week on week hold the truth, and how often a level series rises.

Series of 365 days with independent negative binomial counts, counts with latent Gaussian AR(1) fluctuation (coefficient
phi, standard deviation 0.8), or INAR(0.4) counts. Growth is asked for in every window of series with a level rate, and,
in twice as many series that grow by 3 % a week, in one declared window of 70 days. A phase is false if a level series
is called rising or falling anywhere.

    python benchmarks/growth_coverage.py --series 300 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

import conflictts as ct

DAYS = pd.date_range("2019-01-01", periods=365)
MEANS, NOISES = (0.3, 1.0, 3.0, 10.0), ("independent NB", "AR(0)", "AR(0.3)", "AR(0.6)", "INAR(0.4)")
SPREAD, ALPHA, SURVIVAL = 0.8, 0.9, 0.4
WEEKLY_GROWTH = 1.03


def simulate(mean: float, noise: str, weekly_growth: float, days: int, rng: np.random.Generator) -> np.ndarray:
    """Counts around a log-linear rate whose mean over the series is near `mean`."""
    rate = mean * np.exp(np.log(weekly_growth) * (np.arange(days) - (days - 1) / 2) / 7)
    if noise == "independent NB":
        return rng.negative_binomial(1 / ALPHA, 1 / (1 + ALPHA * rate)).astype(float)
    if noise.startswith("INAR"):
        counts = np.empty(days)
        counts[0] = rng.poisson(rate[0])
        for t in range(1, days):
            born = rate[t] - SURVIVAL * rate[t - 1]
            counts[t] = rng.binomial(int(counts[t - 1]), SURVIVAL) + rng.poisson(max(born, 0.0))
        return counts
    phi = float(noise[3:-1])
    shocks = rng.normal(0, SPREAD, days)
    latent = np.empty(days)
    latent[0] = shocks[0]
    for t in range(1, days):
        latent[t] = phi * latent[t - 1] + np.sqrt(1 - phi**2) * shocks[t]
    return rng.poisson(rate * np.exp(latent - SPREAD**2 / 2)).astype(float)


def held(lower: pd.Series, upper: pd.Series, truth: float) -> list[bool]:
    known = lower.notna()
    return list((lower[known] <= truth) & (truth <= upper[known]))


def measured(counts: np.ndarray, mean: float, window_days: int) -> dict[str, list[float] | list[bool]]:
    daily = ct.DailySeries.from_counts(pd.Series(counts, pd.date_range("2019-01-01", periods=len(counts))))
    found = ct.measure_escalation(daily, window_days=window_days)
    growth, rates, weeks = found.growth, found.rates, found.weeks
    known = growth["growth"].notna()
    return {
        "answered": list(known),
        "growth": held(growth["lower"], growth["upper"], 1.0),
        "width": list(np.log(growth["upper"] / growth["lower"])[known] / 2),
        "rate": held(rates["centred_lower"].iloc[7:-7], rates["centred_upper"].iloc[7:-7], mean),
        "week": held(weeks["lower"].iloc[1:], weeks["upper"].iloc[1:], 1.0),
        "period": held(found.comparisons["lower"], found.comparisons["upper"], 1.0),
        "false": [bool(found.phase.isin(["rising", "falling"]).any())],
    }


def rising(mean: float, noise: str, weekly_growth: float, rng: np.random.Generator) -> bool | None:
    """Whether the interval of one declared 70-day window in a growing series of a year holds the growth."""
    counts = simulate(mean, noise, weekly_growth, len(DAYS), rng)
    daily = ct.DailySeries.from_counts(pd.Series(counts, DAYS))
    try:
        found = ct.estimate_growth(daily, window=(DAYS[150], DAYS[219]))
    except ct.errors.TooLittleData:
        return None
    return found.lower <= weekly_growth <= found.upper


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=60, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--window", type=int, default=42)
    parser.add_argument("--level-only", action="store_true", help="leave out the series that grow")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print(
        "| mean | noise | windows answered | growth held | half-width (log, per week) "
        "| declared window held | rate held | week ratio held "
        "| period ratio held | series with a false phase |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for mean in MEANS:
        for noise in NOISES:
            found = [
                measured(simulate(mean, noise, 1.0, options.days, rng), mean, options.window)
                for _ in range(options.series)
            ]
            growing = 0 if options.level_only else 2 * options.series
            declared = [rising(mean, noise, WEEKLY_GROWTH, rng) for _ in range(growing)]
            told = [one for one in declared if one is not None]
            cells = {key: np.mean([value for one in found for value in one[key]]) for key in found[0]}
            print(
                f"| {mean:g} | {noise} | {cells['answered']:.0%} | {cells['growth']:.1%} | {cells['width']:.2f} "
                f"| {f'{np.mean(told):.1%}' if told else '–'} "
                f"| {cells['rate']:.1%} | {cells['week']:.1%} | {cells['period']:.0%} | {cells['false']:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
