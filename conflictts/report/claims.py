"""Totals told by others: how much of them the series holds, and what that does to the truce's effect."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from conflictts.errors import InputError, TooLittleData
from conflictts.report import wording
from conflictts.series.benchmarking import Benchmark, benchmark_to_claims
from conflictts.series.chains import CoverageRatio, compare_coverage, coverage_ratio
from conflictts.series.claims import hold_claims, summarise_claims
from conflictts.series.daily import DailySeries
from conflictts.series.percent import percent
from conflictts.truce.effect import TruceEffect, refit

ONE_CLAIM = "A side with one claim rests on that one figure, often a rounded one; take its share as rough."
MOST_BODIES = 2  # drawn over time, and fitted to


@dataclass(frozen=True, slots=True, eq=False)
class FittedEffect:
    """The truce's effect on the series fitted to one body's claims.

    Attributes
    ----------
    claims : tuple of str
        Names of the claims that were met.
    effect : TruceEffect or str
        By the same choices as the report's; or why there is none.
    """

    body: str
    claims: tuple[str, ...]
    effect: TruceEffect | str


@dataclass(frozen=True, slots=True, eq=False)
class ClaimFindings:
    """What claims say of the series.

    Attributes
    ----------
    held : DataFrame
        As from `hold_claims`.
    by_body : DataFrame
        As from `summarise_claims`.
    bias : DataFrame
        As from `compare_coverage`, over the effect's window.
    ratio : CoverageRatio or None
        Of the bodies with most claims; None where no claim has a ratio.
    """

    held: pd.DataFrame
    by_body: pd.DataFrame
    bias: pd.DataFrame
    ratio: CoverageRatio | None
    fitted: tuple[FittedEffect, ...]


def find_claims(daily: DailySeries, effect: TruceEffect, claims: pd.DataFrame) -> ClaimFindings | None:
    """Hold claims against the series and fit it to those of the bodies that speak of both sides of the date."""
    held = hold_claims(daily, claims)
    if held.empty:
        return None
    by_body = summarise_claims(held)
    bias = compare_coverage(daily, claims, effect.truce.effective, window=effect.window)
    bias = bias.loc[[body for body in by_body.index if body in bias.index]]  # those with most claims first
    drawn = [
        body for body in (*bias.index, *by_body.index) if held["ratio"][held["reporting_body"] == body].notna().any()
    ]
    bodies = list(dict.fromkeys(drawn))[:MOST_BODIES]
    return ClaimFindings(
        held=held,
        by_body=by_body,
        bias=bias,
        ratio=coverage_ratio(daily, claims, body=bodies) if bodies else None,
        fitted=tuple(_fit(daily, effect, claims, held, body) for body in bias.index[:MOST_BODIES]),
    )


def totals_of_sides(held: pd.DataFrame, effect: TruceEffect, body: str) -> list[str]:
    """Name a body's longest claims that do not overlap on each side of the date.

    Claims inside the effect's window come first, then those that reach over its outer ends. Of several claims over one
    period the one in the middle is taken.
    """
    first, last = effect.window
    cut, chosen = effect.truce.effective, []
    told = held[(held["reporting_body"] == body) & held["ratio"].notna()]
    told = told[(told["period_end"] >= first) & (told["period_start"] <= last)]
    reaches_out = (told["period_start"] < first) | (told["period_end"] > last)
    told = told.assign(reaches_out=reaches_out, length=told["period_end"] - told["period_start"])
    for side in (told[told["period_end"] <= cut], told[told["period_start"] >= cut]):
        taken: list[tuple[pd.Timestamp, pd.Timestamp]] = []
        order = side.sort_values(["reaches_out", "length", "period_start"], ascending=[True, False, True])
        for (begin, end), same in order.groupby(["period_start", "period_end"], sort=False):
            if all(begin > stop or end < start for start, stop in taken):
                taken.append((begin, end))
                in_order = same.sort_values(["best", "claim_id"])
                chosen.append(str(in_order["claim_id"].iloc[(len(in_order) - 1) // 2]))
    return chosen


def _fit(daily: DailySeries, effect: TruceEffect, claims: pd.DataFrame, held: pd.DataFrame, body: str) -> FittedEffect:
    names = totals_of_sides(held, effect, body)
    chosen = claims.set_index("claim_id", drop=False).loc[names]
    try:
        fitted: Benchmark = benchmark_to_claims(daily, chosen.reset_index(drop=True))
        met = fitted.constraints.loc[fitted.constraints["met"], "claim_id"]
        return FittedEffect(body, tuple(met), refit(effect, fitted.daily))
    except (TooLittleData, InputError) as refusal:
        return FittedEffect(body, tuple(names), str(refusal))


def bias_in_words(found: ClaimFindings) -> list[str]:
    """Say per body how much the series holds on either side, and which way that moves the change it shows."""
    said = []
    alone = _resting_on_one(found.bias)
    for body, row in found.bias.iterrows():
        moved = {
            "understated": "a fall in this series is smaller than in that body's own figures (understated)",
            "overstated": "a fall in this series is larger than in that body's own figures (overstated)",
            "unbiased": "the change is neither understated nor overstated",
            "not known": "which way that biases the change is not known",
        }[row["fall"]]
        said.append(
            f"Against {body} the series holds {percent(row['before'])} of what is claimed up to the truce and "
            f"{percent(row['after'])} from it on ({_claims(row)}, none overlapping): {moved}."
            + (f" {ONE_CLAIM}" if alone[body] else "")
        )
    ways = set(found.bias["fall"]) & {"understated", "overstated"}
    if len(ways) == 2:
        said.append("The bodies disagree on the sign: the true change may be larger or smaller than the one counted.")
    return said


def uneven_coverage(found: ClaimFindings) -> list[str]:
    """The same of the bodies with most claims in one sentence, among what weakens the headline."""
    named = found.bias.head(MOST_BODIES)
    if set(named["fall"]) <= {"unbiased"}:
        return []
    shares = "; ".join(
        f"{percent(row['before'])} up to the truce and {percent(row['after'])} from it on of what {body} claims "
        f"({_claims(row)})"
        for body, row in named.iterrows()
    )
    if _resting_on_one(named[named["fall"] != "unbiased"]).all():
        return [
            f"Coverage may not be even, though a single claim on a side cannot show it: the series holds {shares}. "
            "Part of a change in counts would then be a change in counting; see “What others counted”."
        ]
    return [
        f"Coverage is not even: the series holds {shares}. Part of a change in counts is a change in counting; see "
        "“What others counted”."
    ]


def _resting_on_one(bias: pd.DataFrame) -> pd.Series:
    """Of each body, whether a side of the truce has one claim alone."""
    return bias[["claims_before", "claims_after"]].min(axis="columns") == 1


def _claims(row: pd.Series) -> str:
    return f"{_number(row['claims_before'])} before, {_number(row['claims_after'])} after"


def fitted_in_words(found: ClaimFindings, effect: TruceEffect) -> str:
    """How far the rate ratio moves between the counted and the fitted series."""
    ratios = [effect.rate_ratio, *(each.effect.rate_ratio for each in found.fitted if not isinstance(each.effect, str))]
    if len(ratios) == 1:
        return ""
    verdicts = {wording.verdict(each.effect) for each in found.fitted if not isinstance(each.effect, str)}
    reading = "they do not agree on the finding."
    if verdicts == {wording.verdict(effect)}:
        shown = verdicts <= {"lower", "higher"}
        reading = "the direction is the same in all of them." if shown else "no change is detectable in any of them."
    return (
        f"Between the counted and the fitted series the rate ratio lies from {wording.ratio(min(ratios))} to "
        f"{wording.ratio(max(ratios))}; {reading}"
    )


def _number(claims: int) -> str:
    return f"{claims} claim{'' if claims == 1 else 's'}"
