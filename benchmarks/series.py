"""Daily series of all Syria: time against hand-written pandas, what the allocation moves, and how sure a lag is.

Run: .venv/bin/python benchmarks/series.py [path to UCDP GED Syria 2016-2019] [repetitions] [simulations]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.series.allocation import ALLOCATIONS

GED = Path(__file__).resolve().parents[2] / "shared" / "data" / "ucdp" / "ged_syria_2016_2019_trimmed.csv.gz"
COVERAGE = ("2016-01-01", "2019-12-31")
BY = ["admin1", "event_type"]
PARTS = ["low", "best", "high", "incidents"]


def panel(incidents: ct.Incidents) -> pd.DataFrame:
    """Low, best, high and records per group and day."""
    return ct.daily_series(incidents, measure="deaths", coverage=COVERAGE, by=BY).table


def by_hand(incidents: ct.Incidents) -> pd.DataFrame:
    """The same in plain pandas: a row per record and day, equal shares, summed and laid on the full calendar."""
    days = pd.date_range(*COVERAGE, freq="D", unit="us", name="day")
    table = incidents.table[(incidents.table["part_of"] == "") & incidents.table["deaths_best"].notna()]
    length = (table["date_end"] - table["date_start"]).dt.days.to_numpy() + 1
    wide = table[BY].replace("", "not stated")
    for part in PARTS[:3]:
        wide[part] = table[f"deaths_{part}"].fillna(table["deaths_best"]) / length
    wide["incidents"] = 1 / length
    wide["day"] = table["date_start"]
    wide = wide.loc[wide.index.repeat(length)]
    step = np.arange(len(wide)) - np.repeat(np.cumsum(length) - length, length)
    wide["day"] = wide["day"] + pd.to_timedelta(step, unit="D")
    wide = wide[wide["day"].between(days[0], days[-1])]
    sums = wide.groupby([*BY, "day"])[PARTS].sum()
    keys = wide[BY].drop_duplicates().sort_values(BY)
    full = keys.merge(pd.Series(days), how="cross")
    return sums.reindex(pd.MultiIndex.from_frame(full), fill_value=0.0).reset_index().assign(status="observed")


def seconds(function, *arguments: object) -> float:
    begun = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begun


def print_times(incidents: ct.Incidents, repetitions: int) -> None:
    ours, theirs = panel(incidents), by_hand(incidents)
    pd.testing.assert_frame_equal(ours, theirs, rtol=0, atol=1e-8)  # the order of summation differs
    times = [(seconds(panel, incidents), seconds(by_hand, incidents)) for _ in range(repetitions)]
    mine, plain = (statistics.median(column) for column in zip(*times, strict=True))
    groups = len(ours[BY].drop_duplicates())
    print(f"| {len(incidents.table):,} records, {groups} groups, {len(ours):,} rows | seconds | ratio |")
    print("| --- | --: | --: |")
    print(f"| pandas by hand | {plain:.3f} | 1.00 |\n| daily_series(by=...) | {mine:.3f} | {mine / plain:.2f} |\n")


def print_allocations(incidents: ct.Incidents) -> None:
    print("| allocation | deaths counted | on 1 January 2016 | most on one day | days without any | in July 2016 |")
    print("|---|--:|--:|--:|--:|--:|")
    for allocation in ALLOCATIONS:
        daily = ct.daily_series(incidents, measure="deaths", coverage=COVERAGE, allocation=allocation)
        print_row(allocation, daily.counts)
    drawn = ct.daily_series(
        incidents, measure="deaths", coverage=COVERAGE, draws=20, rng=np.random.default_rng(1)
    ).draws
    rows = [numbers(drawn[column]) for column in drawn]
    spans = [f"{min(column):,.0f}–{max(column):,.0f}" for column in zip(*rows, strict=True)]
    print(f"| 20 draws, least–most | {' | '.join(spans)} |\n")


def numbers(counts: pd.Series) -> tuple[float, ...]:
    return counts.sum(), counts.iloc[0], counts.max(), float((counts == 0).sum()), counts.loc["2016-07"].sum()


def print_row(name: str, counts: pd.Series) -> None:
    print(f"| {name} | {' | '.join(f'{number:,.0f}' for number in numbers(counts))} |")


def print_effects(incidents: ct.Incidents) -> None:
    print("| allocation | civilians: rate ratio | all deaths: rate ratio |\n|---|---|---|")
    for allocation in ALLOCATIONS:
        cells = []
        for measure in ("civilians", "deaths"):
            daily = ct.daily_series(
                incidents, measure=measure, coverage=("2018-01-01", "2019-11-30"), allocation=allocation
            )
            effect = ct.estimate_truce_effect(daily, ct.Truce("2019-08-31"), window=("2019-05-01", "2019-10-23"))
            cells.append(
                f"{effect.rate_ratio:.3f} ({effect.lower:.3f}–{effect.upper:.3f}), {daily.allocated:.1%} allocated"
            )
        print(f"| {allocation} | {' | '.join(cells)} |")
    print()


AGES = (0, 1, 2, 4, 7, 14)
MIXED = (0.3, 20.0)  # share and mean lag in days of the slow records in the last row, where the others take 1 day
VINTAGES = [  # mean lag in days (None: the mixture, which the fitted law does not contain), days between, number
    (3.0, 7, 6),
    (3.0, 14, 3),
    (10.0, 30, 2),
    (None, 7, 6),
]


def print_lags(simulations: int) -> None:
    print("| mean lag | vintages | " + " | ".join(f"after {age} days" for age in AGES) + " |")
    print("|---|---|" + "--:|" * len(AGES))
    for mean, apart, n_vintages in VINTAGES:
        truth = reported_by(np.array(AGES), mean)
        held, widths = [], []
        for seed in range(simulations):
            found = ct.estimate_reporting_lag(simulated_vintages(seed, mean, apart, n_vintages)).table.loc[list(AGES)]
            held.append((found["lower"] <= truth) & (truth <= found["upper"]))
            widths.append(found["upper"] - found["lower"])
        cells = [f"{c:.1%}, {w:.2f}" for c, w in zip(np.mean(held, axis=0), np.mean(widths, axis=0), strict=True)]
        name = "1 or 20 days" if mean is None else f"{mean:g} days"
        print(f"| {name} | {n_vintages}, {apart} days apart | {' | '.join(cells)} |", flush=True)


def reported_by(age: np.ndarray, mean: float | None) -> np.ndarray:
    """True share reported after so many days."""
    if mean is None:
        slow, days = MIXED
        return (1 - slow) * reported_by(age, 1.0) + slow * reported_by(age, days)
    return 1 - (mean / (1 + mean)) ** (age + 1.0)


def simulated_vintages(seed: int, mean: float | None, apart: int, n_vintages: int) -> dict[pd.Timestamp, ct.Incidents]:
    case = ct.simulate_incidents(
        np.random.default_rng(seed), rate_ratio=1.0, days_before=60, days_after=60, lag_days=mean or 3.0
    )
    reported = case.truth["reported_on"]
    if mean is None:
        rng, n = np.random.default_rng(1000 + seed), len(case.truth)
        slow = rng.random(n) >= 1 - MIXED[0]
        delay = np.where(slow, rng.geometric(1 / (1 + MIXED[1]), n), rng.geometric(1 / 2, n)) - 1
        reported = case.truth["day"] + pd.to_timedelta(delay, unit="D")
    last = pd.Timestamp("2019-04-25")
    days = [last - pd.Timedelta(days=apart * k) for k in range(n_vintages - 1, -1, -1)]
    known = {day: case.incidents.table[(reported <= day).to_numpy()] for day in days}
    return {day: ct.Incidents(table, case.incidents.ledger, case.incidents.provenance) for day, table in known.items()}


def main(path: str = str(GED), repetitions: int = 15, simulations: int = 200) -> None:
    incidents = ct.read_ucdp(path)
    print_times(incidents, repetitions)
    print_allocations(incidents)
    print_effects(ct.read_ucdp(Path(path).parent / "ged_greater_idlib_2018_2019.csv"))
    print_lags(simulations)


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(argument) for argument in sys.argv[2:]))
