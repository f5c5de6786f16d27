"""How often the ratio of ratios of an area with the truce and some without holds the truth.

Days are Poisson about a lognormal AR(1) rate of variance 0.5, of which areas have nothing or a part in common. The
truce multiplies one area's rate by 0.4. The first table varies the mean, the second the areas and days.

    python benchmarks/controls.py --series 300 --seed 1
    python benchmarks/controls.py --areas --series 500 --seed 12 --processes 2
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.errors import TooLittleData

ALPHA, RATIO = 0.5, 0.4
BEFORE, AFTER = 120, 60
NUMBERS, WINDOWS = (1, 3, 8), ((60, 30), (120, 60), (240, 120))


def latent(n_days: int, phi: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary Gaussian AR(1) of variance 1."""
    noise = rng.normal(size=n_days)
    for t in range(1, len(noise)):
        noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
    return noise


@dataclass(frozen=True)
class Kind:
    """A kind of areas; each set is compared with the first so many of its areas without the truce."""

    mean: float
    phi: float
    common: float
    numbers: tuple[int, ...]
    before: int = BEFORE
    after: int = AFTER


def measure(job: tuple[Kind, int, int]) -> list[list[str]]:
    """For each number of areas: share of intervals that hold the truth, half width, and that over what is needed."""
    kind, n_sets, seed = job
    asked = [int(kind.mean), int(10 * kind.phi), int(10 * kind.common)]
    asked += [kind.before, kind.after] * (len(kind.numbers) > 1)
    rng = np.random.default_rng([seed, *asked])
    n_days = kind.before + kind.after
    days = pd.date_range("2020-01-06", periods=n_days)
    truce, spread = ct.Truce(days[kind.before]), np.sqrt(np.log1p(ALPHA))
    found: dict[int, list[tuple[bool, float, float]]] = {number: [] for number in kind.numbers}
    for _ in range(n_sets):
        shared, areas = latent(n_days, kind.phi, rng), []
        for ratio in (RATIO, *[1.0] * max(kind.numbers)):
            own = latent(n_days, kind.phi, rng)
            moved = np.exp(spread * (np.sqrt(kind.common) * shared + np.sqrt(1 - kind.common) * own) - spread**2 / 2)
            counts = rng.poisson(kind.mean * np.where(days < truce.effective, 1.0, ratio) * moved)
            areas.append(ct.DailySeries.from_counts(pd.Series(counts, days, dtype=float)))
        try:
            effect = ct.estimate_truce_effect(areas[0], truce, window=(days[0], days[-1]))
        except TooLittleData:
            continue
        for number in kind.numbers:
            try:
                held = ct.compare_with_controls(effect, {str(k): areas[k] for k in range(1, number + 1)})
            except TooLittleData:
                continue
            half = float(np.log(held.upper / held.lower)) / 2
            found[number].append((held.lower <= RATIO <= held.upper, half, float(np.log(held.ratio))))
    told = []
    for number in kind.numbers:
        inside, half_widths, logs = np.array(found[number], dtype=float).T
        half = half_widths.mean()
        told.append([f"{inside.mean():.1%}", f"{half:.2f}", f"{half / (1.96 * logs.std()):.2f}"])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300, help="sets of areas per row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--areas", action="store_true", help="vary the number of areas without the truce, and the days")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    figures = ["holds the truth", "half width", "over 1.96 times the spread of the estimates"]
    if options.areas:
        kinds = [
            Kind(4, phi, common, NUMBERS, *window)
            for common, window, phi in product((0.0, 0.7), WINDOWS, (0.0, 0.6, 0.8))
        ]
        heads = ["days", "phi", "in common", *(f"{name}, {number}" for name in figures for number in NUMBERS)]
    else:
        kinds = [
            Kind(mean, phi, common, (2,)) for common, mean, phi in product((0.0, 0.7), (10, 4, 1), (0.0, 0.6, 0.8))
        ]
        heads = ["mean a day", "phi", "in common", *figures]
    print(f"| {' | '.join(heads)} |\n|{'--:|' * len(heads)}")
    with ProcessPoolExecutor(options.processes) as pool:
        for kind, told in zip(
            kinds, pool.map(measure, [(k, options.series, options.seed) for k in kinds]), strict=True
        ):
            first = f"{kind.before} + {kind.after}" if options.areas else f"{kind.mean:g}"
            columns = [figure for each in zip(*told, strict=True) for figure in each]
            print(f"| {' | '.join([first, f'{kind.phi:g}', f'{kind.common:.0%}', *columns])} |", flush=True)


if __name__ == "__main__":
    main()
