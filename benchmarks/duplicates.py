"""Time, memory and accuracy of find_duplicates on two simulated sources of about 100,000 records each.

Ten years of 28 events a day at 120 places within 120 x 120 km; the second source tells 60 % of them again, perturbed,
and adds others of its own up to about the same number. Without sites (coordinates blank in both, or in one) candidates
come from area and place name. Peak memory is that of the whole process so far, records included.

    python benchmarks/duplicates.py --records 100000 --seed 1

22 November 2026, 2 shared cores, pandas 3, numpy 2:

    99,556 x 99,228 records, 59,750 told by both; seed 1
    sites             seconds     compared    found  precision  recall  peak MB
    in both               4.1    1,661,866   66,296      0.745   0.826      424
    in the first         12.9    6,391,007   66,345      0.777   0.863      708
    in neither            8.4    6,391,007   66,345      0.777   0.863      726
    merging 59,750 pairs: 2.1 s, 139,034 records left
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace

import numpy as np

from conflictts.incidents.duplicates import find_duplicates
from conflictts.incidents.merging import merge_duplicates
from conflictts.incidents.simulate import simulate_incidents
from conflictts.incidents.table import Incidents

A_DAY = 28


def without_sites(incidents: Incidents) -> Incidents:
    return replace(incidents, table=incidents.table.assign(latitude=np.nan, longitude=np.nan))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000, help="about so many in each source")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    days = max(options.records // A_DAY, 2)
    invented = simulate_incidents(
        np.random.default_rng(options.seed), days_before=days - 1, days_after=1, rate=A_DAY, rate_ratio=1.0,
        told_twice=0.6, only_second=0.4,
    )  # fmt: skip
    a, b, pairs = invented.incidents, invented.second, invented.pairs
    true = set(zip(pairs["id_a"], pairs["id_b"], strict=True))
    print(f"{len(a.table):,} x {len(b.table):,} records, {len(true):,} told by both; seed {options.seed}")
    print(f"{'sites':<16}{'seconds':>9}{'compared':>13}{'found':>9}{'precision':>11}{'recall':>8}{'peak MB':>9}")
    for sites, one, other in (
        ("in both", a, b),
        ("in the first", a, without_sites(b)),
        ("in neither", without_sites(a), without_sites(b)),
    ):
        begin = time.perf_counter()
        found = find_duplicates(one, other)
        seconds = time.perf_counter() - begin
        got = set(zip(found.pairs["id_a"], found.pairs["id_b"], strict=True))
        right = len(got & true)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{sites:<16}{seconds:>9.1f}{found.compared:>13,}{len(got):>9,}{right / len(got):>11.3f}"
            f"{right / len(true):>8.3f}{peak:>9.0f}"
        )
    begin = time.perf_counter()
    merged = merge_duplicates(a, b, pairs, prefer="a")
    print(f"merging {len(pairs):,} pairs: {time.perf_counter() - begin:.1f} s, {len(merged.table):,} records left")


if __name__ == "__main__":
    main()
