"""How often the onset scan's p-value is at most 5 % in series without change (3 a day, 180 days, size 2).

python benchmarks/onset_size.py --series 300 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from location_sets import NOISE

import conflictts as ct


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300, help="series per noise")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    days = pd.date_range("2020-01-06", periods=180)
    truce = ct.Truce(days[120])
    print("| noise | p at most 5 % |\n|---|--:|")
    for noise, generate in NOISE.items():
        small = 0
        for _ in range(options.series):
            daily = ct.DailySeries.from_counts(pd.Series(generate(np.full(180, 3.0), 2.0, rng), days))
            small += ct.scan_onset(daily, truce, rng=rng, n_simulations=99).p_value <= 0.05
        print(f"| {noise} | {small / options.series:.1%} |", flush=True)


if __name__ == "__main__":
    main()
