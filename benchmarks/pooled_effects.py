"""How often the intervals of a pooled truce effect hold the mean of all areas, and the true ratio of the next one.

Of counts: areas with so many deaths a day, 120 days before and 60 after, Poisson; true log ratios normal around a mean
of log 0.1. Of series: daily counts negative binomial of size 1, an effect of each as in `analyse_panel`. "Usual" is the
random-effects mean of log ratios and standard errors by statsmodels (Paule and Mandel, with Hartung and Knapp's
interval): counts with a half added on each side, or the log ratios and standard errors of the analysis' table. Where
nothing changed: daily counts of as many areas as a panel has, their rates log-normal (0.5) around so many deaths a day;
what is told of all areas, as in `analyse_panel`, and of those alone that have an effect of their own.

    python benchmarks/pooled_effects.py --panels 1000 --seed 3
    python benchmarks/pooled_effects.py --panels 100 --seed 3 --through-series
    python benchmarks/pooled_effects.py --panels 100 --seed 3 --no-change
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial

import numpy as np
import pandas as pd
from statsmodels.stats.meta_analysis import combine_effects

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.truce.pooling import LEAST_AREAS
from conflictts.truce.rows import counts_alone, log_scale

RATIO, BEFORE, AFTER = 0.1, 120, 60
COUNTS = [(n, rate, tau) for n in (3, 5, 14, 60) for rate in (0.1, 0.5, 5.0) for tau in (0.0, 0.3, 0.6)]
SERIES = [(20, rate, 0.3) for rate in (1.0, 2.0, 5.0, 10.0)]
STEADY = [(40, rate, size) for rate in (0.03, 0.06, 0.3) for size in (1.0, 0.3)]
SIDES = ["effective_before", "effective_after", "exposure"]


def of_counts(n_areas: int, rate: float, tau: float, rng: np.random.Generator) -> dict[str, float]:
    """Of one panel of Poisson totals: what was told, and which intervals hold the truth."""
    log_ratio = np.log(RATIO) + tau * rng.standard_normal(n_areas + 1)
    before = rng.poisson(rate * BEFORE, n_areas).astype(float)
    after = rng.poisson(rate * AFTER * np.exp(log_ratio[:-1])).astype(float)
    exposure = np.full(n_areas, AFTER / BEFORE)
    y = np.log((after + 0.5) / (before + 0.5) / exposure)
    return judged(
        ct.pool_effects(before, after, exposure), y, np.sqrt(1 / (after + 0.5) + 1 / (before + 0.5)), log_ratio
    )


def of_series(n_areas: int, rate: float, tau: float, rng: np.random.Generator) -> dict[str, float]:
    """The same of daily series, each with its own regression or ratio of few counts."""
    log_ratio = np.log(RATIO) + tau * rng.standard_normal(n_areas + 1)
    days = pd.date_range("2020-01-01", periods=BEFORE + AFTER)
    mean = rate * np.exp(np.outer(log_ratio[:-1], np.arange(len(days)) >= BEFORE))
    counts = rng.negative_binomial(1.0, 1.0 / (1.0 + mean)).astype(float)
    table = pd.DataFrame([asdict(log_scale(effect)) for effect in map(partial(effect_of, days), counts)])
    pooled = ct.pool_effects(*(table[name] for name in SIDES))
    return judged(pooled, table["log_ratio"].to_numpy(), table["standard_error"].to_numpy(), log_ratio)


def of_steady(n_areas: int, rate: float, size: float, rng: np.random.Generator) -> dict[str, float]:
    """Of one panel in which nothing changed: what is told of all areas, and of those that have an effect."""
    days = pd.date_range("2020-01-01", periods=BEFORE + AFTER)
    mean = rate * np.exp(0.5 * rng.standard_normal((n_areas, 1)))
    counts = rng.negative_binomial(size, size / (size + mean), (n_areas, len(days))).astype(float)
    rows = []
    for each in counts:
        try:
            rows.append({name: getattr(log_scale(effect_of(days, each)), name) for name in SIDES} | {"alone": True})
        except TooLittleData:
            daily = ct.DailySeries.from_counts(pd.Series(each, days))
            rows.append(counts_alone(daily, ct.Truce(days[BEFORE]), (days[0], days[-1])) | {"alone": False})
    table = pd.DataFrame(rows).dropna(subset=SIDES)
    told = {"areas": len(table), "alone": table["alone"].sum()}
    for name, some in (("all", table), ("those", table[table["alone"]])):
        if len(some) >= LEAST_AREAS:
            pooled = ct.pool_effects(*(some[side] for side in SIDES))
            told |= {f"told, {name}": np.log(pooled.rate_ratio), f"fall, {name}": pooled.upper < 1}
            told |= {f"rise, {name}": pooled.lower > 1}
    return told


def effect_of(days: pd.DatetimeIndex, counts: np.ndarray) -> ct.TruceEffect:
    """Of one area, as a panel's analysis has it."""
    daily = ct.DailySeries.from_counts(pd.Series(counts, days))
    return ct.estimate_truce_effect(daily, ct.Truce(days[BEFORE]), window=(days[0], days[-1]))


def judged(pooled: ct.PooledEffect, y: np.ndarray, error: np.ndarray, log_ratio: np.ndarray) -> dict[str, float]:
    """Told means, whether intervals hold the truth, and widths on the log scale."""
    usual = combine_effects(y, error**2, method_re="iterated", use_t=True)
    low, high = usual.conf_int(use_t=True)[3]  # random effects, Hartung and Knapp
    return {
        "told": np.log(pooled.rate_ratio),
        "told, usual": usual.mean_effect_re,
        "mean": pooled.lower <= RATIO <= pooled.upper,
        "mean, usual": low <= np.log(RATIO) <= high,
        "next": pooled.prediction_lower <= np.exp(log_ratio[-1]) <= pooled.prediction_upper,
        "width": np.log(pooled.upper / pooled.lower),
        "width, usual": high - low,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=int, default=1000, help="panels per row")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--through-series", action="store_true", help="daily series instead of counts")
    parser.add_argument("--no-change", action="store_true", help="daily series in which nothing changed")
    args = parser.parse_args()
    if args.no_change:
        print("| areas | a day | size | with any count | with an effect | told for 1 | a fall | a rise "
              "| of those with an effect | a fall | a rise |\n" + "|--:" * 11 + "|")  # fmt: skip
        for k, cell in enumerate(STEADY):
            rng = np.random.default_rng([args.seed, k])
            found = pd.DataFrame([of_steady(*cell, rng) for _ in range(args.panels)])
            cells = [f"{found[name].mean():.0f}" for name in ("areas", "alone")]
            for name in ("all", "those"):
                cells.append(f"{np.exp(found[f'told, {name}'].mean()):.2f}")
                cells += [f"{found[f'{side}, {name}'].dropna().astype(bool).mean():.0%}" for side in ("fall", "rise")]
            print(f"| {' | '.join([*(f'{each:g}' for each in cell), *cells])} |", flush=True)
        return
    cells, one = (SERIES, of_series) if args.through_series else (COUNTS, of_counts)
    print(
        f"| areas | a day | between | told for {RATIO:g} | usual | mean held | usual | next area held | width | usual |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for k, cell in enumerate(cells):
        rng = np.random.default_rng([args.seed, k])
        found = pd.DataFrame([one(*cell, rng) for _ in range(args.panels)])
        told = " | ".join(f"{np.exp(found[name].mean()):.3f}" for name in ("told", "told, usual"))
        held = " | ".join(f"{found[name].mean():.1%}" for name in ("mean", "mean, usual", "next"))
        widths = " | ".join(f"{found[name].median():.2f}" for name in ("width", "width, usual"))
        print(f"| {' | '.join(f'{each:g}' for each in cell)} | {told} | {held} | {widths} |", flush=True)


if __name__ == "__main__":
    main()
