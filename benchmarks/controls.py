"""How often the ratio of ratios of an area with the truce and some without holds the truth.

Days are Poisson about a lognormal AR(1) rate of variance 0.5, of which areas have nothing or a part in common. The
truce multiplies one area's rate by 0.4. The first table varies the mean, the second the areas and days.

    python benchmarks/controls.py --series 300 --seed 1
    python benchmarks/controls.py --areas --series 500 --seed 12 --processes 2
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.errors import TooLittleData

ALPHA, RATIO = 0.5, 0.4
WINDOWS = ((60, 30), (120, 60), (240, 120))


@dataclass(frozen=True)
class Row:
    mean: float
    phi: float
    common: float
    controls: int = 2
    before: int = 120
    after: int = 60


def rows(areas: bool) -> Iterator[Row]:
    if areas:
        for common, controls, (before, after), phi in product((0.0, 0.7), (1, 3, 8), WINDOWS, (0.0, 0.6, 0.8)):
            yield Row(4, phi, common, controls, before, after)
    else:
        for common, mean, phi in product((0.0, 0.7), (10, 4, 1), (0.0, 0.6, 0.8)):
            yield Row(mean, phi, common)


def latent(n_days: int, phi: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary Gaussian AR(1) of variance 1."""
    noise = rng.normal(size=n_days)
    for t in range(1, len(noise)):
        noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
    return noise


def measure(job: tuple[Row, int, int]) -> str:
    """One row of the table."""
    row, n_series, seed = job
    asked = [row.mean, int(10 * row.phi), int(10 * row.common)]
    if (row.controls, row.before, row.after) != (2, 120, 60):
        asked += [row.controls, row.before, row.after]
    rng = np.random.default_rng([seed, *asked])
    n_days = row.before + row.after
    days = pd.date_range("2020-01-06", periods=n_days)
    truce, spread = ct.Truce(days[row.before]), np.sqrt(np.log1p(ALPHA))
    held, half, found = list[bool](), list[float](), list[float]()
    for _ in range(n_series):
        shared, areas = latent(n_days, row.phi, rng), []
        for ratio in (RATIO, *[1.0] * row.controls):
            moved = np.exp(
                spread * (np.sqrt(row.common) * shared + np.sqrt(1 - row.common) * latent(n_days, row.phi, rng))
                - spread**2 / 2
            )
            counts = rng.poisson(row.mean * np.where(days < truce.effective, 1.0, ratio) * moved)
            areas.append(ct.DailySeries.from_counts(pd.Series(counts, days, dtype=float)))
        try:
            effect = ct.estimate_truce_effect(areas[0], truce, window=(days[0], days[-1]))
            compared = ct.compare_with_controls(effect, {f"{k}": area for k, area in enumerate(areas[1:])})
        except TooLittleData:
            continue
        held.append(compared.lower <= RATIO <= compared.upper)
        half.append(np.log(compared.upper / compared.lower) / 2)
        found.append(np.log(compared.ratio))
    width = np.mean(half)
    figures = [f"{np.mean(held):.1%}", f"{width:.2f}", f"{width / (1.96 * np.std(found)):.2f}"]
    kind = [f"{row.controls}", f"{row.before} + {row.after}"] if len(asked) > 3 else [f"{row.mean}"]
    return f"| {' | '.join([*kind, f'{row.phi:g}', f'{row.common:.0%}', *figures])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300, help="sets of areas per row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", action="store_true", help="vary the number of areas without the truce, and the days")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    heads = ["areas without", "days before + after"] if options.areas else ["mean a day"]
    heads += ["phi", "in common", "holds the truth", "half width", "over 1.96 times the spread of the estimates"]
    print(f"| {' | '.join(heads)} |\n|{'--:|' * len(heads)}")
    with ProcessPoolExecutor(options.processes) as pool:
        for line in pool.map(measure, [(row, options.series, options.seed) for row in rows(options.areas)]):
            print(line, flush=True)


if __name__ == "__main__":
    main()
