"""How often the onset scan tells a change near the date (p at most 5 %), and how often one on another day.

Series of 180 days, size 2, the truce on day 120: without change, 3 a day; and independent ones that change near the
date, elsewhere, or both.

python benchmarks/onset_size.py --series 300 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from location_sets import NOISE

import conflictts as ct

COURSES = {
    "5 to 2.5 on the date": ((5.0, 120), (2.5, 60)),
    "5 to 1 on the date": ((5.0, 120), (1.0, 60)),
    "5 to 1, 30 days before the date": ((5.0, 90), (1.0, 90)),
    "5 to 2, 60 days before the date": ((5.0, 60), (2.0, 120)),
    "5 to 2, 14 days before the date": ((5.0, 106), (2.0, 74)),
    "0.05 to 60 halfway, to 30 on the date": ((0.05, 60), (60.0, 60), (30.0, 60)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=300, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    days = pd.date_range("2020-01-06", periods=180)
    truce = ct.Truce(days[120])
    rows = {f"no change, {noise}": (generate, np.full(180, 3.0)) for noise, generate in NOISE.items()}
    independent = next(iter(NOISE.values()))
    for name, course in COURSES.items():
        rows[name] = independent, np.repeat([rate for rate, _ in course], [n_days for _, n_days in course])
    print("| series | near the date | on another day |\n|---|--:|--:|")
    for name, (generate, mean) in rows.items():
        near, elsewhere = 0, 0
        for _ in range(options.series):
            daily = ct.DailySeries.from_counts(pd.Series(generate(mean, 2.0, rng), days))
            found = ct.scan_onset(daily, truce, rng=rng, n_simulations=99)
            near += found.p_value <= 0.05
            elsewhere += len(found.other_changes) > 0
        print(f"| {name} | {near / options.series:.1%} | {elsewhere / options.series:.1%} |", flush=True)


if __name__ == "__main__":
    main()
