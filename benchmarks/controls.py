"""How often the ratio of ratios of an area with the truce and two without holds the truth.

Days are Poisson about a lognormal AR(1) rate of variance 0.5, of which areas have nothing or a part in common. The
truce multiplies one area's rate by 0.4.

    python benchmarks/controls.py --series 300 --seed 1
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.errors import TooLittleData

BEFORE, AFTER, ALPHA, RATIO = 120, 60, 0.5, 0.4


def latent(phi: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary Gaussian AR(1) of variance 1."""
    noise = rng.normal(size=BEFORE + AFTER)
    for t in range(1, len(noise)):
        noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
    return noise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300, help="sets of three areas per row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    days = pd.date_range("2020-01-06", periods=BEFORE + AFTER)
    truce, spread = ct.Truce(days[BEFORE]), np.sqrt(np.log1p(ALPHA))
    print(
        "| mean a day | phi | in common | holds the truth | half width | over 1.96 times the spread of the estimates |"
    )
    print("|--:|--:|--:|--:|--:|--:|")
    for common, mean, phi in product((0.0, 0.7), (10, 4, 1), (0.0, 0.6, 0.8)):
        rng = np.random.default_rng([options.seed, mean, int(10 * phi), int(10 * common)])
        held, half, found = list[bool](), list[float](), list[float]()
        for _ in range(options.series):
            shared, areas = latent(phi, rng), []
            for ratio in (RATIO, 1.0, 1.0):
                moved = np.exp(
                    spread * (np.sqrt(common) * shared + np.sqrt(1 - common) * latent(phi, rng)) - spread**2 / 2
                )
                counts = rng.poisson(mean * np.where(days < truce.effective, 1.0, ratio) * moved)
                areas.append(ct.DailySeries.from_counts(pd.Series(counts, days, dtype=float)))
            try:
                effect = ct.estimate_truce_effect(areas[0], truce)
                compared = ct.compare_with_controls(effect, {"one": areas[1], "two": areas[2]})
            except TooLittleData:
                continue
            held.append(compared.lower <= RATIO <= compared.upper)
            half.append(np.log(compared.upper / compared.lower) / 2)
            found.append(np.log(compared.ratio))
        width = np.mean(half)
        row = [mean, f"{phi:g}", f"{common:.0%}", f"{np.mean(held):.1%}", f"{width:.2f}"]
        print(f"| {' | '.join(map(str, [*row, f'{width / (1.96 * np.std(found)):.2f}']))} |", flush=True)


if __name__ == "__main__":
    main()
