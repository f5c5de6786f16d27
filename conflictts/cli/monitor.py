"""conflictts monitor."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conflictts.cli.kept import later_days, read_series
from conflictts.cli.options import FIGURES, Debug, conditions_of, one_of, require_ending, span_of
from conflictts.cli.program import hand_out, one_sentence, say, write_figure, written_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from conflictts.truce.monitor import Monitor

ALARM = 10
SEED = 1  # of the simulated rises, so that one calm is told of in the same words every day
FITTING = "Only with --fit."


def monitor(
    state: Annotated[str, typer.Argument(metavar="STATE.json", help="The monitor's state; made by --fit.")],
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="[NEW.csv]",
            help="Days to take in, as `conflictts series` or a report's series.csv has them (day, best, status). Days "
            "before the first and days known already do no harm; days that changed are computed anew.",
        ),
    ] = None,
    fit: Annotated[
        str | None, typer.Option(metavar="CALM.csv", help="Make STATE.json from this calm, a series as NEW.csv.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="A:B", help=f"Days of CALM.csv that are the calm. {FITTING}")
    ] = None,
    contract: Annotated[
        str | None,
        typer.Option(
            help="What is promised of false alarms: arl (a year on average to the first), provable (the same, of any "
            f"counts whose mean stays under a ceiling; slower) or yearly (one in a year with 5 %). {FITTING}",
            autocompletion=one_of("truce._contracts", "CONTRACTS"),
        ),
    ] = None,
    days_between: Annotated[
        float | None, typer.Option(metavar="DAYS", help=f"For arl (90 or more) and provable, default 365. {FITTING}")
    ] = None,
    false_alarm: Annotated[float | None, typer.Option(metavar="P", help=f"For yearly, default 0.05. {FITTING}")] = None,
    horizon: Annotated[int | None, typer.Option(metavar="DAYS", help=f"For yearly, default 365. {FITTING}")] = None,
    ceiling: Annotated[
        float | None,
        typer.Option(metavar="RATE", help=f"For provable: per day, default the calm's upper 95 % limit. {FITTING}"),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE", help="Which series, where a file holds several, such as area=Idlib; repeatable."
        ),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(help=f"What the calm counts, for labels, where CALM.csv has no column measure. {FITTING}"),
    ] = None,
    area: Annotated[str | None, typer.Option(help=f"Where, for labels; default as --where names it. {FITTING}")] = None,
    source: Annotated[str | None, typer.Option(help=f"Who counted, for labels. {FITTING}")] = None,
    figure: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the evidence here, as .svg or .png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one line of JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Hold new days against a calm and raise an alarm when the rate has risen.

    Exit code 0: no alarm; 10: alarm, on the last day or on one of the days taken in; 1, 2 and 70 as for all commands.
    """
    with one_sentence(debug):
        import numpy as np

        from conflictts.truce.monitor import Monitor

        require_ending(figure, FIGURES, "--figure")
        options: dict[str, Any] = {"contract": contract, "days_between": days_between, "false_alarm": false_alarm}
        options |= {"horizon": horizon, "ceiling": ceiling, "window": span_of(window, "--window")}
        labels, chosen = {"measure": measure, "area": area, "source": source}, conditions_of(where or [])
        given = {name: value for name, value in (options | labels).items() if value is not None}
        if fit is None:
            if given:
                name = next(iter(given)).replace("_", "-")
                raise typer.BadParameter(f"the calm is fixed once it is fitted. {FITTING}", param_hint=f"--{name}")
            if new is None:
                raise typer.BadParameter("give NEW.csv, or --fit CALM.csv to begin.", param_hint="NEW.csv")
            before = Monitor.from_state(_text_of(state))
        else:
            before = _fitted(state, fit, chosen, given, labels)
        after = before if new is None else before.update(later_days(new, chosen, before))
        since = (
            len(before.counts) if after.recomputed_from is None else after.counts.index.get_loc(after.recomputed_from)
        )
        alarms = after.alarms[after.alarms >= after.evidence.index[since]] if since < len(after.evidence) else []
        alarm = after.alarm or len(alarms) > 0
        if figure is not None:
            from conflictts.figures.monitor import plot_monitor

            write_figure(partial(plot_monitor, after), figure, name="monitor")
        with written_whole(state, "STATE.json") as part:
            part.write_text(after.state + "\n", encoding="utf-8")
        if as_json or not quiet:
            reach = after.reach(rng=np.random.default_rng(SEED))
            if as_json:
                hand_out(json.dumps(_outcome(after, alarm, reach), ensure_ascii=False, allow_nan=False) + "\n")
            else:
                _tell(after, alarms, reach)
        if alarm:
            raise typer.Exit(ALARM)


def _fitted(
    state: str, fit: str, chosen: dict[str, list[str]], given: dict[str, Any], labels: dict[str, Any]
) -> Monitor:
    from conflictts.truce.monitor import Monitor

    if Path(state).exists():
        raise typer.BadParameter(
            f"{state} exists and would be lost. Name another file, or remove it.", param_hint="STATE.json"
        )
    words = {name: given.pop(name) for name in labels if name in given}
    try:
        return Monitor.fit(read_series(fit, chosen, **words), **given)
    except ValueError as error:
        if type(error) is ValueError:
            raise typer.BadParameter(str(error), param_hint="--fit") from None
        raise


def _text_of(path: str) -> str:
    from conflictts.errors import InputError

    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The state {path} cannot be read ({error.strerror}). Name it rightly, or make it: --fit CALM.csv."
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text, so no state of a monitor. Make one: --fit CALM.csv.") from None


def _outcome(monitor: Monitor, alarm: bool, reach: pd.DataFrame) -> dict[str, Any]:
    facts = monitor.summary().astype(object).to_dict("records")[0]
    days = ("last_day", "first_alarm", "recomputed_from")
    words: dict[str, Any] = {name: f"{facts[name]:%Y-%m-%d}" if facts[name] == facts[name] else None for name in days}
    numbers = {name: float(facts[name]) for name in ("rate", "factor", "threshold")}
    latest = facts["latest_rate"] if facts["latest_days"] else None
    evidence = float(monitor.evidence.iloc[-1]) if len(monitor.evidence) else None
    return {
        "alarm": alarm, "contract": monitor.contract, "promise": _promise(monitor), "evidence": evidence, **numbers,
        **words, "observed_days": int(facts["observed_days"]), "measure": monitor.measure,
        "unit": monitor.unit, "rate_unit": f"{monitor.unit} per day",
        "latest_rate": latest, "latest_days": int(facts["latest_days"]),
        "calm": {
            "first": f"{monitor.calm.index[0]:%Y-%m-%d}", "last": f"{monitor.calm.index[-1]:%Y-%m-%d}",
            "observed_days": int(monitor.calm.count()), "total": float(monitor.calm.sum()),
        },
        "cautions": [*monitor.cautions, *_thin(monitor, reach)],
        "reach": reach.astype(object).where(reach.notna(), None).to_dict("records"),
    }  # fmt: skip


def _tell(monitor: Monitor, alarms: Sequence[pd.Timestamp], reach: pd.DataFrame) -> None:
    if not len(monitor.counts):
        say(f"{_calm_in_words(monitor)}; memory factor {monitor.factor:.2f}.")
        say(f"Alarm from evidence {monitor.threshold:,.4g} on: {_promise(monitor)}.")
        if not _thin(monitor, reach):
            say(_reach_in_words(reach))
    else:
        now, threshold = _rounded(monitor.evidence.iloc[-1]), f"{monitor.threshold:,.4g}"
        said = f"no alarm, evidence {now} against {threshold}"
        if monitor.alarm:
            said = f"ALARM, evidence {now} against {threshold}"
        elif len(alarms):
            then = f"evidence {_rounded(monitor.evidence.loc[alarms[-1]])} against {threshold}"
            said = (
                f"ALARM on {alarms[-1]:%Y-%m-%d}, one of the days taken in ({then}); by now evidence is down to {now}"
            )
        first = "" if monitor.first_alarm is None else f"; first alarm on {monitor.first_alarm:%Y-%m-%d}"
        say(f"{monitor.counts.index[-1]:%Y-%m-%d}: {said}{first}.")
        say(f"{_latest_in_words(monitor)} {_calm_in_words(monitor)}.")
        say(f"Contract {monitor.contract}, threshold {monitor.threshold:,.4g}: {_promise(monitor)}.")
        if monitor.recomputed_from is not None:
            say(f"Days were revised: evidence computed anew from {monitor.recomputed_from:%Y-%m-%d}.")
    for caution in (*monitor.cautions, *_thin(monitor, reach)):
        say(f"Caution: {caution}", err=True)


def _rounded(evidence: float) -> str:
    """To three figures, as a person writes them."""
    return f"{float(f'{evidence:.3g}'):,.10g}"


def _calm_in_words(monitor: Monitor) -> str:
    from conflictts.series.numerals import per_day

    calm = monitor.calm
    return (
        f"Calm: {per_day(monitor.rate)} {monitor.unit} a day ({calm.sum():,.10g} in {calm.count():,} observed days, "
        f"{calm.index[0]:%Y-%m-%d} to {calm.index[-1]:%Y-%m-%d})"
    )


def _latest_in_words(monitor: Monitor) -> str:
    from conflictts.series.numerals import per_day, so_many
    from conflictts.truce.monitor import LATEST

    latest = monitor.counts.iloc[-LATEST:]
    days = f"{latest.index[0]:%Y-%m-%d} to {latest.index[-1]:%Y-%m-%d}"
    if not latest.count():
        return f"Latest: no day observed, {days}."
    rate = f"Latest: {per_day(latest.mean())} {monitor.unit} a day"
    return f"{rate} ({latest.sum():,.10g} in {so_many(int(latest.count()), 'observed day')}, {days})."


def _promise(monitor: Monitor) -> str:
    """What the contract says of false alarms, in plain words."""
    if monitor.contract == "yearly":
        within = f"the chance of any false alarm within {monitor.horizon:,} observed days"
        return f"while the calm goes on, {within} is {1 / monitor.threshold:.3g} at most"
    wait = f"the first false alarm comes after {monitor.threshold:,.4g} observed days or later on average"
    if monitor.contract == "provable":
        return f"as long as the mean is {monitor.ceiling:.3g} {monitor.unit} a day or less, {wait}"
    return f"while the calm goes on, {wait}"


def _thin(monitor: Monitor, reach: pd.DataFrame) -> list[str]:
    """The caution that a doubling would mostly go unseen, where it would."""
    if reach["share"].iloc[0] >= 0.5:
        return []
    return [
        f"the calm is thin ({monitor.calm.sum():,.10g} in {monitor.calm.count():,} observed days), so no alarm does "
        f"not mean no rise. {_reach_in_words(reach)}"
    ]


def _reach_in_words(reach: pd.DataFrame) -> str:
    """How often and how soon an alarm would follow a rise."""
    told = []
    for increase, share, median in reach[["increase", "share", "median_days"]].itertuples(index=False):
        half = f" (half of all by day {median:.0f})" if median == median else ""  # NaN: fewer than half
        told.append(f"to {increase:g} times the calm's rate {share:.0%}{half}")
    days = int(reach["days"].iloc[0])
    return f"Of simulated rises (days independent) these raise an alarm within {days} days: {'; '.join(told)}."
