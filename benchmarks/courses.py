"""How often the course of a truce is named rightly, its first days dated, and a collapse told where there was none.

120 days before the truce and 134 of it. "Surely" is the share of series with a collapse whose whole interval reaches
half of the rate before. A set "held" where it holds the day on which the rate of that name truly began, or on which a
growing rate reached half of the rate before; beside it the median number of days in a set. Of a growing rate a second
table tells how often the interval of its growth held it, how often it lay above 1, how often that of the days until
half of the rate before then held these days, and how often the growth was held by `estimate_truce_effect` with erosion,
which takes variance and memory from all days alike.

python benchmarks/courses.py --series 200 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from location_sets import NOISE

import conflictts as ct

BEFORE, DAYS = 120, 134  # of the truce, as in Idlib
COURSES: dict[str, tuple[list[tuple[int, float]], str]] = {  # first day of each rate, as a share of that before; name
    "holds at 0.1": ([(0, 0.1)], "calm"),
    "holds at 0.4": ([(0, 0.4)], "calm"),
    "no change": ([(0, 1.0)], "not calm"),
    "0.1, from day 54 on 0.3": ([(0, 0.1), (54, 0.3)], "eroding"),
    "0.1, from day 54 on 0.9": ([(0, 0.1), (54, 0.9)], "collapsed"),
    "0.1, from day 54 on 0.35, from day 92 on 0.9": ([(0, 0.1), (54, 0.35), (92, 0.9)], "collapsed"),
    "0.1, from day 54 on 0.7, from day 92 on 1.8": ([(0, 0.1), (54, 0.7), (92, 1.8)], "collapsed"),
}
GROWTH = {"0.1, growing 5% a week": (0.1, 1.05, "eroding"), "0.1, growing 14% a week": (0.1, 1.14, "collapsed")}


def mean_of(course: str, rate: float) -> np.ndarray:
    """Expected counts per day."""
    share = np.ones(BEFORE + DAYS)
    if course in GROWTH:
        start, factor, _ = GROWTH[course]
        share[BEFORE:] = start * factor ** (np.arange(DAYS) / 7)
    else:
        for day, value in COURSES[course][0]:
            share[BEFORE + day :] = value
    return rate * share


def of_growth(erosions: list[ct.Erosion], effects: list[ct.TruceEffect], start: float, factor: float) -> list[str]:
    """How often growth and the days until a half were held by their intervals, and how long these days' are."""
    held = np.mean([each.lower <= factor <= each.upper for each in erosions])
    seen = [each.back.loc[0.5] for each in erosions if each.lower > 1 and not np.isnan(each.back.loc[0.5, "lower"])]
    days = 7 * np.log(0.5 / start) / np.log(factor)
    inside = [row["lower"] <= days <= row["upper"] for row in seen]
    lower, upper = np.median([(row["lower"], row["upper"]) for row in seen], axis=0) if seen else (np.nan, np.nan)
    return [
        f"{held:.1%}", f"{len(seen) / len(erosions):.1%}", f"{np.mean(inside):.1%} of {len(seen)}" if seen else "",
        f"{lower:.0f} to {upper:.0f} (truly {days:.0f})",
        f"{np.mean([each.per_week_lower <= factor <= each.per_week_upper for each in effects]):.1%}",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="series per cell")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    days = pd.date_range("2020-01-06", periods=BEFORE + DAYS)
    truce = ct.Truce(days[BEFORE])
    grown: list[list[str]] = []
    print("| course | rate before | size | noise | named rightly | named collapsed | surely | onset held "
          "| erosion held | collapse held |\n|---|--:|--:|---|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    for course in (*COURSES, *GROWTH):
        right = GROWTH[course][2] if course in GROWTH else COURSES[course][1]
        steps = COURSES[course][0] if course in COURSES else []
        for rate, size in ((6.0, 0.3), (8.0, 2.0)):
            for noise, generate in NOISE.items():
                rng = np.random.default_rng(options.seed)
                named: list[str] = []
                sure, erosions, effects = 0, [], []
                held: dict[str, list[tuple[bool, int]]] = {"calm": [], "eroding": [], "collapsed": []}
                mean = mean_of(course, rate)
                for _ in range(options.series):
                    counts = generate(mean, size, rng)
                    daily = ct.DailySeries.from_counts(pd.Series(counts, days))
                    found = ct.truce_course(daily, truce)
                    if course in GROWTH:
                        whole = (days[0], days[-1])
                        effects.append(ct.estimate_truce_effect(daily, truce, model="level+erosion", window=whole))
                    named.append(found.outcome)
                    erosions += [found.erosion] if found.erosion is not None else []
                    table = found.phases
                    collapse = table[table["phase"] == "collapsed"]
                    sure += bool(len(collapse) and collapse["established"].iloc[0])
                    truth = {"calm": BEFORE}
                    for day, part in steps[1:]:
                        truth.setdefault("collapsed" if part >= 0.5 else "eroding", BEFORE + day)
                    if course in GROWTH and right == "collapsed":
                        truth |= {right: BEFORE + int(np.argmax(mean[BEFORE:] >= rate / 2))}
                    for name, set_ in zip(table["phase"], found.first_days, strict=True):
                        if name in truth and len(set_):
                            held[name].append((days[truth[name]] in set_, len(set_)))
                sets = []
                for each in held.values():
                    inside, n_days = np.array(each).T if each else ((), ())
                    sets.append(f"{np.mean(inside):.0%} of {len(each)}, {np.median(n_days):.0f}" if each else "")
                shares = [named.count(right), named.count("collapsed"), sure]
                cells = [course, f"{rate:g}", f"{size:g}", noise, *(f"{n / len(named):.1%}" for n in shares), *sets]
                print(f"| {' | '.join(cells)} |", flush=True)
                if course in GROWTH:
                    grown.append(cells[:4] + of_growth(erosions, effects, *GROWTH[course][:2]))
    print("\n| course | rate before | size | noise | growth held | seen | days until a half held | median interval "
          "| held by an effect |\n|---|--:|--:|---|--:|--:|--:|--:|--:|")  # fmt: skip
    for cells in grown:
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
