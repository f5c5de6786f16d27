"""The finding under other defensible choices: a declared grid, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from conflictts.errors import ConflictTSError
from conflictts.incidents.table import Incidents, Where
from conflictts.report import wording
from conflictts.report.language import say
from conflictts.series.allocation import Allocation
from conflictts.series.daily import Day, Measure
from conflictts.series.reporting import ReportingLag
from conflictts.truce.effect import TruceEffect
from conflictts.truce.sensitivity import Sensitivity, finding_of, sensitivity

OTHER_WINDOWS = ((60, 60), (42, 42))  # days before and after, besides the report's own
LEFT_OUT = (0, 7)  # days on each side of the date
SHAKY = 0.9  # share of the combinations below which the headline says so
CHOICES = {
    "figures": "The records’ figures",
    "allocation": "Records of several days",
    "imprecise_dates": "Records dated to more than 7 days",
    "perpetrator": "Perpetrators",
    "window": "Days before and after",
    "model": "Model",
    "transition": "Days at the date",
}
FINDINGS = {  # of a combination
    "lower": "Lower after the date",
    "no detectable change": "No change detectable",
    "higher": "Higher after the date",
}
OPTIONS = {
    ("figures", "best"): "best",
    ("figures", "low"): "low",
    ("figures", "high"): "high",
    ("allocation", "spread"): "equal shares on each of their days",
    ("allocation", "exact"): "left out",
    ("allocation", "start"): "on their first day",
    ("allocation", "midpoint"): "on their middle day",
    ("imprecise_dates", "in"): "counted",
    ("imprecise_dates", "over 7 days out"): "left out",
    ("perpetrator", "all"): "all",
    ("perpetrator", "main perpetrators"): "the main ones",
    ("model", "level"): "a step, and a weekly rhythm",
    ("model", "level, no weekdays"): "a step alone",
    ("model", "level+trend"): "a step beside a straight trend, and a weekly rhythm",
    ("transition", "0"): "all used",
    ("transition", "7"): "7 on each side left out",
}


def find_sensitivity(
    incidents: Incidents,
    effect: TruceEffect,
    *,
    measure: Measure,
    coverage: tuple[Day, Day] | None,
    gaps: Iterable[tuple[Day, Day]],
    where: Where | None,
    allocation: Allocation,
    lag: ReportingLag | int | None,
    retrieved_on: Day | None,
) -> Sensitivity | str:
    """Estimate the effect under the report's own choices and the declared alternatives to each; or why not.

    What is asked to stand is the effect's own finding, which may rest on draws; the combinations have none.
    """
    try:
        found = sensitivity(
            incidents, effect.truce, measure=measure, window=effect.window, coverage=coverage, gaps=gaps, where=where,
            lag=lag, retrieved_on=retrieved_on, windows=OTHER_WINDOWS, transitions=LEFT_OUT,
            allocations=(allocation, "exact" if allocation != "exact" else "spread"), level=effect.level,
        )  # fmt: skip
    except ConflictTSError as refusal:
        return str(refusal)
    finding = finding_of(effect.lower, effect.upper)
    table = found.table.assign(stands=found.table["finding"] == finding)
    return replace(found, effect=effect, finding=finding, table=table)


def choices_in_words(found: Sensitivity) -> list[str]:
    """How often the finding stands, between which ratios, under which option least, and what moves it most."""
    table = found.table
    answered = table[table["refused"] == ""]
    number = {"combinations": f"{len(table):,}", "answered": f"{len(answered):,}"}
    number |= {"standing": f"{int(table['stands'].sum()):,}", "share": wording.share(found.share)}
    said = {
        "lower": say(
            "The comparison was repeated under {combinations} combinations of defensible choices. In {standing} of the "
            "{answered} that have an answer ({share}) the rate was lower after the date, as in the headline.",
            **number,
        ),
        "higher": say(
            "The comparison was repeated under {combinations} combinations of defensible choices. In {standing} of the "
            "{answered} that have an answer ({share}) the rate was higher after the date, as in the headline.",
            **number,
        ),
        "no detectable change": say(
            "The comparison was repeated under {combinations} combinations of defensible choices. In {standing} of the "
            "{answered} that have an answer ({share}) no change is detectable, as in the headline.",
            **number,
        ),
    }[found.finding]
    told = [f"{said}{_otherwise(found)}", *_refused(found), _range(found), *_weakest(found), *_most_moving(found)]
    if found.effect.daily.draws is not None:
        told.append(say("How records of several days were dated (draws) enters the headline alone, no combination."))
    return told


def combinations_in_numbers(found: Sensitivity) -> list[tuple[str, str]]:
    """The same, one figure a line."""
    table = found.table
    refused = table.loc[table["refused"] != "", "refused"]
    counted = table["finding"].value_counts()
    rows = [
        ("Combinations", f"{len(table):,}"),
        ("With an answer", f"{len(table) - len(refused):,}"),
        ("Without an answer", f"{len(refused):,}"),
    ]
    if len(refused):
        rows.append(("Most frequent reason for none", refused.value_counts().index[0]))
    for finding, head in FINDINGS.items():
        shown = wording.share(counted.get(finding, 0) / (len(table) - len(refused)))
        rows.append((head, f"{counted.get(finding, 0):,} ({shown})"))
    ratios = table["rate_ratio"].dropna()
    quarters = (ratios.quantile(0.25), ratios.quantile(0.75))
    for head, (lower, upper) in (("All rate ratios", (ratios.min(), ratios.max())), ("Half of them", quarters)):
        rows.append((head, f"{wording.ratio(lower)} to {wording.ratio(upper)}"))
    options = found.summary()["stands"]
    choice, option = options.idxmin()
    told = {"choice": choice_in_words(choice), "option": option_in_words(choice, option)}
    rows += [
        (say("It stands least often under: {choice}, “{option}”", **told), wording.share(options.min())),
        ("Options under which it stands no more often", f"{(options == options.min()).sum()}"),
    ]
    for choice, most in found.influence.head(1).iterrows():
        told = {name: option_in_words(choice, str(most[name])) for name in ("lowest", "highest")}
        told["choice"] = choice_in_words(choice)
        moved = say("The ratio moves most by {choice}, from “{lowest}” to “{highest}”, by a factor of", **told)
        rows.append((moved, wording.ratio(most["factor"])))
    return rows


def shaky_choices(found: Sensitivity) -> list[str]:
    """The same in one sentence among what weakens the headline, where the finding often falls."""
    if found.share >= SHAKY:
        return []
    return [
        say(
            "Under {combinations} combinations of other defensible choices the finding stands in {share} of those with "
            "an answer; see “Other defensible choices”.",
            combinations=f"{len(found.table):,}",
            share=wording.share(found.share),
        )
    ]


def _otherwise(found: Sensitivity) -> str:
    """What the interval says where the finding does not stand."""
    counted = found.table["finding"].value_counts()
    sentences = {
        "lower": "In {number} the rate was lower.",
        "no detectable change": "In {number} no change is detectable.",
        "higher": "In {number} the rate was higher.",
    }
    return "".join(
        f" {say(sentence, number=f'{counted[finding]:,}')}"
        for finding, sentence in sentences.items()
        if finding != found.finding and finding in counted
    )


def _refused(found: Sensitivity) -> list[str]:
    reasons = found.table.loc[found.table["refused"] != "", "refused"]
    if reasons.empty:
        return []
    return [
        say(
            "Combinations without an answer: {number}, most often for this reason: {reason}",
            number=f"{len(reasons):,}",
            reason=reasons.value_counts().index[0],
        )
    ]


def _range(found: Sensitivity) -> str:
    ratios = found.table["rate_ratio"].dropna()
    return say(
        "The rate ratios run from {least} to {most}; half of them lie from {lower} to {upper}.",
        least=wording.ratio(ratios.min()),
        most=wording.ratio(ratios.max()),
        lower=wording.ratio(ratios.quantile(0.25)),
        upper=wording.ratio(ratios.quantile(0.75)),
    )


def _weakest(found: Sensitivity) -> list[str]:
    """The option under which the finding stands least often, where that is less often than overall."""
    options = found.summary()["stands"]
    choice, option = options.idxmin()
    if not options.min() < found.share:
        return []
    alike = int((options == options.min()).sum())
    told = {
        "choice": choice_in_words(choice),
        "option": option_in_words(choice, option),
        "share": wording.share(options.min()),
    }
    if alike > 1:
        return [
            say(
                "It stands least often under {alike} options alike, among them {choice}, “{option}” ({share}).",
                alike=alike,
                **told,
            )
        ]
    return [say("It stands least often under one option: {choice}, “{option}” ({share}).", **told)]


def _most_moving(found: Sensitivity) -> list[str]:
    moving = found.influence[found.influence["factor"] > 1]
    if moving.empty:
        return []
    choice, most = moving.index[0], moving.iloc[0]
    return [
        say(
            "The choice that moves the ratio most is “{choice}”: with all other choices the same, the "
            "ratio is on average {factor} times as high under “{highest}” as under “{lowest}”.",
            choice=choice_in_words(choice),
            factor=wording.ratio(most["factor"]),
            lowest=option_in_words(choice, str(most["lowest"])),
            highest=option_in_words(choice, str(most["highest"])),
        )
    ]


def choice_in_words(choice: str) -> str:
    """Head of a choice's rows."""
    return say(CHOICES[choice])


def option_in_words(choice: str, option: str) -> str:
    """An option of a choice."""
    if choice == "window":
        before, slash, after = option.removesuffix(" days").partition("/")
        return say("{before} before and {after} after", before=before, after=after) if slash else say("this report’s")
    return say(OPTIONS[choice, option])


def main_perpetrators(found: Sensitivity) -> str:
    """Who the main ones are; blank where the grid has no such option."""
    where = found.scopes.get("main perpetrators", {})
    named = where.get("perpetrator", ())
    return ", ".join([named] if isinstance(named, str) else named)
