"""The text in place of a figure: what it shows, and what it finds, in the sentences of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.figures.forest import drawable_effects, name_of
from conflictts.figures.shown import shown_on
from conflictts.incidents.codes import groups_in_words
from conflictts.incidents.unseen import visible
from conflictts.incidents.vintages import VintageComparison
from conflictts.report import wording
from conflictts.report.areas import compared_in_words, extremes_in_words, mean_in_words
from conflictts.report.escalation import phases_in_words
from conflictts.report.language import Language, say, translator
from conflictts.report.opinions import onset_in_words
from conflictts.report.sensitivity import choices_in_words
from conflictts.series.benchmarking import Benchmark
from conflictts.series.chains import CoverageRatio
from conflictts.series.claims import SLACK_DAYS
from conflictts.series.counting import NOT_STATED, all_stated
from conflictts.series.coverage import consecutive
from conflictts.series.daily import DailySeries, Day, whole_day
from conflictts.series.disclosure import SafeWeeks
from conflictts.series.panel import DailyPanel
from conflictts.series.percent import of_level
from conflictts.truce.changepoints import Changepoints
from conflictts.truce.course import TruceCourse
from conflictts.truce.diagnostics import EffectDiagnostics
from conflictts.truce.effect import TruceEffect
from conflictts.truce.escalation import RATE_DAYS, Escalation
from conflictts.truce.monitor import Monitor
from conflictts.truce.onset import Onset
from conflictts.truce.panel import PanelAnalysis
from conflictts.truce.period import Truces, listed
from conflictts.truce.placebo import PlaceboEffects
from conflictts.truce.sensitivity import Sensitivity
from conflictts.truce.sources import SourceMix

if TYPE_CHECKING:
    from conflictts.figures.shown import Axes

MOST_EVIDENCE = 1_000_000  # as a figure


class Told(NamedTuple):
    """A figure in words: what it shows, as below it on a page, and what it finds, for those who hear the page."""

    shows: str
    finding: str

    @property
    def alternative(self) -> str:
        """The text in its place."""
        return f"{self.shows} {self.finding}".strip()


def alt_text(ax: Axes, *, language: Language = "en") -> str:
    """Tell in words what the figure on some axes shows and finds, for those who do not see it.

    Parameters
    ----------
    ax : Axes
        That a function of this package has drawn on.
    language : {"en", "fr"}, default "en"
        Names and words of the records stay as they are.

    Returns
    -------
    str
        The text that a report has in that figure's place, with its numbers and their intervals: for the ``alt`` of an
        image, or a caption.

    Raises
    ------
    UnknownNameError
        If no figure of this package is on the axes, or the language is not one.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> ax = ct.plot_daily(daily, truces=[case.truces["TRC-5"]])
    >>> print(ct.alt_text(ax).replace(". ", "." + chr(10)))
    Civilian deaths per day with the 7-day mean, 20 April 2019 to 15 January 2020, and the truces.
    1,045 in all; the most on one day, 64, on 22 July 2019.
    """
    words, shown = translator(language), shown_on(ax)
    if shown is None:
        raise UnknownNameError(
            "No figure of conflictts is on these axes, so there is nothing to tell. Give the axes that a function "
            "plot_... returned."
        )
    tell = TELLERS[shown.figure]
    told = tell(**{name: shown.given[name] for name in signature(tell).parameters if name in shown.given})
    return visible(words(told.alternative))


def daily(daily: DailySeries, truces: Truces = ()) -> Told:
    """Of `plot_daily`."""
    unit, span = wording.begun(daily.unit), wording.days(*daily.coverage)
    if listed(truces):
        shows = f"{unit} per day with the 7-day mean, {span}, and the truces."
    else:
        shows = say("{unit} per day with the 7-day mean, {span}.", unit=unit, span=span)
    return Told(shows, _peak(daily))


def calendar(daily: DailySeries) -> Told:
    """Of `plot_calendar`."""
    quiet = daily.settled == 0
    shows = f"{wording.begun(daily.unit)} per day as a calendar, one square per day and one column per week."
    if not quiet.any() or not daily.counts.max() > 0:
        return Told(shows, _peak(daily))
    longest = max(consecutive(pd.DatetimeIndex(quiet.index[quiet])), key=len)
    none = say(
        "Settled days without a count: {none} of {days}, the longest run of them {longest}, {span}.",
        none=f"{int(quiet.sum()):,}", days=f"{int(daily.settled.notna().sum()):,}", longest=f"{len(longest):,}",
        span=wording.days(longest[0], longest[-1]),
    )  # fmt: skip
    return Told(shows, f"{_peak(daily)} {none}")


def _peak(daily: DailySeries) -> str:
    """The toll of all days, and the day with the most."""
    total, most = daily.counts.sum(), daily.counts.max()
    if not most > 0:
        return say("No day has a count.")
    return say(
        "{total} in all; the most on one day, {most}, on {day}.",
        total=wording.count(total),
        most=wording.count(most),
        day=wording.day(daily.counts.idxmax()),
    )


def changepoints(changes: Changepoints, truces: Truces = ()) -> Told:
    """Of `plot_changepoints`."""
    number, shaded = len(changes.dates), "with the days that may have been its first shaded"
    found = f"{number} changes, each {shaded}" if number > 1 else f"1 change, {shaded}" if number else "no change"
    return Told(
        f"Rates found without being told of any truce: {found}.",
        " ".join(wording.changes_in_words(changes, *listed(truces))),
    )


def truce_effect(effect: TruceEffect) -> Told:
    """Of `plot_truce_effect`."""
    return Told(
        f"Counted {effect.daily.unit} per day around {wording.day(effect.truce.effective)}, the fitted rate before and "
        "after, and the rate expected after had the rate before gone on.",
        f"{wording.headline(effect)} {wording.averted(effect)}",
    )


def onset(onset: Onset) -> Told:
    """Of `plot_onset`."""
    return Told(
        "How strongly each day around the truce's stands for the first of a new rate, with the days that may have "
        "been it shaded.",
        onset_in_words(onset),
    )


def placebos(placebos: PlaceboEffects) -> Told:
    """Of `plot_placebos`."""
    steps, effect = placebos.steps, placebos.effect
    return Told(
        "A picture only: the rate ratio that the same model finds at earlier dates, those of other truces not left "
        "out. Neighbouring dates share nearly all their days, so no share of them is a p-value.",
        say(
            "Earlier dates with a ratio: {dates}, from {least} to {most}; at the truce's date it is {ratio} ({level} "
            "interval {lower} to {upper}).",
            dates=f"{len(steps):,}", least=wording.ratio(steps["rate_ratio"].min()),
            most=wording.ratio(steps["rate_ratio"].max()), ratio=wording.ratio(effect.rate_ratio),
            level=f"{of_level(effect.level)}", lower=wording.ratio(effect.lower), upper=wording.ratio(effect.upper),
        ),
    )  # fmt: skip


def diagnostics(found: EffectDiagnostics) -> Told:
    """Of `plot_diagnostics`."""
    readings = [
        say("Of the fit, {diagnostic}: {value}; {reading}.", diagnostic=name, value=wording.decimal(row["value"]),
            reading=row["reading"])
        for name, row in found.table.iterrows()
    ]  # fmt: skip
    return Told(
        "What the fit leaves over: residuals week by week, how far days remember each other, and whether the counts "
        "follow the assumed law (even bars, within the shaded band).",
        " ".join(readings),
    )


def source_mix(mix: SourceMix) -> Told:
    """Of `plot_source_mix`."""
    bodies, told = mix.table[mix.table["column"] == "reporting_body"].set_index("value"), {}
    for side, sentence in (
        ("after", "The largest share from the truce on was told by {body}: {after}, against {before} before it."),
        ("before", "The largest share before the truce was told by {body}: {before}, against {after} from it on."),
    ):
        shares = bodies[f"share_{side}"].drop(NOT_STATED, errors="ignore")
        if shares.notna().any():
            body = shares.idxmax()
            told[body] = say(sentence, body=body, **_shares(bodies.loc[body]))  # that one may lead on both sides
    said = [*reversed(told.values())]
    if NOT_STATED in bodies.index:
        unstated = "No reporting body is stated for {before} of the toll before the truce and for {after} from it on."
        said.append(say(unstated, **_shares(bodies.loc[NOT_STATED])))
    change = mix.changes.loc["reporting_body"]
    if pd.notna(change["mix_change"]):
        said.append(
            say(
                "Of the toll {mix} moved from teller to teller, while the toll per day moved by {count}.",
                mix=wording.share(change["mix_change"]), count=wording.share(change["count_change"]),
            )
        )  # fmt: skip
    said += [f"{wording.begun(warning)}." for warning in mix.warnings]
    return Told(
        "Who told of the violence: each reporting body's share of the toll before the truce and from it on.",
        " ".join(said),
    )


def _shares(body: pd.Series) -> dict[str, str]:
    return {side: wording.share(body[f"share_{side}"]) for side in ("before", "after")}


def course(course: TruceCourse) -> Told:
    """Of `plot_course`."""
    return Told(
        f"How the {course.truce.phrase} lived: a strip of phases over the daily counts, each with its rate and "
        "interval, and below it the days that may have been the first of each.",
        course.sentence(),
    )


def coverage_ratio(result: CoverageRatio) -> Told:
    """Of `plot_coverage_ratio`."""
    held = result.table[result.table["ratio"].notna()]
    said = [
        say(
            "Claims of {body} with a ratio: {claims}; counted over claimed is {median} in the median, from {least} to "
            "{most}.",
            body=body, claims=f"{len(ratios):,}", median=wording.decimal(ratios.median()),
            least=wording.decimal(ratios.min()), most=wording.decimal(ratios.max()),
        )
        for body, ratios in held.groupby("reporting_body", sort=False)["ratio"]
    ]  # fmt: skip
    return Told(
        "Counted over claimed, by the bodies with most claims: 1 is as many counted as claimed. Where it differs "
        "across the truce, the change in counts is partly a change in counting.",
        " ".join(said),
    )


def claims(daily: DailySeries, held: pd.DataFrame, since: Day) -> Told:
    """Of `plot_claims`."""
    start = whole_day(since, "since")
    near = held[(held["period_start"] - start).abs() <= pd.Timedelta(days=SLACK_DAYS)]
    verdicts, settled = near["verdict"].value_counts(), near[near["ratio"].notna()]
    said = [
        say(
            "Claims from about that day: {claims}; the series lies below {below} of them, within {within} and above "
            "{above}.",
            claims=f"{len(near):,}",
            **{name: f"{int(verdicts.get(name, 0)):,}" for name in ("below", "within", "above")},
        )
    ]  # fmt: skip
    if len(settled):
        most = settled.loc[settled["best"].idxmax()]
        said.append(
            say(
                "The greatest, {claimed}, is of {body}, {span}; {counted} were counted in those days.",
                body=most["reporting_body"], claimed=wording.count(most["best"]),
                span=wording.days(most["period_start"], most["period_end"]),
                counted=wording.low_best_high(most["counted_low"], most["counted_best"], most["counted_high"]),
            )
        )  # fmt: skip
    return Told(
        f"{wording.begun(daily.unit)} added up from {wording.day(start)}, against the totals that others claim from "
        "that day.",
        " ".join(said),
    )


def benchmark(result: Benchmark) -> Told:
    """Of `plot_benchmark`."""
    said = [
        say(
            "By {body}, {span}: {counted} counted, {fitted} modelled.",
            body=row.reporting_body, span=wording.days(row.period_start, row.period_end),
            counted=wording.count(row.counted), fitted=wording.count(row.fitted),
        )
        for row in result.constraints[result.constraints["met"]].itertuples()
    ]  # fmt: skip
    return Told(
        say(
            "{unit} per day as counted, their 7-day mean, and that of the series fitted to totals that others claim.",
            unit=wording.begun(result.original.unit),
        ),
        " ".join(said),
    )


def sensitivity(found: Sensitivity) -> Told:
    """Of `plot_sensitivity`."""
    return Told(
        f"The rate ratio under {len(found.table):,} combinations of choices, in order of size, each with its "
        f"{of_level(found.level)} interval; below, which options the combinations above them took (the darker, the "
        "more of them).",
        " ".join(choices_in_words(found)),
    )


def phases(escalation: Escalation) -> Told:
    """Of `plot_phases`."""
    return Told(
        f"{wording.begun(escalation.daily.unit)} per day with the rate over {RATE_DAYS} days, and a strip of phases "
        "along the top.",
        " ".join(phases_in_words(escalation)),
    )


def growth(escalation: Escalation) -> Told:
    """Of `plot_growth`."""
    known = escalation.growth[escalation.growth["growth"].notna()]
    said = []
    if len(known):
        for sentence, at in (
            ("The greatest growth is that of {span}: {growth} a week ({level} interval {lower} to {upper}).", "idxmax"),
            ("The least growth is that of {span}: {growth} a week ({level} interval {lower} to {upper}).", "idxmin"),
        ):
            row = known.loc[getattr(known["growth"], at)()]
            said.append(
                say(
                    sentence, span=wording.days(row["first"], row["last"]), growth=wording.factor(row["growth"], "×"),
                    level=f"{of_level(escalation.level)}", lower=wording.factor(row["lower"]),
                    upper=wording.factor(row["upper"]),
                )
            )  # fmt: skip
    return Told(
        f"Growth per week in the {escalation.window_days} days around each day (×1 is no change), with its "
        f"{of_level(escalation.level)} interval, cut off where it leaves the frame; shaded where a rise or a fall is "
        "established.",
        " ".join([*said, *phases_in_words(escalation)]),
    )


def weeks(escalation: Escalation) -> Told:
    """Of `plot_weeks`."""
    seen = escalation.weeks[escalation.weeks["days"] > 0]
    most = seen.loc[seen["best"].idxmax()]
    return Told(
        say("{unit} per week, with low and high.", unit=wording.begun(escalation.daily.unit)),
        say(
            "The week with most is {span}: {toll}. By the {level} interval of the ratio, more than the week before: "
            "{more} weeks; less: {less}.",
            span=wording.days(most["first"], most["last"]),
            toll=wording.low_best_high(most["low"], most["best"], most["high"]), level=f"{of_level(escalation.level)}",
            more=f"{int((seen['lower'] > 1).sum()):,}", less=f"{int((seen['upper'] < 1).sum()):,}",
        ),
    )  # fmt: skip


def monitor(monitor: Monitor) -> Told:
    """Of `plot_monitor`."""
    alarms, evidence, first = monitor.alarms, monitor.evidence, monitor.first_alarm
    said = say("No day is one of alarm.")
    if first is not None:
        said = say("The first alarm was on {day}; days of alarm: {days}.", day=wording.day(first), days=len(alarms))
    latest = say(
        "After {day} the evidence is {evidence}.",
        day=wording.day(evidence.index[-1]),
        evidence=wording.count(evidence.iloc[-1]) if evidence.iloc[-1] < MOST_EVIDENCE else f"over {MOST_EVIDENCE:,}",
    )
    return Told(
        say(
            "The evidence after each day, {span}, that the rate has risen, with its threshold, {threshold}.",
            span=wording.days(evidence.index[0], evidence.index[-1]), threshold=f"{monitor.threshold:,.4g}",
        ),
        f"{said} {latest}",
    )  # fmt: skip


def vintages(comparison: VintageComparison) -> Told:
    """Of `plot_vintages`."""
    counts = dict(zip(*comparison.summary().to_dict("list").values(), strict=True))
    moved = comparison.by_month[["added", "removed", "changed"]].sum(axis=1)
    said = say(
        "Records the same: {same}; changed: {changed}; added: {added}; removed: {removed}.",
        **{name: f"{number:,}" for name, number in counts.items()},
    )
    if moved.max() > 0:
        month = moved.idxmax()
        said += " " + say(
            "Most differ in {month}: {records}.", month=f"{month:%B %Y}", records=f"{int(moved[month]):,}"
        )
    return Told(say("Records added, changed and removed per month between two vintages of one source."), said)


def safe_weeks(safe: SafeWeeks) -> Told:
    """Of `plot_safe_weeks`."""
    weeks = safe.weeks
    status, counts = weeks["status"].value_counts(), weeks["count"]
    said = say(
        "Weeks shown: {shown}, withheld: {withheld}, not observed: {unseen}.",
        shown=int(status.get("shown", 0)),
        withheld=int(status.get("withheld", 0)),
        unseen=int(status.get("not observed", 0)),
    )
    if counts.max() > 0:
        said += " " + say(
            "The highest is {most}, in the week of {day}.",
            most=wording.count(counts.max()),
            day=wording.day(counts.idxmax()),
        )
    shows = say(
        "{unit} per week, Monday to Sunday, to the nearest {k}; weeks that are withheld are boxes of one height.",
        unit=wording.begun(safe.unit), k=safe.k,
    )  # fmt: skip
    return Told(shows, said)


def comparisons(effects: Sequence[TruceEffect], labels: Sequence[str]) -> Told:
    """Of `plot_comparisons`."""
    verdicts = [wording.verdict(each) for each in effects]
    lower, higher = verdicts.count("lower"), verdicts.count("higher")
    ratios = pd.DataFrame(
        [(each.rate_ratio, each.lower, each.upper) for each in effects],
        columns=["rate_ratio", "lower", "upper"], index=list(labels),
    )  # fmt: skip
    counted = wording.counted_by_side(effects[0].daily.unit, lower, higher, len(effects) - lower - higher, 0)
    return Told(
        "Rate ratios after over before each truce, with their intervals, on a scale of ratios; left of the line at 1 "
        "is lower after the truce.",
        f"{counted} {extremes_in_words(ratios)}",
    )


def forest(found: PanelAnalysis) -> Told:
    """Of `plot_forest`."""
    one = groups_in_words(found.by)[0]
    shows = f"Rate ratios after over before the truce by {one}, with their intervals, on a scale of ratios."
    if found.pooled is not None:
        shows = f"{shows[:-1]}; below them their mean and where one more {one} would lie."
    return Told(shows, " ".join([compared_in_words(found), _extremes(found), *mean_in_words(found)]))


def map_(found: PanelAnalysis) -> Told:
    """Of `plot_map`."""
    return Told(
        "The rate ratios on the map, blue below 1 and orange above it; a thick border where the interval does not hold "
        "1.",
        f"{compared_in_words(found)} {_extremes(found)}",
    )


def _extremes(found: PanelAnalysis) -> str:
    effects = drawable_effects(found)
    return extremes_in_words(effects.set_axis([name_of(key) for key in effects.index]))


def small_multiples(panel: DailyPanel, changes: pd.DataFrame | None = None) -> Told:
    """Of `plot_small_multiples`."""
    one, many = groups_in_words(panel.by)
    totals = panel.summary()["best"]
    named = all_stated(totals.index)
    unstated = totals[~named].sum()
    totals.index = pd.Index([name_of(key) for key in panel], tupleize_cols=False)
    totals = totals[named].sort_values(ascending=False, kind="stable")
    said = []
    if len(totals):
        said.append(
            say(
                "{many}: {areas}, with {total} in all; the most, {most}, for {area}.",
                many=wording.begun(many), total=wording.count(totals.sum()), areas=f"{len(totals):,}",
                most=wording.count(totals.iloc[0]), area=totals.index[0],
            )
        )  # fmt: skip
    if len(totals) > 1:
        said.append(
            say(
                "The next is {area} with {total}.", area=totals.index[1], total=wording.count(totals.iloc[1])
            )
        )  # fmt: skip
    if not named.all():
        said.append(say("In records that state no {one}: {total}.", one=one, total=wording.count(unstated)))
    unit = wording.begun(panel.counting.unit)
    shows = say("{unit} per day as 7-day means, the {many} with the highest toll first.", unit=unit, many=many)
    if changes is not None:
        if len(changes):
            shows = f"{shows[:-1]}; shaded along the top, the days that may be the first of a change."
        keys: set[tuple[str, ...]] = set(changes[list(panel.by)].itertuples(index=False, name=None))
        changed = [key for key in keys if NOT_STATED not in key]
        said.append(
            say(
                "A change of the rate is found for {number} of {total} {many}.",
                many=many, number=f"{len(changed):,}", total=f"{len(totals):,}",
            )
        )  # fmt: skip
    return Told(shows, " ".join(said))


TELLERS: dict[str, Callable[..., Told]] = {  # by what follows plot_; each takes what it tells of by that one's names
    **{
        told.__name__: told
        for told in (
            benchmark, calendar, changepoints, claims, comparisons, course, coverage_ratio, daily, diagnostics, forest,
            growth, monitor, onset, phases, placebos, safe_weeks, sensitivity, small_multiples, source_mix,
            truce_effect, vintages, weeks,
        )
    },
    "map": map_,
}  # fmt: skip
