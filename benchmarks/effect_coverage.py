"""How often the 95 % interval of the rate ratio holds the truth, beside a plain Poisson and a plain NB regression.

Daily counts are Poisson around mean * exp(x), x a stationary Gaussian AR(1) of standard deviation 0.8 centred so that
exp(x) averages 1; 120 days before the truce, 60 after it, true rate ratio 0.4. Every method sees the same series and
the same columns (intercept, step, weekdays).

    python benchmarks/effect_coverage.py --series 400 --seed 1
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm

import conflictts as ct
from conflictts.errors import TooLittleData

BEFORE, AFTER, RATIO, SPREAD = 120, 60, 0.4, 0.8
MEANS, PHIS = (0.3, 1.0, 3.0, 10.0), (0.0, 0.3, 0.6)
METHODS = ("Poisson", "NB", "conflictts")
DAYS = pd.date_range("2020-01-06", periods=BEFORE + AFTER)
TRUCE = ct.Truce(DAYS[BEFORE])


def simulate(mean: float, phi: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, SPREAD, BEFORE + AFTER)
    latent = np.empty(BEFORE + AFTER)
    latent[0] = noise[0]
    for t in range(1, len(latent)):
        latent[t] = phi * latent[t - 1] + np.sqrt(1 - phi**2) * noise[t]
    level = np.repeat([mean, mean * RATIO], [BEFORE, AFTER])
    return rng.poisson(level * np.exp(latent - SPREAD**2 / 2)).astype(float)


def plain_design(counts: np.ndarray) -> np.ndarray:
    weekday = DAYS.day_of_week.to_numpy()
    columns = [np.ones(len(counts)), (np.arange(len(counts)) >= BEFORE).astype(float)]
    if all(counts[weekday == k].sum() > 0 for k in range(7)):
        columns += [(weekday == k).astype(float) for k in range(1, 7)]
    return np.column_stack(columns)


def intervals(counts: np.ndarray) -> dict[str, tuple[float, float]]:
    """Log interval of the rate ratio by each method that gives one."""
    answer = {}
    daily = ct.DailySeries.from_counts(pd.Series(counts, DAYS))
    try:
        effect = ct.estimate_truce_effect(daily, TRUCE)
        answer["conflictts"] = float(np.log(effect.lower)), float(np.log(effect.upper))
    except TooLittleData:
        pass
    design = plain_design(counts)
    with warnings.catch_warnings():  # of non-convergence: such a fit is not counted as an answer
        warnings.simplefilter("ignore")
        poisson = sm.GLM(counts, design, family=sm.families.Poisson()).fit()
        fits = [("Poisson", poisson, poisson.converged)]
        start = np.append(poisson.params, 0.5)
        negbin = sm.NegativeBinomial(counts, design).fit(start_params=start, disp=0, maxiter=200)
        fits.append(("NB", negbin, negbin.mle_retvals["converged"]))
        for name, fit, converged in fits:
            lower, upper = fit.conf_int()[1]
            if converged and np.isfinite([lower, upper]).all() and upper - lower < 50:
                answer[name] = lower, upper
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=400, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print("| mean | phi | " + " | ".join(f"{name}: answers, coverage, span" for name in METHODS) + " |")
    print("|---|---|" + "---|" * len(METHODS))
    for mean in MEANS:
        for phi in PHIS:
            found = [intervals(simulate(mean, phi, rng)) for _ in range(options.series)]
            cells = []
            for name in METHODS:
                given = np.array([answer[name] for answer in found if name in answer])
                held = ((given[:, 0] <= np.log(RATIO)) & (np.log(RATIO) <= given[:, 1])).mean()
                span = np.exp((given[:, 1] - given[:, 0]).mean())
                cells.append(f"{len(given) / options.series:.0%}, {held:.1%}, ×{span:.2f}")
            print(f"| {mean:g} | {phi:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
