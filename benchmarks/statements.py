"""How often a report states a change that is none: each of its parts, and any of them.

Series of 120 days before a truce and 134 of it, in which nothing changes, or the rate falls to 0.3 on the truce's first
day and stays there. All that a report computes of a daily series is computed, with the report's own defaults; what it
computes of records (bounds, sources, other choices) is not. A statement is false where nothing of the kind happened:
any change, onset, phase, rise or fall where nothing changed; after a fall on the day, a rate not told as lower is
missed, and false are a detected change farther than 21 days from the day, an erosion or collapse, a period told apart
from the one before it, and a rise, or a fall that does not reach within 21 days of the day.

    python benchmarks/statements.py --series 200 --seed 1
"""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import suppress

import numpy as np
import pandas as pd
from location_sets import NOISE, REACH

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.report.escalation import find_escalation
from conflictts.report.findings import SHORT_SIDE

BEFORE, DAYS = 120, 134
SHARES = {"nothing changed": 1.0, "a fall to 0.3": 0.3}
RATES = ((6.0, 0.3), (8.0, 2.0))  # a day, size
PARTS = ["headline", "28 days", "all days", "turns", "onset", "changes", "course", "periods", "rises and falls"]
DAY = pd.Timedelta(days=1)


def stated(daily: ct.DailySeries, truce: ct.Truce, share: float) -> set[str]:
    """The parts of a report that say something false of this series; "missed" where a fall is not told as lower."""
    first, last = daily.coverage
    effect = ct.estimate_truce_effect(daily, truce)
    spans = {
        "headline": effect,
        "28 days": _over(daily, truce, truce.effective - SHORT_SIDE * DAY, truce.effective + (SHORT_SIDE - 1) * DAY),
        "all days": _over(daily, truce, first, last),
    }
    fell = share < 1.0
    false = {
        name for name, one in spans.items()
        if one is not None and (one.lower > 1.0 or (one.upper < 1.0 and not fell))
    }  # fmt: skip
    if fell and not effect.upper < 1.0:
        false.add("missed")
    if not fell and ct.shift_test(effect).p_value <= 0.05:
        false.add("turns")
    with suppress(TooLittleData):  # then the report says nothing either
        onset = ct.scan_onset(daily, truce, rng=np.random.default_rng(1))
        if onset.p_value <= 0.05 and (not fell or onset.rate_after > onset.rate_before):
            false.add("onset")
    with suppress(TooLittleData):
        found = ct.detect_changepoints(daily).dates
        if any(not fell or abs(day - truce.effective) > REACH * DAY for day in found):
            false.add("changes")
    outcome = ct.truce_course(daily, truce).outcome
    if outcome in ({"eroding", "collapsed"} if fell else {"calm", "eroding", "collapsed"}):
        false.add("course")
    escalation, _ = find_escalation(daily, effect, None)
    if not isinstance(escalation, str):
        compared = escalation.comparisons[["lower", "upper"]]
        if fell:
            compared = compared.loc[["previous period"]]
        if ((compared["lower"] > 1.0) | (compared["upper"] < 1.0)).any():
            false.add("periods")
        phases = escalation.phases
        moving = phases[phases["phase"].isin(["rising", "falling"])]
        if fell:
            near = (moving["first"] <= truce.effective + REACH * DAY) & (
                moving["last"] >= truce.effective - REACH * DAY
            )
            moving = moving[(moving["phase"] == "rising") | ~near]
        if len(moving):
            false.add("rises and falls")
    return false


def _over(daily: ct.DailySeries, truce: ct.Truce, first: pd.Timestamp, last: pd.Timestamp) -> ct.TruceEffect | None:
    try:
        return ct.estimate_truce_effect(daily, truce, window=(first, last))
    except TooLittleData:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="series per row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    days = pd.date_range("2020-01-06", periods=BEFORE + DAYS)
    truce = ct.Truce(days[BEFORE])
    columns = [*PARTS, "any", "missed"]
    print(f"| truth | rate before | size | noise | {' | '.join(columns)} |\n|---|--:|--:|---|{'--:|' * len(columns)}")
    for truth, share in SHARES.items():
        for rate, size in RATES:
            for noise, generate in NOISE.items():
                rng = np.random.default_rng(options.seed)
                mean = np.full(BEFORE + DAYS, rate)
                mean[BEFORE:] *= share
                counted: Counter[str] = Counter()
                for _ in range(options.series):
                    counts = pd.Series(generate(mean, size, rng), days)
                    false = stated(ct.DailySeries.from_counts(counts), truce, share)
                    counted.update(false)
                    counted["any"] += bool(false - {"missed"})
                cells = [f"{counted[name] / options.series:.1%}" for name in columns]
                print(f"| {' | '.join([truth, f'{rate:g}', f'{size:g}', noise, *cells])} |", flush=True)


if __name__ == "__main__":
    main()
