"""Second opinions on an effect: other bounds, orders, dates and tellers, and what the fit leaves over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from conflictts.errors import ConflictTSError, TooLittleData
from conflictts.incidents.table import Incidents, Where
from conflictts.report import wording
from conflictts.series.counting import NOT_STATED
from conflictts.series.daily import Measure
from conflictts.series.numerals import p_alone, p_value
from conflictts.truce.diagnostics import EffectDiagnostics, diagnose_effect
from conflictts.truce.effect import TruceEffect
from conflictts.truce.envelope import effect_envelope
from conflictts.truce.onset import Onset, scan_onset
from conflictts.truce.placebo import PlaceboEffects, ShiftTest, placebo_effects, shift_test
from conflictts.truce.sources import MIN_CHANGE, MIN_RECORDS, SourceMix, source_mix

SEED = 1  # of all chance in a report, so that the same input gives the same bytes
RARE = 0.05  # the p-value up to which a step is called so
WELL_DATED = 14  # days in a set beyond which a date is called vague
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """What stands beside an effect; a string says why something is not there."""

    envelope: pd.DataFrame
    shift: ShiftTest
    placebos: PlaceboEffects | str
    diagnostics: EffectDiagnostics | str
    mix: SourceMix | str
    onset: Onset | str


def find_opinions(incidents: Incidents, effect: TruceEffect, *, measure: Measure, where: Where | None) -> Opinions:
    """Compute all that stands beside an effect."""
    return Opinions(
        envelope=effect_envelope(effect),
        shift=shift_test(effect),
        placebos=or_why_not(lambda: placebo_effects(effect)),
        diagnostics=or_why_not(lambda: diagnose_effect(effect, rng=np.random.default_rng(SEED))),
        mix=_mix(incidents, effect, measure, where),
        onset=or_why_not(lambda: scan_onset(effect.daily, effect.truce, rng=np.random.default_rng(SEED))),
    )


def or_why_not(compute: Callable[[], Found]) -> Found | str:
    """What is computed, or why the data cannot carry it."""
    try:
        return compute()
    except TooLittleData as refusal:
        return str(refusal)


def _mix(incidents: Incidents, effect: TruceEffect, measure: Measure, where: Where | None) -> SourceMix | str:
    try:
        return source_mix(
            incidents, effect.truce, measure=measure, window=effect.window, daily=effect.daily, where=where
        )
    except ConflictTSError as refusal:
        return str(refusal)


def turned_as_far(shift: ShiftTest) -> int:
    """How many of the orders show a step at least as large, the true one included."""
    return round(shift.p_value * len(shift.log_ratios))


def turns_in_numbers(shift: ShiftTest) -> list[tuple[str, str]]:
    """The same, one figure a line."""
    return [
        ("Orders of the counts", f"{len(shift.log_ratios):,}"),
        ("With a step at least as large", f"{turned_as_far(shift):,}"),
        ("p-value", p_alone(shift.p_value)),
    ]


def named_on_one_side(mix: SourceMix, column: str) -> list[tuple[str, str]]:
    """Names with a share worth telling on one side of the date and no record on the other, and that share."""
    part = mix.table[mix.table["column"] == column]
    if min(mix.changes.loc[column, ["records_before", "records_after"]]) < MIN_RECORDS:
        return []
    return [
        (row["value"], f"{wording.share(row[f'share_{side}'])} {side}")
        for side, other in (("before", "after"), ("after", "before"))
        for row in part.to_dict("records")
        if row[f"share_{side}"] >= MIN_CHANGE and row[f"records_{other}"] == 0 and row["value"] != NOT_STATED
    ]


RARE_BUT_UNSURE = (
    "That is no contradiction to the interval of the rate ratio, which includes no change: turning takes the counts as "
    "they came and asks only where they fell, while the interval also allows for other outbursts than those that came, "
    "so a step may be rare here and still be too uncertain to be called a change."
)
SURE_BUT_COMMON = (
    "That is no contradiction to the interval of the rate ratio, which excludes no change: it asks whether the mean "
    "rates of the two sides differ by more than their days scatter, while turning asks whether steps as large are met "
    "elsewhere in the same counts, as they may be where the window is short or the rate changed on other days too."
)


def shift_in_words(shift: ShiftTest) -> str:
    """The p-value of the turns, what it can and cannot say, and why it may differ from the interval, where it does."""
    turns, as_far = len(shift.log_ratios), turned_as_far(shift)
    rare, detected = shift.p_value <= RARE, wording.verdict(shift.effect) != "not detectably different"
    reading = "steps like the one at the date are common in this series"
    if rare:
        reading = "a step like the one at the date is rare in this series"
    reconciled = "" if rare == detected else f" {RARE_BUT_UNSURE if rare else SURE_BUT_COMMON}"
    return (
        f"Second opinion: the counts of the window turned in a circle by every number of days give {turns} orders, the "
        f"true one included; {as_far} of them {'shows' if as_far == 1 else 'show'} a step at the date at least as "
        f"large ({p_value(shift.p_value)}): {reading}. No model and no chance enter, and it has little power in short "
        f"windows.{reconciled}"
    )


def envelope_in_words(effect: TruceEffect, envelope: pd.DataFrame) -> str:
    """The widest claim that the records' own bounds allow, and whether the finding is the same under each of them."""
    widest = envelope.loc["envelope"]
    each = envelope.drop(index="envelope")
    answered = each[each["refused"] == ""]
    findings = {(bool(row["lower"] > 1), bool(row["upper"] < 1)) for _, row in answered.iterrows()}
    reading = "the finding does not hang on which of them is right."
    if findings != {(effect.lower > 1, effect.upper < 1)}:
        reading = "the finding hangs on which is right."
    elif len(answered) < len(each):
        reading = "the finding is the same wherever there is an answer."
    return (
        f"Over the low, best and high figures together the interval runs from {wording.ratio(widest['lower'])} to "
        f"{wording.ratio(widest['upper'])}: {reading}"
    )


def onset_in_words(onset: Onset | str) -> str:
    """Whether the rate changed near the date or on other days, and how well it is dated; never the best point alone."""
    if isinstance(onset, str):
        return f"Scan for a change near the date: not done. {onset}"
    scanned, others = onset.evidence.index, len(onset.other_changes)
    asked = f"A scan of {wording.days(scanned[0], scanned[-1])} for one change of the rate"
    p = p_value(onset.p_value)
    if onset.p_value > 0.05:
        none = f"{asked} shows none ({p})"
        if others:
            return f"{none}; the rate changed on {'another day' if others == 1 else 'other days'}."
        return f"{none}."
    way = "a fall" if onset.rate_after < onset.rate_before else "a rise"
    dated = f"{asked} shows {way} ({p}), its first day among {wording.date_set(onset.onset_set)}"
    if len(onset.onset_set) > WELL_DATED:
        dated += f": {len(onset.onset_set)} of {len(scanned)} scanned days remain, so it is not dated well"
    return f"{dated}. The rate changed on other days too." if others else f"{dated}."
