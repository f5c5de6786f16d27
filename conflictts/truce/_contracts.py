"""What alarms promise of false ones, by contract: the options each takes, and the evidence each weighs."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np

from conflictts.errors import InputError, UnknownNameError
from conflictts.truce._baseline import Baseline

Contract = Literal["arl", "provable", "yearly"]
CONTRACTS: tuple[Contract, ...] = get_args(Contract)
INCREASES = np.array([1.25, 1.5, 2.0, 3.0, 4.0, 5.0])
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.2, 0.1, 0.1])
ARL_INCREASES = np.array([2.0, 3.0, 5.0])  # "arl" bets on what is worth a call at night, and is the sooner for it
ARL_WEIGHTS = np.array([0.6, 0.25, 0.15])
ARL_EXCESS = 3.0  # by how much the memory factor's excess over 1 is taken, for "arl"
LEAST_WAIT = 90  # days between false alarms that "arl" keeps: benchmarks/alarms.py --waits
ARL_CALM = 4  # the power to which "arl" raises what the calm says of rate and size
ARL_SCALE, ARL_SCATTER, ARL_BEYOND = 3.2, 1.5, 0.1  # of the scale of its evidence; see `arl_scale`
SHARES = np.array([0.02, 0.05, 0.1, 0.2, 0.4])  # of the stake, where the mean alone is bet on


def evidence_under(
    contract: Contract, counts: np.ndarray, base: Baseline, ceiling: float, horizon: int | None
) -> np.ndarray:
    """Evidence for a rise after each day, shape as `counts`, which are NaN where not observed.

    `horizon` is that of "yearly", else None; days beyond it are not refused here. `ceiling` speaks under "provable".
    """
    from conflictts.truce import _evidence

    if contract == "provable":
        weights = np.full(len(SHARES), 1 / len(SHARES))
        evidence = _evidence.follow_bets(counts, ceiling, SHARES, weights, np.zeros(len(SHARES)))
        return _carried(evidence, 0.0)
    if horizon is None:
        increases, weights = ARL_INCREASES, ARL_WEIGHTS
        factor, start = 1 + ARL_EXCESS * (base.factor - 1), arl_scale(base)
        null = base.null**ARL_CALM
        null /= null.sum()
    else:
        increases, weights, factor, start = INCREASES, WEIGHTS, base.factor, 1 / horizon
        null = base.null.copy()
    risen = np.zeros((len(increases), *null.shape))
    evidence = _evidence.follow_likelihood(
        counts, base.rates, base.sizes, increases, weights, factor, start, null, risen
    )
    if horizon is None:
        return _carried(evidence, 0.0)
    n_seen = np.cumsum(~np.isnan(counts))
    return _carried(evidence + (1 - n_seen / horizon), 1.0)  # what is staked on rises still to begin


def arl_scale(base: Baseline) -> float:
    """By what the evidence of "arl" is multiplied, so that its threshold is the days between false alarms themselves.

    The sum of likelihood ratios alone would wait about twice as long as promised where days are independent. The scale,
    found by simulation, is smaller the more the days scatter: one over the calm's coefficient of variation up to a
    variance of 1.5 times the squared mean, and falling slowly from there. ``benchmarks/alarms.py`` measures what comes
    of it.
    """
    scatter = 1 / base.mean + 1 / base.size
    beyond = max(scatter / ARL_SCATTER, 1.0)
    return float(ARL_SCALE / math.sqrt(min(scatter, ARL_SCATTER)) / beyond**ARL_BEYOND)


def _carried(evidence: np.ndarray, before: float) -> np.ndarray:
    """Days without evidence of their own take that of the day before; those before the first have `before`."""
    at = np.maximum.accumulate(np.where(np.isnan(evidence), 0, np.arange(1, len(evidence) + 1)))
    return np.concatenate([[before], evidence])[at]


def check_options(contract: str, days_between: float, false_alarm: float, horizon: int, ceiling: float | None) -> None:
    if contract not in CONTRACTS:
        raise UnknownNameError(f"No contract {contract!r}. Choose one of {', '.join(CONTRACTS)}.")
    if not 1 < days_between < 1e9:
        raise InputError(f"days_between = {days_between!r} is no time between alarms. Give days, such as 365.")
    if contract == "arl" and days_between < LEAST_WAIT:
        raise InputError(
            f"days_between = {days_between!r} is shorter than contract 'arl' can keep: in simulations its false alarms "
            f"came after 21 to 25 days where 30 were asked for, after 51 to 65 for 60, and late enough from "
            f"{LEAST_WAIT} on. Give that or more, or use contract='provable'."
        )
    if not 0 < false_alarm < 1:
        raise InputError(f"false_alarm = {false_alarm!r} is no probability. Give a number from 0 to 1, such as 0.05.")
    if horizon < 1:
        raise InputError(f"horizon = {horizon!r} is no number of days. Give 1 or more, such as 365.")
    if ceiling is not None and not 0 < ceiling < math.inf:
        raise InputError(f"ceiling = {ceiling!r} is no mean per day. Give a number above 0, or leave it out.")
