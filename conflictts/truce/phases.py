"""Names for the stretches of a truce's days: calm, eroding, collapsed or none of these, and the day each began."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.series.daily import DailySeries
from conflictts.series.numerals import so_many
from conflictts.truce.beginnings import beginnings
from conflictts.truce.changepoints import Changepoints, detect_changepoints, drawn_counts, searched_days
from conflictts.truce.design import make_design
from conflictts.truce.erosion import Erosion, measure_erosion
from conflictts.truce.locations import smallest_set, split_probabilities
from conflictts.truce.negbin import NegBinFit, fit_negbin
from conflictts.truce.period import Truce
from conflictts.truce.ratios import hundredths, with_limits
from conflictts.truce.stretches import UNKNOWN, Triple, rate_of, ratio_to, ratio_were_nothing_changed
from conflictts.truce.window import (
    MAX_MISSING,
    MIN_DAYS_AFTER,
    MIN_DAYS_BEFORE,
    MIN_EFFECTIVE_COUNTERFACTUAL,
)

Outcome = Literal["calm", "eroding", "collapsed", "expired", "over", "not calm", "undetermined"]
EARLIEST, LATEST = -7, 21  # days from the truce's first day on which the calm may have begun
MIN_BAYES_FACTOR = 3.0  # below, "not worth more than a bare mention" (Kass & Raftery)
LEAST = 7  # days of a phase whose beginning is dated by the erosion's growth
COLUMNS = [
    "phase", "first", "last", "set_first", "set_last", "set_days", "days", "total", "rate", "lower", "upper",
    "ratio", "ratio_lower", "ratio_upper", "established", "rule",
]  # fmt: skip


@dataclass(slots=True)
class Part:
    """A stretch of the truce's days on its way to a name."""

    first: int  # position in the window
    set_: pd.DatetimeIndex
    how: str
    ratio: Triple = UNKNOWN
    phase: str = ""
    rule: str = ""
    established: bool = True
    until: int = 0  # position of the next change, even one after which the name is the same


class Telling:
    """The steps from counts to named phases, over the days before a truce, those of it, and those after its end.

    `tell` fills `parts`, the phases in order; `erosion`, the growth over the truce's days; and `reasons`.
    """

    def __init__(
        self,
        daily: DailySeries,
        truce: Truce,
        days: pd.DatetimeIndex,
        counts: np.ndarray,
        ended: pd.Timestamp | None,
        share: float,
        level: float,
        fixed_term: bool,
        others: tuple[Truce, ...],
    ) -> None:
        """`days` and `counts` begin before the truce; `ended` is the first day no longer in force, or None."""
        self.daily, self.truce, self.days, self.counts = daily, truce, days, counts
        self.searched = daily  # but for the events
        self.events = daily.settled.iloc[:0]  # single days that would make a phase
        self.share, self.level, self.fixed_term, self.others = share, level, fixed_term, others
        self.start = (truce.effective - days[0]).days
        self.baseline = self.start  # days of the rate before, to which all ratios are: fewer where the calm began early
        self.end = len(days) if ended is None else (ended - days[0]).days  # of the truce's days, half-open
        self.ended = ended is not None
        self.day_of_week = days.day_of_week.to_numpy()
        self.reasons: list[str] = []
        self.erosion: Erosion | None = None
        self.changes: Changepoints | None = None  # among the truce's days
        self.parts: list[Part] = []

    def tell(self) -> None:
        """Name the phases."""
        thin = self._too_thin()
        if thin:
            self.reasons.append(thin)
            parts = [Part(self.start, self.days[:0], "", phase="undetermined", rule=thin, established=False)]
        else:
            self._warn_of_others()
            self.changes = self._changes_within((self.truce.effective, self.days[self.end - 1]))
            self.reasons += [
                f"{day:%Y-%m-%d} ({count:,.10g}) would make a phase by itself: one day is an event and no change of "
                "rate, so neither the search for changes nor the growth per week takes it in; it counts in every "
                "total, rate and ratio"
                for day, count in self.events.items()
            ]
            self._measure_erosion()
            parts = self._named(self._parts())
            if self.daily.draws is not None:
                self.reasons.append(
                    "how records of several days were dated (draws) enters the sets of changes among the truce's days "
                    "alone, no rate and no ratio"
                )
        if self.ended:
            parts = [*parts, self._aftermath()]
        rule = f"the {self.baseline} days before the {'truce took effect' if self.baseline == self.start else 'calm'}"
        first = Part(0, self.days[:0], "", (1.0, np.nan, np.nan), "before", rule)
        self.parts = self._joined([first, *parts])
        if self.changes is not None:
            self._date(self.changes)

    @property
    def outcome(self) -> Outcome:
        """What became of the truce, in a word."""
        names = [part.phase for part in self.parts]
        if "undetermined" in names:
            return "undetermined"
        if "collapsed" in names:
            return "collapsed"
        if not {"calm", "eroding"} & set(names):
            return "not calm"
        last: Any = names[-1]
        return cast(Outcome, last)

    def table(self) -> pd.DataFrame:
        """One row per phase, as `TruceCourse.phases` says."""
        ends = [*(part.first for part in self.parts[1:]), len(self.days)]
        steady = self._steady_before()
        rows = [self._row(part, end, steady) for part, end in zip(self.parts, ends, strict=True)]
        return pd.DataFrame(rows, columns=COLUMNS)

    def _only(self, first: int, end: int, counts: np.ndarray | None = None) -> np.ndarray:
        part = np.full(len(self.counts), np.nan)
        part[first:end] = (self.counts if counts is None else counts)[first:end]
        return part

    def _ratio(self, first: int, end: int, level: float | None = None, *, events: bool = True) -> Triple:
        """Rate of the days from `first` to before `end` over the rate before, with its interval."""
        counts = self._only(first, end, None if events else self._but_for_events(end))
        return ratio_to(self._only(0, self.baseline), counts, self.baseline, self.day_of_week, level or self.level)

    def _too_thin(self) -> str:
        settled = int(np.append(0, np.flatnonzero(np.isfinite(self.counts)) + 1)[-1])  # provisional days come later
        for name, part, least in (
            ("before the truce", self.counts[: self.start], MIN_DAYS_BEFORE),
            ("while it was in force", self.counts[self.start : min(self.end, settled)], MIN_DAYS_AFTER),
        ):
            seen = int(np.isfinite(part).sum())
            if seen < least:
                return f"only {so_many(seen, 'observed day')} {name}, at least {least} are needed"
            if seen < (1 - MAX_MISSING) * len(part):
                return f"{1 - seen / len(part):.0%} of the days {name} are not observed, at most a fifth may be"
        before = self.counts[: self.start]
        if np.nansum(before) == 0:
            return "no counts before the truce, so there is no rate to fall from"
        steady = self._steady_before()
        if steady is None:
            return "the days before the truce do not carry a rate: one enormous day outweighs all others"
        mean = float(np.nanmean(before))
        expected = mean * int(np.isfinite(self.counts[self.start : self.end]).sum())
        worth = expected / (1 + steady.alpha * mean)
        if worth < MIN_EFFECTIVE_COUNTERFACTUAL:
            return (
                f"the rate before would have brought {expected:.1f} while the truce was in force, worth {worth:.1f} "
                f"independent events; at least {MIN_EFFECTIVE_COUNTERFACTUAL:g} are needed"
            )
        return ""

    def _warn_of_others(self) -> None:
        named = [
            other.name
            for other in self.others
            if other.effective < self.truce.effective and (other.ended is None or other.ended > self.days[0])
        ]
        if named:
            self.reasons.append(
                f"other truces among the days before ({', '.join(named)}): their rate is not free of truces"
            )

    def _measure_erosion(self) -> None:
        counts = self._but_for_events(self.end)
        counts[self.baseline : self.start] = np.nan  # days of a calm that began early are none of those before
        try:
            self.erosion = measure_erosion(counts, self.start, self.days, share=self.share, level=self.level)
        except TooLittleData as refusal:
            self.reasons.append(f"no growth per week could be told: {str(refusal).removesuffix('.')}")

    def _parts(self) -> list[Part]:
        """The truce's days cut where their rate changed."""
        parts = [Part(self.start, self.days[:0], "")]
        window = (self.truce.effective, self.days[self.end - 1])
        if self.changes is None:  # no counts at all: the calm is complete
            return parts
        found = "a change of rate found among the truce's days, none given"
        for date, set_ in zip(self.changes.dates, self.changes.location_sets, strict=True):
            parts.append(Part((date - self.days[0]).days, set_, found))
        if len(parts) == 1 and self.erosion is not None and self.erosion.lower > 1:
            split = self._one_split(window)
            if split is not None:
                grown = (
                    f"the rate grew by a factor of {hundredths(self.erosion.per_week)} a week "
                    f"({hundredths(self.erosion.lower)} to {hundredths(self.erosion.upper)}), dated as one change"
                )
                parts.append(Part(*split, grown))
        return parts

    def _changes_within(self, window: tuple[pd.Timestamp, pd.Timestamp]) -> Changepoints | None:
        """Changes of rate, single days left out that would make a phase; None where nothing else happened."""
        try:
            changes = detect_changepoints(self.searched, window=window, level=self.level)
        except TooLittleData:
            return None
        settled = self.searched.settled.dropna()
        later = changes.regimes[["first", "last"]].iloc[1:].itertuples(index=False)
        events = [day for first, last in later for day in self._event_of(settled.loc[first:last])]
        if not events:
            return changes
        table = self.searched.table.copy()
        table.loc[events, ["low", "best", "high"]] = np.nan
        self.searched = replace(self.searched, table=table)
        self.events = pd.concat([self.events, settled.loc[events]]).sort_index()
        return self._changes_within(window)

    def _event_of(self, counts: pd.Series) -> pd.DatetimeIndex:
        """The day, if any, without which a few days would be no phase, or none that reaches the share."""
        others, bound = counts.drop(counts.idxmax()), self.share * float(np.nanmean(self.counts[: self.start]))
        alone = len(counts) == 1 or (len(counts) < LEAST and others.mean() < bound <= counts.mean())
        return counts.index[[counts.argmax()] if alone else []]

    def _but_for_events(self, ended: int) -> np.ndarray:
        """Counts till a position, NaN on days that the search left out."""
        counts = self.counts[:ended].copy()
        counts[self.days[:ended].isin(self.events.index)] = np.nan
        return counts

    def _one_split(
        self, window: tuple[pd.Timestamp, pd.Timestamp], begin: int = LEAST, end: int = -LEAST
    ) -> tuple[int, pd.DatetimeIndex] | None:
        """Best point and set of one change within a window, given that there is one from `begin` to before `end`."""
        from conflictts.truce import _scan

        days, counts, observed = searched_days(self.searched, window)
        stop = len(days) + end if end < 0 else min(end, len(days) - LEAST)
        begin = max(begin, 1)
        if stop - begin < 2:
            return None
        weekday = days.day_of_week.to_numpy().astype(np.int64)
        evidence, before, after, profile, size, factor, phi = _scan.scan(counts, weekday, observed, begin, stop, True)
        best = begin + int(evidence.argmax())
        p = split_probabilities(counts, weekday, observed, profile, size, factor, phi, after - before)[begin:stop]
        if not p.sum() > 0:
            return None
        return (days[best] - self.days[0]).days, days[begin + smallest_set(p, self.level)]

    def _named(self, parts: list[Part]) -> list[Part]:
        ends = [*(part.first for part in parts[1:]), self.end]
        for part, end in zip(parts, ends, strict=True):
            part.ratio = self._ratio(part.first, end)
        at = next((k for k, part in enumerate(parts) if self._is_calm(part, ends[k])), len(parts))
        if 0 < at < len(parts) and parts[at].first <= self.start + LATEST:  # the days until then may be the change's
            joined = Part(self.start, parts[0].set_, parts[0].how)
            joined.ratio = self._ratio(self.start, ends[at])
            if self._is_calm(joined, ends[at]):
                parts, ends, at = [joined, *parts[at + 1 :]], ends[at:], 0
        if at > 0:  # without a calm there is nothing to erode or to collapse
            restless = parts[0]
            end = self.end if at == len(parts) else parts[at].first
            restless.ratio = self._ratio(self.start, end)
            restless.phase, restless.established = "not calm", self._bears("not calm", restless.ratio)
            restless.rule = (
                f"{_in_words(restless.ratio)}: its estimate not below {self.share:g}, or not below 1 throughout an "
                "interval that allows for the search"
            )
            if at == len(parts):
                return [restless]
        calm, sooner = parts[at], parts[:1][:at]
        calm.phase = "calm"
        how = self._onset(calm, ends[0]) if at == 0 else calm.how
        if at == 0 and calm.first != self.start:  # the days before it, its own and all ratios are others now
            self.baseline = min(self.start, calm.first)
            if self.baseline < self.start and self.erosion is not None:
                self._measure_erosion()
            for part, end in zip(parts, ends, strict=True):
                part.ratio = self._ratio(part.first, end)
            if calm.first > self.start:
                ratio = self._ratio(self.start, calm.first)
                rule = f"{_in_words(ratio)}: the truce's days before the change to the calm"
                sure = self._bears("not calm", ratio)
                sooner = [Part(self.start, self.days[:0], "", ratio, "not calm", rule, sure)]
        calm.established = self._bears("calm", calm.ratio)
        said, end = _in_words(calm.ratio), ends[at]
        if self.events.index.isin(self.days[calm.first : end]).any():
            without = self._ratio(calm.first, end, events=False)
            said += f", without the single days left out {with_limits(*without)}"
        calm.rule = f"{said}, below 1 throughout, also allowing for the search; {how}"
        return [*sooner, *self._grown([calm, *self._later(parts[at + 1 :], ends[at + 1 :], calm.ratio[0])])]

    def _is_calm(self, part: Part, end: int) -> bool:
        """Whether the rate of a stretch lies below the share, and apart from events surely below 1."""
        before, counts = self._only(0, self.baseline), self._only(part.first, end, self._but_for_events(end))
        level = self._searched_level(part, end)
        low = part.ratio[0] < self.share and self._ratio(part.first, end, events=False)[2] < 1
        return low and ratio_were_nothing_changed(before, counts, self.baseline, level)[2] < 1

    def _bears(self, phase: str, ratio: Triple) -> bool:
        """Whether the whole interval of a ratio bears the name of a phase."""
        _, lower, upper = ratio
        if phase == "calm":
            return upper < 1
        return upper < self.share if phase == "eroding" else lower >= self.share

    def _searched_level(self, part: Part, end: int) -> float:
        """Level of a stretch's interval that allows for its having been looked for.

        Among the truce's days there are so many places for a stretch of its length, and the search takes the most
        striking: the chance that is left outside the interval is divided by their number (Bonferroni).
        """
        places = (self.end - self.start) / (end - part.first)
        return float(1 - (1 - self.level) / max(places, 1.0))

    def _surely_back(self, part: Part, end: int) -> bool:
        """Whether a stretch's interval at that level reaches the share throughout."""
        return bool(self._ratio(part.first, end, self._searched_level(part, end), events=False)[1] >= self.share)

    def _lasts(self, part: Part) -> bool:
        """Whether the days from a stretch's first on, all together, reach the share, and are not too few to say so."""
        rest = self._only(part.first, self.end)
        ratio = self._ratio(part.first, self.end, events=False)[0]
        return bool(ratio >= self.share) and int(np.isfinite(rest).sum()) >= MIN_DAYS_AFTER

    def _onset(self, calm: Part, end: int) -> str:
        """Date the calm's beginning: the truce's own first day, if the set of the change's first day holds it."""
        found = self._one_split((self.days[0], self.days[end - 1]), self.start + EARLIEST, self.start + LATEST + 1)
        if found is None:
            return "the truce's own first day"
        best, calm.set_ = found
        if self.truce.effective in calm.set_:
            return "the truce's own first day, which the set of the change holds"
        calm.first = best
        return "the change's best point, as its set does not hold the truce's first day"

    def _later(self, parts: list[Part], ends: list[int], lowest: float) -> list[Part]:
        """Name the stretches after the first calm."""
        for part, end in zip(parts, ends, strict=True):
            ratio = part.ratio[0]
            said = f"{part.how}; {_in_words(part.ratio)}"
            if ratio >= self.share:
                part.phase = "collapsed" if self._lasts(part) or self._surely_back(part, end) else "eroding"
            else:
                part.phase = "eroding" if ratio > lowest else "calm"
            part.established = self._bears(part.phase, part.ratio)
            if part.phase == "collapsed":
                how = "its interval throughout" if part.established else "its estimate, not its whole interval"
                part.rule = f"{said}: {how} reaches {self.share:g}"
            elif ratio >= self.share:
                part.rule = f"{said}: reaches {self.share:g}, but neither lasting nor surely"
            elif part.phase == "eroding":
                how = "" if part.established else ", by its estimate, not its whole interval"
                part.rule = f"{said}: above the calm's, below {self.share:g}{how}"
            else:
                part.rule = f"{said}: as low as the calm"
            lowest = min(lowest, ratio)
        return parts

    def _grown(self, parts: list[Part]) -> list[Part]:
        """Cut an unsure jump to a collapse where the days cannot tell it from steady growth."""
        erosion = self.erosion
        if len(parts) != 2 or parts[1].phase != "collapsed" or parts[1].established or erosion is None:
            return parts
        back = None if not erosion.lower > 1 else erosion.back["days"].iloc[0]
        if back is None or not np.isfinite(back):
            return parts
        jump = parts[1]
        at = self.start + int(np.ceil(back))
        if not jump.first + LEAST <= at <= self.end - LEAST or not self._growth_is_as_good(jump.first):
            return parts
        early, late = self._ratio(jump.first, at), self._ratio(at, self.end)
        if not late[0] >= self.share:
            return parts
        eroding_rule = f"{jump.how}; {_in_words(early)}: until the fitted growth reaches {self.share:g}"
        upper = erosion.back["upper"].iloc[0]
        if not np.isfinite(upper) or upper > self.end - self.start:
            self.reasons.append(
                "the collapse is a best estimate: at the last day the interval of the growing rate still reaches below "
                f"{self.share:g} of the rate before"
            )
        sure = self._bears("eroding", early)
        eroding = Part(jump.first, jump.set_, jump.how, early, "eroding", eroding_rule, sure)
        sure = self._bears("collapsed", late)
        collapsed = Part(
            at, jump.set_, "", late, "collapsed",
            f"the fitted growth reaches {self.share:g} of the rate before on this day (a jump on "
            f"{self.days[jump.first]:%Y-%m-%d} is not plainly likelier); {_in_words(late)}: "
            f"{'its interval throughout' if sure else 'its estimate'} reaches {self.share:g}",
            sure,
        )  # fmt: skip
        return [parts[0], eroding, collapsed]

    def _growth_is_as_good(self, jump: int) -> bool:
        """Whether the days cannot tell growth from a jump: Bayes factor of the jump under 3, its day unknown.

        The jump's likelihood is averaged over its possible days; the difference of log-likelihoods is divided by the
        factor by which memory multiplies the variance of the growth.
        """
        from conflictts.truce import _scan

        counts = self._but_for_events(self.end)
        design = make_design(
            counts, first_after=self.start, day_of_week=self.day_of_week[: self.end], model="level", weekday=True,
            transition=0, offset=None,
        )  # fmt: skip
        fits = []
        for column in (np.maximum(design.used - self.start, 0) / 7, (design.used >= jump).astype(float)):
            matrix = np.column_stack([design.matrix[:, :2], column, design.matrix[:, 2:]])
            try:
                fits.append(fit_negbin(design.counts, matrix, slow_columns=3, day=design.used))
            except TooLittleData:
                return False
        days, values, observed = searched_days(self.searched, (self.truce.effective, self.days[self.end - 1]))
        weekday = days.day_of_week.to_numpy().astype(np.int64)
        evidence, *_, factor, _ = _scan.scan(values, weekday, observed, LEAST, len(days) - LEAST, True)
        averaged = float(np.log(np.mean(np.exp((evidence - evidence.max()) * factor / 2))))
        for_jump = fits[1].log_likelihood + averaged - fits[0].log_likelihood
        memory = max(fits[0].inflation(np.eye(matrix.shape[1])[2]), 1.0)
        return bool(for_jump / memory < np.log(MIN_BAYES_FACTOR))

    def _date(self, changes: Changepoints) -> None:
        """Give erosion and collapse after each calm the sets of their first days, over all courses that have them."""
        from conflictts.truce import _path, _segment

        counts, observed = searched_days(self.searched, (self.days[0], self.days[self.end - 1]))[1:]
        day_of_week = self.day_of_week[: self.end].astype(np.int64)
        arrays = counts, day_of_week, observed
        *_, factor, phi = _segment.find_changes(*arrays, _path.rate_grid(counts, observed), 0.0, True, 1)
        draws = drawn_counts(self.daily, self.days[: self.end], observed)
        bound, steady = self.share * float(np.nanmean(self.counts[: self.baseline])), self._steady_before()
        spread = 0.0 if steady is None else steady.standard_error(np.ones(1))
        noise = changes.weekday_profile.to_numpy(copy=True), changes.size, factor, phi  # of the kind that is compiled
        for k, part in enumerate(self.parts):
            names = [later.phase for later in self.parts[k + 1 : k + 3]]
            n_later = 2 if names == ["eroding", "collapsed"] else int(names[:1] in (["eroding"], ["collapsed"]))
            if part.phase != "calm" or n_later == 0:
                continue
            days = slice(part.first, min(self.parts[k + n_later].until, self.end))
            p = np.mean(
                [
                    beginnings(
                        np.ascontiguousarray(each[days]), day_of_week[days], observed[days], bound, spread, *noise
                    )
                    for each in ([counts] if draws is None else draws)
                ],
                axis=0,
            )
            for later in self.parts[k + 1 : k + 1 + n_later]:
                of_days = p[0] if later.phase == "eroding" else p[1]
                if of_days.any():
                    later.set_ = self.days[part.first + smallest_set(of_days, self.level)]

    def _joined(self, parts: list[Part]) -> list[Part]:
        """Join neighbours of one name under the first of them, and tell the ratio of the whole."""
        kept: list[Part] = []
        for part, until in zip(parts, [*(part.first for part in parts[1:]), len(self.days)], strict=True):
            if not kept or kept[-1].phase != part.phase:
                part.until = until
                kept.append(part)
        for part, end in zip(kept, [*(part.first for part in kept[1:]), len(self.days)], strict=True):
            if part.until < end:
                part.ratio = self._ratio(part.first, end)
                part.established |= self._bears(part.phase, part.ratio)
                part.rule += f"; over the whole phase, in which the rate changes further, {_in_words(part.ratio)}"
        return kept

    def _aftermath(self) -> Part:
        """The days after the truce's end."""
        name = "expired" if self.fixed_term else "over"
        rule = "its term ran out" if self.fixed_term else "declared or told to be over"
        last = Part(self.end, self.days[:0], "", phase=name, rule=f"{rule} on {self.days[self.end]:%Y-%m-%d}")
        last.ratio = self._ratio(self.end, len(self.days))
        return last

    def _steady_before(self) -> NegBinFit | None:
        """One steady rate fitted to the days before; None where they cannot carry it."""
        day = np.flatnonzero(np.isfinite(self.counts[: self.start]))
        seen = self.counts[day]
        try:
            return fit_negbin(seen, np.ones((len(seen), 1)), slow_columns=1, day=day) if seen.sum() > 0 else None
        except TooLittleData:
            return None

    def _row(self, part: Part, end: int, richer: Any) -> dict[str, Any]:
        counts = self.counts[part.first : end]
        rate = UNKNOWN if richer is None else rate_of(counts, self.level, richer)
        row = {"phase": part.phase, "first": self.days[part.first], "last": self.days[end - 1]}
        row |= {"set_first": part.set_[0] if len(part.set_) else pd.NaT}
        row |= {"set_last": part.set_[-1] if len(part.set_) else pd.NaT, "set_days": len(part.set_)}
        row |= {"days": int(np.isfinite(counts).sum()), "total": float(np.nansum(counts))}
        row |= dict(zip(("rate", "lower", "upper"), rate, strict=True))
        row |= dict(zip(("ratio", "ratio_lower", "ratio_upper"), part.ratio, strict=True))
        return row | {"established": part.established, "rule": part.rule}


def _in_words(ratio: Triple) -> str:
    return f"rate ratio to before {with_limits(*ratio)}"
