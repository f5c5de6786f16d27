"""A truce's rate ratios in several areas, or several truces', in words."""

from __future__ import annotations

import pandas as pd

from conflictts.incidents.codes import groups_in_words
from conflictts.report import wording
from conflictts.report.language import say
from conflictts.series.counting import all_stated
from conflictts.series.percent import of_level
from conflictts.truce.panel import PanelAnalysis


def compared_in_words(found: PanelAnalysis) -> str:
    """For how many areas, or whatever the groups are, the rate was lower, higher or not surely either."""
    many = groups_in_words(found.by)[1]
    effects, total = found.effects(), f"{all_stated(found.table.index).sum():,}"
    if effects.empty:
        return say("Before and after the truce can be compared for none of {total} {many}.", total=total, many=many)
    return say(
        "Before and after the truce can be compared for {number} of {total} {many}: the rate was detectably lower "
        "after it in {lower}, detectably higher in {higher} and not detectably different in {unsure}.",
        number=f"{len(effects):,}", total=total, many=many, lower=how_many(effects["upper"] < 1),
        higher=how_many(effects["lower"] > 1), unsure=how_many((effects["lower"] <= 1) & (effects["upper"] >= 1)),
    )  # fmt: skip


def mean_in_words(found: PanelAnalysis) -> list[str]:
    """The mean over areas and where one more would lie, if there is one."""
    pooled = found.pooled
    if pooled is None:
        return []
    one, many = groups_in_words(found.by)
    return [
        say(
            "Over all {number} {many} with any count, those too quiet to be compared alone too, the mean rate ratio is "
            "{ratio} ({level} interval {lower} to {upper}); that of {another} like these would lie "
            "between {least} and {most}, with the same confidence.",
            number=f"{len(pooled.areas):,}", another=f"one more {one}", many=many,
            ratio=wording.ratio(pooled.rate_ratio), level=f"{of_level(pooled.level)}",
            lower=wording.ratio(pooled.lower), upper=wording.ratio(pooled.upper),
            least=wording.ratio(pooled.prediction_lower), most=wording.ratio(pooled.prediction_upper),
        )
    ]  # fmt: skip


def sides_in_numbers(found: PanelAnalysis) -> list[tuple[str, str]]:
    """The same, one figure a line."""
    effects, pooled = found.effects(), found.pooled
    one, many = groups_in_words(found.by)
    rows = [
        (wording.begun(f"{many} compared"), f"{len(effects):,}"),
        ("Of them lower after the truce", how_many(effects["upper"] < 1)),
        ("Of them higher after the truce", how_many(effects["lower"] > 1)),
        ("Of them not detectably different", how_many((effects["lower"] <= 1) & (effects["upper"] >= 1))),
        ("Of them with an adjusted p-value of at most 0.05", how_many(effects["p_adjusted"] <= 0.05)),
    ]
    if pooled is not None:
        mean, *ends = (wording.ratio(each) for each in (pooled.rate_ratio, pooled.lower, pooled.upper))
        least, most = (wording.ratio(each) for each in (pooled.prediction_lower, pooled.prediction_upper))
        rows += [
            ("Mean rate ratio", f"{mean} ({ends[0]} to {ends[1]})"),
            (f"Rate ratio of one more {one}", f"{least} to {most}"),
        ]
    return rows


def extremes_in_words(ratios: pd.DataFrame) -> str:
    """The lowest and the highest of ``rate_ratio``, with ``lower`` and ``upper``, by the names of the index."""
    least, most = (ratios.iloc[getattr(ratios["rate_ratio"].to_numpy(), at)()] for at in ("argmin", "argmax"))
    if len(ratios) == 1:
        return say(
            "The rate ratio is {ratio} for {area}, with an interval from {lower} to {upper}.",
            ratio=wording.ratio(least["rate_ratio"]), area=least.name, lower=wording.ratio(least["lower"]),
            upper=wording.ratio(least["upper"]),
        )  # fmt: skip
    return say(
        "The lowest rate ratio is {least} ({from_least} to {to_least}) for {lowest}, the highest {most} ({from_most} "
        "to {to_most}) for {highest}; intervals below 1: {below} of {total}, above it: {above}.",
        least=wording.ratio(least["rate_ratio"]), from_least=wording.ratio(least["lower"]),
        to_least=wording.ratio(least["upper"]), lowest=least.name, most=wording.ratio(most["rate_ratio"]),
        from_most=wording.ratio(most["lower"]), to_most=wording.ratio(most["upper"]), highest=most.name,
        total=f"{len(ratios):,}", below=how_many(ratios["upper"] < 1), above=how_many(ratios["lower"] > 1),
    )  # fmt: skip


def how_many(which: pd.Series) -> str:
    """As printed."""
    return f"{int(which.sum()):,}"
