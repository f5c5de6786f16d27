"""Findings in, careful English out: what is said, over which days, from which source, and how surely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from conflictts.cases import IDLIB_TRUCE, IDLIB_WINDOW, Case
from conflictts.incidents.checks import SHARED, SHARED_DISTRICTS
from conflictts.incidents.table import Ledger
from conflictts.report.language import say
from conflictts.series.allocation import IN_WORDS
from conflictts.series.coverage import consecutive
from conflictts.series.daily import DailySeries
from conflictts.series.numerals import per_day, so_many, toll, with_unit
from conflictts.series.percent import of_level, percent
from conflictts.series.reporting import LAG_UNKNOWN
from conflictts.truce.changepoints import Changepoints
from conflictts.truce.effect import TruceEffect
from conflictts.truce.period import Truce
from conflictts.truce.ratios import hundredths, two_digits
from conflictts.truce.window import DAYS_AFTER, DAYS_BEFORE

if TYPE_CHECKING:
    from conflictts.report.findings import Findings, Refused
    from conflictts.truce.erosion import Erosion

count, rate, ratio, LAID = toll, per_day, two_digits, IN_WORDS  # so the pages call them

# Measured by benchmarks/ and quoted on every page, with the command that measures them again.
EFFECT_COVERAGE = (
    "93 to 98% of the series of each of 132 kinds with a memory of up to 0.6 from day to day, and in 91 to 96% of "
    "each of 26 kinds with a memory of 0.8; plain Poisson regression held it in 18 to 100% and in 13 to 95% "
    "(python benchmarks/effect_coverage.py)"
)
LOCATION_COVERAGE = (
    "95 to 99% of detected changes in series with one or two, and in 94 to 97% in series with up to five smaller "
    "ones (python benchmarks/location_sets.py)"
)
STATEMENTS_TOGETHER = (
    "at least one of nine statements of a report was false in 19 to 32% of the series of nine kinds, and in 42% of "
    "those of a tenth kind, whose counts come in bursts (python benchmarks/statements.py)"
)

ANONYMISED_COVERAGE = (
    "In simulated series with a known effect, 120 days before and 60 after, nominal 95% intervals held the truth in "
    "96 to 99% with a memory of up to 0.6 from day to day, and in 94 to 99% with one of 0.8; rounding moved a ratio "
    "by about a fifth or less in 95 of 100 series (python benchmarks/anonymised.py)."
)

HOLDS = {  # what a file that was read holds
    "records": "Records",
    "deletions": "Deleted records",
    "download": "What a download wrote beside its file",
    "claims": "Claims",
    "truces": "Truces",
    "events": "Events",
}
UNDETECTED = "no change whose set holds this date"
MAX_ANNOUNCED = 90  # days between a truce's announcement and its first day, beyond which one of them is doubted
MAX_SILENCE = 14  # days at either end of the coverage without any record
MAX_FACTOR = 100  # beyond it a limit says only that there is none worth the name
MAX_BLOCKS = 3  # runs of days in a set that are named one by one


def day(date: pd.Timestamp | None) -> str:
    """31 August 2019; a dash for no date."""
    return f"{date.day} {date:%B %Y}" if date is not None else "–"


def days(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """30 April to 30 August 2019; years and months that repeat are said once."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%B} to {day(last)}"
    return f"{day(first)} to {day(last)}"


def factor(number: float, times: str = "") -> str:
    """A growth or ratio as printed; one that nearly no counts limit is said to be over a hundred, or under 0.01."""
    if number > MAX_FACTOR:
        return f"over {times}{MAX_FACTOR}"
    return f"under {times}0.01" if 0 < number < 0.01 else f"{times}{ratio(number)}"


def share(number: float) -> str:
    """A share in per cent; a dash where there is none."""
    return percent(number)


def decimal(number: float) -> str:
    """A figure with two decimals; a dash where there is none."""
    return f"{number:.2f}".replace("-", "−") if math.isfinite(number) else "–"


def low_best_high(low: float, best: float, high: float) -> str:
    """644–699–740, or one number where the three agree."""
    if count(low) == count(best) == count(high):
        return count(best)
    return f"{count(low)}–{count(best)}–{count(high)}"


def verdict(effect: TruceEffect) -> str:
    """lower, higher, or not detectably different: read off the interval of the rate ratio."""
    if effect.upper < 1:
        return "lower"
    return "higher" if effect.lower > 1 else "not detectably different"


def headline(effect: TruceEffect) -> str:
    """The finding in one sentence, with rates, days and interval; of what was counted, and never a cause."""
    before, after = effect.rates.loc["before"], effect.rates.loc["after"]
    daily = effect.daily
    subject = f"Counted {daily.unit}"
    finding = {
        "lower": f"{subject} were lower after the {effect.truce.phrase}",
        "higher": f"{subject} were higher after the {effect.truce.phrase}",
        "not detectably different": f"{subject} did not change detectably after the {effect.truce.phrase}",
    }[verdict(effect)]
    return (
        f"{finding}: {rate(after['per_day'])} a day ({days(after['first'], after['last'])}) against "
        f"{rate(before['per_day'])} a day before it ({days(before['first'], before['last'])}), a rate ratio of "
        f"{ratio(effect.rate_ratio)} ({of_level(effect.level)} interval {ratio(effect.lower)} to "
        f"{ratio(effect.upper)})."
    )


def days_compared(findings: Findings) -> str:
    """Which days, and who chose them."""
    effect, case = findings.effect, findings.incidents
    if not findings.window_declared:
        return say(
            "Days compared: {span}. No window was declared, so these are the usual ones: up to {before} days before "
            "the truce’s first day and up to {after} from it on, as far as they are settled and it was in force.",
            span=days(*effect.window), before=DAYS_BEFORE, after=DAYS_AFTER,
        )  # fmt: skip
    asked = tuple(f"{each:%Y-%m-%d}" for each in effect.window)
    if isinstance(case, Case) and asked == IDLIB_WINDOW and effect.truce == case.truces[IDLIB_TRUCE]:
        return say(
            "Days compared: {span}. They come with the bundled case, whose question is that of a press article of its "
            "last day; who makes the report may declare others.",
            span=days(*effect.window),
        )
    return say(
        "Days compared: {span}. Whoever made this report declared them; the usual ones are up to {before} days before "
        "the truce’s first day and up to {after} from it on.",
        span=days(*effect.window), before=DAYS_BEFORE, after=DAYS_AFTER,
    )  # fmt: skip


def overview(found: Sequence[Findings], refused: Sequence[Refused]) -> str:
    """All comparisons of a report in one sentence: how many lie on which side, and how many could not be made."""
    return counted_by_side(found[0].daily.unit, *by_side(found, refused))


def by_side(found: Sequence[Findings], refused: Sequence[Refused]) -> tuple[int, int, int, int]:
    """How many comparisons are lower, higher, not detectably different, and not made."""
    verdicts = [verdict(each.effect) for each in found]
    lower, higher = verdicts.count("lower"), verdicts.count("higher")
    return lower, higher, len(found) - lower - higher, len(refused)


def counted_by_side(unit: str, lower: int, higher: int, same: int, refused: int) -> str:
    """Comparisons by what they say."""
    number = {"n": lower + higher + same + refused, "lower": lower, "higher": higher, "same": same}
    if refused:
        return say(
            "Counted {unit} before a truce and from it on, {n} comparisons: lower after it in {lower}, higher in "
            "{higher}, not detectably different in {same}, not possible in {refused}.",
            unit=unit,
            refused=refused,
            **number,
        )
    return say(
        "Counted {unit} before a truce and from it on, {n} comparisons: lower after it in {lower}, higher in {higher}, "
        "not detectably different in {same}.",
        unit=unit,
        **number,
    )


def sides_in_numbers(lower: int, higher: int, same: int, refused: int) -> str:
    """The same as a line below the comparisons."""
    number = {"lower": lower, "higher": higher, "same": same}
    if refused:
        return say(
            "lower: {lower}, higher: {higher}, not detectably different: {same}, not compared: {refused}",
            refused=refused, **number,
        )  # fmt: skip
    return say("lower: {lower}, higher: {higher}, not detectably different: {same}", **number)


def left_out(areas: Sequence[str]) -> str:
    """Which areas are not on the page, as there is no record of them."""
    if len(areas) == 1:
        return say(
            "One area is left out, as there is no record of it: {area}. Check how the records name it.", area=areas[0]
        )
    return say(
        "{n} areas are left out, as there is no record of them: {areas}. Check how the records name them.",
        n=len(areas),
        areas=", ".join(areas),
    )


def averted(effect: TruceEffect) -> str:
    """Counterfactual and averted toll in words; a negative or undecided difference is said plainly."""
    expected = (
        f"Had the rate before gone on, {with_unit(count(effect.counterfactual), effect.daily.unit)} "
        f"({of_level(effect.level)} interval {count(effect.counterfactual_lower)} to "
        f"{count(effect.counterfactual_upper)}) would be expected from "
        f"{days(effect.truce.effective, effect.window[1])}; "
        f"{low_best_high(*effect.rates.loc['after', ['low', 'best', 'high']])} were counted, "
        f"{count(effect.counterfactual - effect.averted)} by the fitted rate."
    )
    interval = f"{count(abs(effect.averted))} ({count(effect.averted_lower)} to {count(effect.averted_upper)})"
    if effect.averted_lower > 0:
        return f"{expected} Against the fitted rate that is {interval} fewer."
    if effect.averted_upper < 0:
        upper, lower = count(-effect.averted_lower), count(-effect.averted_upper)
        return (
            f"{expected} Against the fitted rate that is {count(-effect.averted)} ({lower} to {upper}) more, not fewer."
        )
    direction = "fewer" if effect.averted >= 0 else "more"
    return (
        f"{expected} The difference, {count(abs(effect.averted))} {direction}, has an interval that includes zero "
        f"({count(effect.averted_lower)} to {count(effect.averted_upper)} fewer): no difference is shown."
    )


def date_set(location_set: pd.DatetimeIndex) -> str:
    """30 August to 3 September 2019 and 16 to 28 September 2019 (18 days); many blocks as one span."""
    blocks = consecutive(location_set)
    if len(location_set) == 1:
        return f"{day(location_set[0])} alone"
    if len(blocks) > MAX_BLOCKS:
        return f"{days(location_set[0], location_set[-1])} ({len(location_set)} days, not all consecutive)"
    return f"{' and '.join(days(block[0], block[-1]) for block in blocks)} ({len(location_set)} days)"


def changes_in_words(changes: Changepoints, *truces: Truce) -> list[str]:
    """One sentence per change, its set before its best point, and which of the truces' dates the set holds."""
    sentences = []
    for number, (best, location_set) in enumerate(zip(changes.dates, changes.location_sets, strict=True)):
        old, new = changes.regimes["rate"].iloc[number], changes.regimes["rate"].iloc[number + 1]
        moved = "A fall" if new < old else "A rise"
        sentence = (
            f"{moved}, whose first day lies, with nominally {of_level(changes.level)} probability, among these: "
            f"{date_set(location_set)}."
        )
        if len(location_set) > 1:
            sentence += f" {day(best)} fits best, but the other days of the set cannot be ruled out."
        sentence += f" If it came on the best-fitting day, the rate went from {rate(old)} to {rate(new)} a day."
        following = changes.regimes.iloc[number + 1]
        if following["first"] == following["last"] < changes.window[1]:
            sentence += f" That rate holds on {day(best)} alone: read this change and the next as one event."
        for truce in truces:
            if truce.effective in location_set:
                sentence += f" The set contains {day(truce.effective)}, the first day of the truce."
            elif truce.announced is not None and truce.announced in location_set:
                sentence += f" The set contains {day(truce.announced)}, the day the truce was announced."
        sentences.append(sentence)
    if not sentences:
        first, last = changes.window
        sentences.append(
            f"No change of rate was found between {day(first)} and {day(last)}: one constant rate, "
            f"{rate(changes.regimes['rate'].iloc[0])} a day, describes the counts as well as several would."
        )
    return sentences


def detected(changes: Changepoints, truce: Truce) -> str:
    """What the search, told nothing of the truce, says of its date: the set that holds it, or that none does."""
    for number, location_set in enumerate(changes.location_sets):
        if truce.effective in location_set:
            old, new = changes.regimes["rate"].iloc[number], changes.regimes["rate"].iloc[number + 1]
            direction = "a fall" if new < old else "a rise"
            return f"{direction}, first day among {date_set(location_set)}"
    return UNDETECTED


def changed_too(changes: Changepoints, effect: TruceEffect) -> list[str]:
    """Changes of rate that surely fall among the days of one side of a comparison, which is of that side's average."""
    (first, last), cut = effect.window, effect.truce.effective
    rates = changes.regimes["rate"]
    return [
        f"The rate also changed within the days compared, from {rate(old)} to {rate(new)} a day, first day among "
        f"{date_set(each)}: the comparison is of averages."
        for each, old, new in zip(changes.location_sets, rates.iloc[:-1], rates.iloc[1:], strict=True)
        if first < each[0] and each[-1] <= last and not each[0] <= cut <= each[-1]
    ]


class Weakness(NamedTuple):
    """What a reader must know before quoting the headline, and the table of the page that holds its numbers."""

    sentence: str
    table: str


def weaknesses(findings: Findings) -> list[Weakness]:
    """The effect's own warnings, and what the data show."""
    from conflictts.report.claims import uneven_coverage
    from conflictts.report.sensitivity import shaky_choices

    effect, daily, ledger = findings.effect, findings.daily, findings.incidents.ledger
    said = [Weakness(f"{begun(warning)}.", "table-checks") for warning in effect.warnings]
    said += [Weakness(sentence, "table-truces") for sentence in announced_far_off(effect.truce)]
    for name, other in findings.windows.items():
        if isinstance(other, TruceEffect) and (
            verdict(other) != verdict(effect) or not effect.lower <= other.rate_ratio <= effect.upper
        ):
            said.append(Weakness(
                f"Over another window ({name}, {days(*other.window)}) the rate ratio is {ratio(other.rate_ratio)} "
                f"({ratio(other.lower)} to {ratio(other.upper)}): the finding depends on the days compared.",
                "table-windows",
            ))  # fmt: skip
    if not isinstance(findings.changes, str):
        said += [Weakness(sentence, "table-regimes") for sentence in changed_too(findings.changes, effect)]
    if findings.claims is not None:
        said += [Weakness(sentence, "table-bias") for sentence in uneven_coverage(findings.claims)]
    if not isinstance(findings.sensitivity, str):
        said += [Weakness(sentence, "table-combinations") for sentence in shaky_choices(findings.sensitivity)]
    if not isinstance(findings.opinions.mix, str):
        said += [Weakness(f"{begun(warning)}.", "table-mix") for warning in findings.opinions.mix.warnings]
    through = daily.provenance.data_through if daily.provenance is not None else None
    said += [Weakness(sentence, "table-series") for sentence in silences(daily, *recorded(findings), through)]
    if ledger.n_quarantined:
        said.append(Weakness(quarantined(ledger), "table-rows"))
    return said


def announced_far_off(truce: Truce) -> list[str]:
    """Whether the announcement lies so far from the first day in force that one of the two may be a slip."""
    if truce.announced is None or abs((truce.effective - truce.announced).days) <= MAX_ANNOUNCED:
        return []
    apart = (truce.effective - truce.announced).days
    side = "before" if apart > 0 else "after"
    return [
        f"The truce is said to be announced on {day(truce.announced)}, {abs(apart):,} days {side} its first day in "
        f"force, {day(truce.effective)}: check both days."
    ]


def silences(daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp, through: pd.Timestamp | None) -> list[str]:
    """Ends of the coverage without any record though they were watched, and days beyond those the source holds.

    Parameters
    ----------
    daily : DailySeries
        Days of declared gaps, and those beyond what the source holds, are unobserved in it.
    first, last : Timestamp
        First and last day with a record.
    through : Timestamp or None
        The last day the source holds by its own word.
    """
    said = [
        f"The source has no record at all in {len(silent)} days declared as covered ({days(silent[0], silent[-1])}). "
        "If it did not watch them, they are no zeros: correct the coverage."
        for silent in silent_ends(daily, first, last)
        if len(silent) > MAX_SILENCE
    ]
    start, end = daily.coverage
    if through is not None and through < end:
        beyond = max(start, through + pd.Timedelta(days=1))
        said.append(
            f"The source holds data through {day(through)} by its own word: {days(beyond, end)}, declared as covered "
            "too, is left out as not observed."
        )
    return said


def silent_ends(
    daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """The watched days before the first day with a record, and those after the last."""
    watched = pd.DatetimeIndex(daily.table.index[daily.table["status"] != "unobserved"])
    return watched[watched < first], watched[watched > last]


def recorded(findings: Findings) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first and the last day of any record, wherever it lies."""
    table = findings.incidents.table
    return table["date_start"].min(), table["date_end"].max()


def quarantined(ledger: Ledger) -> str:
    """How many rows were at fault."""
    lost, are = ledger.n_quarantined, "is" if ledger.n_quarantined == 1 else "are"
    return f"{lost:,} of {ledger.read:,} rows {are} in quarantine and not counted; see “How good the data are”."


def shared_names(ledger: Ledger, by: Sequence[str]) -> list[str]:
    """How many records lie in areas, as they are counted, whose name another country's or area's has too."""
    return [
        f"Records in {areas}: {records:,}. Each such name is one area here, and its numbers are of all of them "
        f"together. Count {remedy} to tell them apart."
        for areas, records, remedy in _shared(ledger, by)
    ]


def names_in_numbers(ledger: Ledger, by: Sequence[str]) -> list[tuple[str, str]]:
    """The same, one figure a line."""
    return [(f"Records in {areas}", f"{records:,}") for areas, records, _ in _shared(ledger, by)]


def _shared(ledger: Ledger, by: Sequence[str]) -> list[tuple[str, int, str]]:
    """Which areas have a name in common, how many records lie in them, and how to count them apart."""
    found = []
    for warning, told_of, areas, remedy in (
        (SHARED, "admin1", "areas of a name that several countries have", "one country at a time"),
        (SHARED_DISTRICTS, "admin2", "districts of a name that several first-order areas have", "by admin1 and admin2"),
    ):
        records = int(ledger.warnings.loc[ledger.warnings["warning"] == warning, "records"].sum())
        if records and told_of in by:
            found.append((areas, records, remedy))
    return found


def begun(text: str) -> str:
    """The text with a capital letter at its beginning."""
    return f"{text[:1].upper()}{text[1:]}"


def ahead(truce: Truce) -> str:
    """How many days lie between a truce's announcement and its first day in force; blank where there are none."""
    apart = 0 if truce.announced is None else (truce.effective - truce.announced).days
    if apart == 0:
        return ""
    return f"{so_many(abs(apart), 'day')} {'before' if apart > 0 else 'after'} it took effect"


def in_days(total: float, days: int, unit: str) -> str:
    """What was counted in a phase."""
    return f"{with_unit(count(total), unit)} in {so_many(days, 'day')}"


def checks_in_words(effect: TruceEffect) -> list[tuple[str, str]]:
    """What was looked at before the effect was trusted, and what was found; the same that its warnings are made of."""
    said = {
        "fortnight_before": ("Rate a day in the fortnight before", rate),
        "largest_day_before": ("Share of the toll before on its largest day", share),
        "largest_day_after": ("Share of the toll after on its largest day", share),
        "with_trend": ("Rate ratio with a straight trend beside the step", ratio),
        "without_trend": ("Rate ratio without the trend", ratio),
        "without_other_truces": ("Rate ratio without the days of other truces", ratio),
    }
    rows = [("Toll before and after", f"{count(effect.rates.loc['before', 'best'])} and "
             f"{count(effect.rates.loc['after', 'best'])}")]  # fmt: skip
    for name, (value, lower, upper) in zip(effect.checks.index, effect.checks.to_numpy(), strict=True):
        what, put = said[name]
        rows.append((what, put(value) if math.isnan(lower) else f"{put(value)} ({put(lower)} to {put(upper)})"))
    rows.append(("Times that memory between days multiplies the variance", f"{effect.inflation:.1f}"))
    if effect.method == "nb-avar":
        rows.append(("Times the squared mean that days vary beyond chance", f"{effect.alpha:.2f}"))
    return rows


def series_in_numbers(findings: Findings) -> list[tuple[str, str]]:
    """What the daily series is made of, one figure a line."""
    daily = findings.daily
    return [
        *days_in_numbers(daily, *recorded(findings)),
        (f"{begun(daily.unit)} in all", low_best_high(*daily.table[["low", "best", "high"]].sum())),
        ("Share of the total from records that span several days", percent(daily.allocated, digits=1)),
        ("Records without a lower bound", f"{daily.no_lower_bound:,}"),
        ("Records without an upper bound", f"{daily.no_upper_bound:,}"),
        *([("Days with low, best and high in another order", f"{out_of_order(daily):,}")] * (out_of_order(daily) > 0)),
    ]


def days_in_numbers(daily: DailySeries, first: pd.Timestamp, last: pd.Timestamp) -> list[tuple[str, str]]:
    """Which days a series has, those before the first and after the last day with a record too."""
    status = daily.table["status"]
    before, after = silent_ends(daily, first, last)
    return [
        ("Days covered", f"{len(status):,}"),
        ("Of them not observed", f"{(status == 'unobserved').sum():,}"),
        ("Of them provisional", f"{(status == 'provisional').sum():,}"),
        ("Of them watched, before any record", f"{len(before):,}"),
        ("Of them watched, after all records", f"{len(after):,}"),
        ("Reporting lag", daily.reporting_lag),
    ]


def growth_in_numbers(erosion: Erosion) -> list[tuple[str, str]]:
    """Growth per week over a truce's days, and after how many days it is back at shares of the rate before."""
    ends = f"{hundredths(erosion.lower)} to {hundredths(erosion.upper)}"
    rows = [("Growth a week", f"{hundredths(erosion.per_week)} ({ends})")]
    for part, (number, lower, upper) in zip(
        erosion.back.index, erosion.back[["days", "lower", "upper"]].to_numpy(dtype=float), strict=True
    ):
        said = "–"
        if math.isfinite(number):
            said = f"{number:,.0f} ({lower:,.0f} {f'to {upper:,.0f}' if math.isfinite(upper) else 'or more'})"
        elif math.isfinite(lower):
            said = f"{lower:,.0f} or more"
        rows.append((f"Days until {share(part)} of the rate before is back", said))
    return rows


def days_not_settled(daily: DailySeries) -> list[str]:
    """Which days were not observed or are still provisional, and what is done with them; else that there are none."""
    status = daily.table["status"]
    unobserved, provisional = (int((status == name).sum()) for name in ("unobserved", "provisional"))
    said = ["No day in it is marked as unobserved."]
    if unobserved:
        were = "day in it was not observed: it is" if unobserved == 1 else "days in it were not observed: they are"
        said = [f"{unobserved} {were} hatched, and left out, not counted as 0."]
    if daily.reporting_lag == LAG_UNKNOWN:
        said.append("The source's reporting lag is not known, so no day is marked provisional: latest days may rise.")
    elif provisional:
        blocks = consecutive(pd.DatetimeIndex(status.index[status == "provisional"]))
        spans = " and ".join(days(block[0], block[-1]) for block in blocks)
        if len(blocks) > MAX_BLOCKS:
            spans = f"{days(blocks[0][0], blocks[-1][-1])}, with gaps"
        said.append(
            f"1 day is provisional ({spans}): late records may still raise it. It is drawn as an outlined bar on dots "
            f"and enters no fit, test or interval. Reporting lag: {daily.reporting_lag}."
            if provisional == 1
            else f"{provisional} days are provisional ({spans}): late records may still raise them. They are drawn as "
            f"outlined bars on dots and enter no fit, test or interval. Reporting lag: {daily.reporting_lag}."
        )
    else:
        said.append(f"No day is provisional. Reporting lag: {daily.reporting_lag}.")
    return said


def added_up(daily: DailySeries) -> str:
    """What the series holds over all its days, with its bounds."""
    toll = low_best_high(*daily.table[["low", "best", "high"]].sum())
    figures = "low–best–high" if "–" in toll else "low, best and high alike"
    return f"The series adds up to {with_unit(toll, daily.unit)} ({figures})."


def out_of_order(daily: DailySeries) -> int:
    """On how many days a low figure lies above the best, or the best above the high, as their source states them."""
    low, best, high = (daily.table[name] for name in ("low", "best", "high"))
    return int(((low > best * (1 + 1e-9)) | (best > high * (1 + 1e-9))).sum())


def missing_bounds(daily: DailySeries) -> list[str]:
    """How many records state no lower or upper bound, and what stands in its place; and days of bounds out of order."""
    n_days = out_of_order(daily)
    if not n_days:
        return _missing_bounds(daily)
    return [
        *_missing_bounds(daily),
        f"On {so_many(n_days, 'day')} low, best and high do not lie in this order, as the source states them: they are "
        "added up as they are, and figures draw the range from the least to the greatest.",
    ]


def _missing_bounds(daily: DailySeries) -> list[str]:
    if daily.no_lower_bound == daily.no_upper_bound > 0:
        if daily.no_lower_bound == 1:
            return ["1 record states no bounds: low and high repeat its best figure."]
        return [f"{daily.no_lower_bound:,} records state no bounds: low and high repeat their best figure."]
    sentences = []
    for number, word, column in ((daily.no_lower_bound, "lower", "low"), (daily.no_upper_bound, "upper", "high")):
        if number:
            sentences.append(
                f"{number:,} {'record states' if number == 1 else 'records state'} no {word} bound; "
                f"{'its' if number == 1 else 'their'} best figure stands in for it, so “{column}” is not "
                f"a {'floor' if word == 'lower' else 'ceiling'}."
            )
    return sentences
