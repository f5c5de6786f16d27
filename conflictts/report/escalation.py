"""Escalation in words: the latest period against others, and which rises and falls are established."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.report import wording
from conflictts.report.wording import factor
from conflictts.series.daily import DailySeries, Day
from conflictts.series.numerals import so_many
from conflictts.series.percent import of_level
from conflictts.truce.comparison import PERIOD_DAYS
from conflictts.truce.effect import TruceEffect
from conflictts.truce.escalation import Escalation, measure_escalation, windows_of_one_day


def find_escalation(
    daily: DailySeries, effect: TruceEffect, baseline: tuple[Day, Day] | None
) -> tuple[Escalation | str, str]:
    """Measure escalation; the baseline is the one declared, or else the days compared before the truce.

    Returns
    -------
    escalation : Escalation or str
        Or why there is none.
    words : str
        What the baseline is.
    """
    words = "the declared baseline"
    if baseline is None:
        words = "the days compared before the truce"
        seen = daily.settled.dropna()
        first = max(effect.rates.loc["before", "first"], seen.index[0])
        last = effect.rates.loc["before", "last"]
        if last <= seen.index[-1] - pd.Timedelta(days=PERIOD_DAYS):
            baseline = (first, last)
    try:
        return measure_escalation(daily, baseline=baseline), words
    except TooLittleData as refusal:
        return str(refusal), words


def comparisons_in_words(escalation: Escalation, baseline: str) -> list[str]:
    """One sentence for the previous period and one for the baseline; a ratio never without its interval."""
    return [
        _comparison(row, "the days before" if name == "previous period" else baseline, escalation)
        for name, row in escalation.comparisons.iterrows()
    ]


def _comparison(row: pd.Series, other: str, escalation: Escalation) -> str:
    unit, level = escalation.daily.unit, escalation.level
    text = (
        f"{wording.days(row['first'], row['last'])}, the latest {row['days']} settled days: "
        f"{wording.rate(row['per_day'])} {unit} a day, against {wording.rate(row['other_per_day'])} in {other} "
        f"({wording.days(row['other_first'], row['other_last'])})"
    )
    if math.isnan(row["lower"]):
        return f"{text}. No ratio: {row['reason']}."
    interval = f"{of_level(level)} interval {factor(row['lower'])} to {factor(row['upper'])}"
    finding = "lower" if row["upper"] < 1 else "higher" if row["lower"] > 1 else "no change is shown"
    if math.isnan(row["ratio"]):
        return f"{text}; {row['reason']} ({interval} for the ratio): {finding}."
    return f"{text}: a ratio of {factor(row['ratio'])} ({interval}): {finding}."


def phases_in_words(escalation: Escalation) -> list[str]:
    """Which rises and falls are established, with growth and doubling time; silences; and the latest growth."""
    said = []
    for row in escalation.phases.to_dict("records"):
        span = wording.days(row["first"], row["last"])
        if row["phase"] in ("rising", "falling"):
            said.append(
                f"{'A rise' if row['phase'] == 'rising' else 'A fall'} is established around {span}: "
                f"{factor(row['growth'], '×')} a week ({of_level(escalation.level)} interval {factor(row['lower'])} to "
                f"{factor(row['upper'])}){_times(row)}."
            )
        elif row["phase"] == "silent":
            unseen = int(escalation.daily.settled.loc[row["first"] : row["last"]].isna().sum())
            said.append(
                f"Silence: {span}, {row['days'] - unseen} observed days without a single count, and {unseen} not "
                "observed."
                if unseen
                else f"Silence: {span}, {row['days']} days in succession without a single count."
            )
    if not any(row in ("rising", "falling") for row in escalation.phases["phase"]):
        said.insert(0, "No rise and no fall is established; that is not to say that there was none.")
    said.append(_latest(escalation))
    return said


def _latest(escalation: Escalation) -> str:
    growth = escalation.growth
    if growth.empty or pd.isna(growth["growth"].iloc[-1]):
        reason = growth["reason"].iloc[-1] if len(growth) else escalation.phases["reason"].iloc[-1]
        return f"Latest growth: not told ({reason})."
    row = growth.iloc[-1]
    finding = "no growth and no decline is shown by it"
    if row["lower"] > 1:
        finding = "growing, in this window alone; a rise is established only by a run of such windows"
    elif row["upper"] < 1:
        finding = "declining, in this window alone; a fall is established only by a run of such windows"
    return (
        f"Latest window, {wording.days(row['first'], row['last'])}: {factor(row['growth'], '×')} a week "
        f"({of_level(escalation.level)} interval {factor(row['lower'])} to {factor(row['upper'])}): {finding}."
    )


def comparisons_table(escalation: Escalation) -> list[dict[str, str]]:
    """The latest days against others, as printed."""
    return [
        {
            "days": wording.days(row["first"], row["last"]),
            "settled": f"{row['days']}",
            "per_day": wording.rate(row["per_day"]),
            "other": wording.days(row["other_first"], row["other_last"]),
            "other_per_day": wording.rate(row["other_per_day"]),
            "ratio": _with_interval(row["ratio"], row) if row["lower"] == row["lower"] else row["reason"],
        }
        for row in escalation.comparisons.to_dict("records")
    ]


def growth_of(row: dict[str, Any]) -> str:
    """Growth a week of a phase or a window, with its interval; a dash where none is told."""
    return _with_interval(row["growth"], row, "×") if row["growth"] == row["growth"] else "–"


def times_of(row: dict[str, Any]) -> str:
    """Days of doubling or halving of a phase; a dash where it does neither."""
    told = [row[name] for name in ("doubling_days", "halving_days") if row[name] == row[name]]
    return f"{max(round(told[0]), 1)}" if told else "–"


def observed(escalation: Escalation, row: dict[str, Any]) -> str:
    """How many days of a phase were observed, and how many were not."""
    unseen = int(escalation.daily.settled.loc[row["first"] : row["last"]].isna().sum())
    seen = so_many(row["days"] - unseen, "observed day")
    return f"{seen}, {unseen} not observed" if unseen else seen


def windows_in_numbers(escalation: Escalation) -> list[tuple[str, str]]:
    """How many windows growth was fitted in, what the latest says, and how many tell of a single day."""
    growth = escalation.growth
    rows = [(f"Windows of {escalation.window_days} days", f"{len(growth):,}")]
    if len(growth):
        latest = growth.iloc[-1]
        span = wording.days(latest["first"], latest["last"])
        rows.append(
            (f"Growth a week in the latest, {span}", growth_of(latest) if not latest["reason"] else latest["reason"])
        )
    alone = windows_of_one_day(growth, escalation.daily.settled)
    rows.append(("Windows with over half of the counts on a single day", f"{alone.windows if alone else 0:,}"))
    if alone:
        rows.append((f"Largest such day, {wording.day(alone.day)}", wording.count(alone.toll)))
    return rows


def _with_interval(number: float, row: Any, times: str = "") -> str:
    told = f"{factor(number, times)} " if number == number else ""
    return f"{told}({factor(row['lower'])} to {factor(row['upper'])})"


def _times(row: dict[str, Any]) -> str:
    for name, words in (("doubling_days", "doubling"), ("halving_days", "halving")):
        if row[name] == row[name]:
            days = max(round(row[name]), 1)
            return f", {words} in about {days} day{'s' if days > 1 else ''}"
    return ""


def weeks_table(escalation: Escalation) -> list[dict[str, str]]:
    """Week on week, as printed: the latest week first."""
    rows = []
    for week in escalation.weeks.iloc[::-1].to_dict("records"):
        known = week["days"] > 0
        ratio = factor(week["ratio"]) if week["ratio"] == week["ratio"] else "–"
        interval = f" ({factor(week['lower'])} to {factor(week['upper'])})" if week["lower"] == week["lower"] else ""
        rows.append(
            {
                "week": wording.days(week["first"], week["last"]),
                "days": str(week["days"]),
                "toll": wording.low_best_high(week["low"], week["best"], week["high"]) if known else "–",
                "per_day": wording.rate(week["per_day"]),
                "ratio": ratio + interval,
                "reason": week["reason"],
            }
        )
    return rows
