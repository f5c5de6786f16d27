"""How a truce lived: before, calm, eroding, collapsed or over, each dated, with its rate and the rule that named it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from conflictts.errors import InputError, require_kind
from conflictts.series.daily import DailySeries
from conflictts.series.numerals import with_unit
from conflictts.series.percent import of_level
from conflictts.truce.erosion import Erosion
from conflictts.truce.period import Truce, Truces, listed
from conflictts.truce.phases import Outcome, Telling
from conflictts.truce.ratios import two_digits
from conflictts.truce.window import ONE_DAY, choose_window, settled_counts


@dataclass(frozen=True, slots=True, eq=False)
class TruceCourse:
    """The phases of one truce.

    Attributes
    ----------
    daily : DailySeries
        The series, kept so that a figure needs only the result.
    truce : Truce
    window : (Timestamp, Timestamp)
        First day before the truce and last day looked at.
    outcome : {"calm", "eroding", "collapsed", "expired", "over", "not calm", "undetermined"}
        "collapsed" if a phase is; "not calm" if none is calm; else "expired" or "over" if the truce ended within the
        window; else the last phase.
    phases : DataFrame, one row per phase
        ``phase`` (before, not calm, calm, eroding, collapsed, expired, over, undetermined), ``first`` (best point) and
        ``last``; ``set_first``, ``set_last`` and ``set_days`` of the days that may have been its first (blank where
        the day is declared, not found); ``days`` observed, ``total``; ``rate`` per day with ``lower`` and ``upper``;
        ``ratio`` to the rate before with ``ratio_lower`` and ``ratio_upper``; ``established`` (False where only the
        best estimate, not its whole interval, bears the name); ``rule`` by which it was named. Intervals are
        conditional on the dates. Where the rate changes within a phase, the ratio is that of all its days.
    first_days : tuple of DatetimeIndex
        For each phase the set of days that may have been its first, at `level`; empty where the day is declared. In
        simulations 95 % sets hold the true first day of a calm in 86 to 100 %, of an erosion in 79 to 99 %, and of a
        collapse in 87 to 100 % where the rate jumps, in 75 to 99 % where it does so in two steps, and in 82 to 98 %
        where it grows steadily (benchmarks/courses.py).
    erosion : Erosion or None
        Growth of the rate per week over the truce's days, and when it brings the rate back; None where too few counts.
    share : float
        Of the rate before; a phase that reaches it is a collapse.
    level : float
        Confidence level of sets and intervals.
    reasons : tuple of str
        Why something is undetermined, or weaker than it looks.
    events : Series
        Counts of single days that would make a phase: a day alone, or one without which fewer than seven would not
        reach the share. They are left out of the search for changes and of the growth, and of nothing else.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> course = ct.truce_course(daily, case.truces["TRC-5"])
    >>> course.phases[["phase", "first", "last"]]
           phase      first       last
    0     before 2019-05-03 2019-08-30
    1       calm 2019-08-31 2019-10-23
    2    eroding 2019-10-24 2019-12-03
    3  collapsed 2019-12-04 2020-01-15
    """

    daily: DailySeries
    truce: Truce
    window: tuple[pd.Timestamp, pd.Timestamp]
    outcome: Outcome
    phases: pd.DataFrame
    first_days: tuple[pd.DatetimeIndex, ...]
    erosion: Erosion | None
    share: float
    level: float
    reasons: tuple[str, ...]
    events: pd.Series

    def summary(self) -> pd.DataFrame:
        """One row per phase: first and last day, the first day's set, rate and ratio with intervals, the rule."""
        return self.phases.set_index("phase")

    def sentence(self) -> str:
        """The phases from the truce on, each with its first day, that day's set and its rate; never a cause.

        A phase is "apparently" one where the estimate bears the name and its interval does not throughout.
        """
        if self.outcome == "undetermined":
            return f"The course of the {self.truce.phrase} is undetermined: {self.reasons[0]}."
        told = []
        for row in self.phases.iloc[1:].itertuples():
            name = "no calm" if row.phase == "not calm" else row.phase
            text = f"{name if row.established else f'apparently {name}'} from {row.first.day} {row.first:%B %Y}"
            if row.set_days > 1:
                first, last = (f"{day.day} {day:%b}" for day in (row.set_first, row.set_last))
                gaps = ", with gaps" if (row.set_last - row.set_first).days >= row.set_days else ""
                text += f" ({of_level(self.level)} set {first} to {last}{gaps})"
            text += f", {two_digits(row.rate)} a day" if row.days else ", not observed"
            told.append(text)
            for day, count in self.events.loc[row.first : row.last].items():
                told.append(f"{count:,.10g} on {day.day} {day:%B %Y} alone")
        before = with_unit(two_digits(self.phases["rate"].iloc[0]), self.daily.unit)
        return f"The {self.truce.phrase}: {'; '.join(told)}; before it {before} a day."


def truce_course(
    daily: DailySeries,
    truce: Truce,
    *,
    share: float = 0.5,
    fixed_term: bool = False,
    other_truces: Truces = (),
    level: float = 0.95,
) -> TruceCourse:
    """Tell the phases of a truce whose date is known.

    The days from the truce on, and they alone, are searched for changes of rate (`detect_changepoints`). Where none is
    found, but the rate grows over them (`Erosion`, whole interval above 1), one change is dated. The stretches are then
    named by their rate's ratio to that of the 120 days before:

    - *calm*: the first whose interval lies below 1 and its estimate below `share`; those before it are *not calm*, and
      so are all if there is none. In days that remember each other some lull is always to be found. So its interval on
      effective counts must lie below 1 too: with the variance of the days before, since a lull that was picked is low
      by chance in its own, and with the chance that it leaves out divided by how often a stretch as long fits into the
      truce's days (Bonferroni);
    - *eroding*: a later one above the calm's rate and below the share, or a burst that reaches it without collapse;
    - *collapsed*: the first later one whose estimate reaches the share and lasts, so that all days from its first on
      reach it together, at least 14 of them observed; one that passes, or has just begun, only if its interval, with
      its chance so divided, reaches the share throughout. Where its plain interval does not, and the days cannot tell
      a jump from steady growth (Bayes factor under 3), the collapse begins on the day on which the fitted growth
      reaches the share, and the days until then are eroding.

    `established` tells whether the whole interval bears the name: of a calm below 1, of an erosion below the share, of
    a collapse from the share on; where the rate changes within a phase, that of its first stretch or of all its days.
    One day is an event and no phase: where it would be a stretch by itself, or is what lifts fewer than seven days to
    the share, the search and the growth leave it out, and whether a calm is sure and a collapse lasts is asked without
    it. Totals, rates and ratios are of all days, and what `established` tells counts it too.

    The sets of an erosion's and a collapse's first day after a calm do not take the number of changes found for true:
    they weigh all courses from the calm on that have such a phase, of one rate each, a collapse also of two, up to the
    next change after it. That the calm collapses at once, erodes, erodes and then collapses, or wears off steadily past
    the share is as likely beforehand, and evidence is divided by the memory factor of all days, those before the truce
    too. The share is one of a rate that is estimated, and the sets are as unsure of it.

    The set of the calm's first day is that of a change near the truce's date. A calm found within three weeks of it is
    dated so too, the days before it being the change's, if with them it is a calm all the same. Where the set does not
    hold the truce's own first day, the calm begins at the change's best point; the rate before is then that of the days
    before both, and days of the truce before it are not calm.

    Parameters
    ----------
    daily : DailySeries
        Unobserved and provisional days are missing, not 0.
    truce : Truce
        Its course is told until it ended, the next truce, or the last day covered.
    share : float, default 0.5
        Of the rate before.
    fixed_term : bool, default False
        Whether the truce ended because its term ran out: then what follows is "expired", otherwise "over".
    other_truces : Truce, or iterable or mapping of Truce, optional
        The next of them ends the course; each has its own.
    level : float, default 0.95
        Confidence level of sets and intervals.

    Returns
    -------
    TruceCourse
        With the one phase "undetermined", and the reason, where there are fewer than 28 observed days before or 14
        after, over a fifth of them missing on a side, or too few counts.

    Raises
    ------
    CoverageError
        If the truce's first day lies outside the series or is its first.
    InputError
        If `share` or `level` does not lie between 0 and 1.

    References
    ----------
    Kass & Raftery (1995), JASA 90(430), 773-795 (Bayes factors and what they are worth).

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> course = ct.truce_course(daily, case.truces["TRC-5"], other_truces=case.truces.values())
    >>> course.phases["phase"].tolist(), course.outcome
    (['before', 'calm', 'eroding', 'collapsed'], 'collapsed')
    """
    require_kind(daily, DailySeries, "daily")
    require_kind(truce, Truce, "truce")
    for name, value in (("share", share), ("level", level)):
        if not 0 < value < 1:
            raise InputError(f"{name} = {value!r} does not lie between 0 and 1. Give a number such as 0.5 or 0.95.")
    first, _ = choose_window(daily, truce, None)
    others = listed(other_truces, "other_truces")
    stop, ended = _last_days(daily, truce, others)
    days, counts = settled_counts(daily, first, stop)
    telling = Telling(daily, truce, days, counts[:, 1], ended, share, level, fixed_term, others)
    telling.tell()
    return TruceCourse(
        daily=daily,
        truce=truce,
        window=(days[0], days[-1]),
        outcome=telling.outcome,
        phases=telling.table(),
        first_days=tuple(part.set_ for part in telling.parts),
        erosion=telling.erosion,
        share=share,
        level=level,
        reasons=tuple(telling.reasons),
        events=telling.events,
    )


def _last_days(daily: DailySeries, truce: Truce, others: Iterable[Truce]) -> tuple[pd.Timestamp, pd.Timestamp | None]:
    """Last day to look at, and the first day no longer in force if that lies before it."""
    last = daily.coverage[1]
    following = [other.effective for other in others if other.effective > truce.effective]
    stop = min([last, *(day - ONE_DAY for day in following)])
    ended = truce.ended if truce.ended is not None and truce.ended <= stop else None
    return stop, ended
