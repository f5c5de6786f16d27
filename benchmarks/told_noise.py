"""How well changes are found by one who is told the noise: a yardstick of what dependence leaves to be found.

The series are those of changepoints.py. All courses of the rate are weighed and days told by the rules of
`detect_changepoints`, with its prior over levels and its hazard, but each day's likelihood, given the days before, is
that of the process the counts are drawn from, with its true size, memory and weekday profile: negative binomial
(independent), binomial thinning and fresh counts (INAR(0.4)), negative binomial around a latent AR(1) of nine states
(Rouwenhorst's, whose mean, variance and autocorrelations are exact). No bound: other rules, or less strict ones, may
find more. Beside it what `detect_changepoints` finds, told nothing; and what one finds who is told all but the changes:
besides the noise how many there are, how far apart at least, and the law that their rates are drawn by.

    python benchmarks/told_noise.py --days 3000 --series 60 --seed 1
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import pandas as pd
from changepoints import MOST, NEAR, SIZE, f1, hits
from location_sets import KEPT, LEAST, NOISE, PHI, SPREAD, WEEK, made
from numba import njit
from scipy.stats import binom, nbinom

import conflictts as ct
from conflictts.truce import _path, _posterior

ROUNDS = 12
PROFILE = WEEK / WEEK.mean()
TOLD = ("independent NB", "latent AR(0.6)", "INAR(0.4)")
LEVELS = np.linspace(math.log(0.45), math.log(8.6), 60)  # log rates about all that `made` draws


def levels_of(counts: np.ndarray) -> np.ndarray:
    """Log rates of every second level of the search's grid."""
    return np.asarray(_path.rate_grid(counts, np.ones(counts.size, bool))[::2].copy())


def thinning(counts: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Log-likelihood of each day given the day before at each rate, shape (n_days, n_levels), under INAR."""
    mean = PROFILE[np.arange(counts.size) % 7][:, None] * rate
    whole = counts.astype(int)
    answer = np.empty(mean.shape)
    answer[0] = nbinom.logpmf(whole[0], SIZE, SIZE / (SIZE + mean[0]))
    fresh = np.maximum(mean[1:] - KEPT * mean[:-1], 0.02 * mean[1:])
    for t in range(1, counts.size):
        kept = np.arange(min(whole[t], whole[t - 1]) + 1)
        drawn = nbinom.pmf((whole[t] - kept)[:, None], SIZE, SIZE / (SIZE + fresh[t - 1]))
        answer[t] = np.log(np.maximum(binom.pmf(kept, whole[t - 1], KEPT) @ drawn, 1e-300))
    return answer


def latent_states(n_states: int = 9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, stationary and transition probabilities of Rouwenhorst's chain for the latent AR(1) of `latent_ar`."""
    stay = (1 + PHI) / 2
    moves = np.array([[stay, 1 - stay], [1 - stay, stay]])
    for n in range(3, n_states + 1):
        wider = np.zeros((n, n))
        for i, j, share in ((0, 0, stay), (0, 1, 1 - stay), (1, 0, 1 - stay), (1, 1, stay)):
            wider[i : i + n - 1, j : j + n - 1] += share * moves
        wider[1:-1] /= 2
        moves = wider
    values = SPREAD * math.sqrt(n_states - 1) * np.linspace(-1, 1, n_states)
    return values, binom.pmf(np.arange(n_states), n_states - 1, 0.5), moves


@njit
def forward_backward(kind, likelihood, prior, first, moves, hazard, p):
    """`_posterior.forward_backward` with a latent state beside the level: likelihood (n_kinds, n_states, n_levels)."""
    n_days, n_states, n_levels = kind.size, likelihood.shape[1], likelihood.shape[2]
    at, of_state = np.zeros((n_states, n_levels)), np.zeros((n_days, n_states))
    scale, total = np.empty(n_days), 0.0
    for t in range(n_days):
        if t == 0:
            moved, anew = np.zeros((n_states, n_levels)), first
        else:
            moved, anew = (1.0 - hazard) * (moves.T @ at), hazard * (moves.T @ of_state[t - 1])
        for a in range(n_states):
            for g in range(n_levels):
                at[a, g] = (moved[a, g] + anew[a] * prior[g]) * likelihood[kind[t], a, g]
        scale[t] = at.sum()
        at /= scale[t]
        total += math.log(scale[t])
        for a in range(n_states):
            of_state[t, a] = at[a].sum()
    after, ahead = np.ones((n_states, n_levels)), np.empty(n_states)
    for t in range(n_days - 1, 0, -1):
        after = after * likelihood[kind[t]] / scale[t]
        for a in range(n_states):
            ahead[a] = (after[a] * prior).sum()
        changed = hazard * (moves @ ahead)
        p[t] = (of_state[t - 1] * changed).sum()
        after = (1.0 - hazard) * (moves @ after) + changed.reshape(-1, 1)
    p[0] = 0.0
    return total, p.sum()


def likelihood_of(counts: np.ndarray, noise: str, rate: np.ndarray) -> tuple[np.ndarray, ...]:
    """Kind of each day, likelihood by kind, latent state and rate, first probabilities and moves of the states."""
    first, moves = np.ones(1), np.ones((1, 1))
    kind = np.arange(counts.size)
    if noise == "INAR(0.4)":
        log_likelihood = thinning(counts, rate)[:, None, :]
    else:
        values, size = np.zeros(1), SIZE
        if noise == "latent AR(0.6)":
            (values, first, moves), size = latent_states(), 2 * SIZE
        kind, weekday, of_kind = _posterior.kinds_of_days(counts, np.arange(counts.size) % 7)
        around = np.exp(values) / (first @ np.exp(values))
        mean = PROFILE[weekday][:, None, None] * around[:, None] * rate
        log_likelihood = nbinom.logpmf(of_kind[:, None, None].astype(int), size, size / (size + mean))
    return kind, np.exp(log_likelihood - log_likelihood.max(axis=(1, 2), keepdims=True)), first, moves


def told(counts: np.ndarray, noise: str) -> np.ndarray:
    """Days of changes told by one who knows the noise."""
    log_rate, n_days = levels_of(counts), counts.size
    of_noise = likelihood_of(counts, noise, np.exp(log_rate))
    prior = _posterior.level_prior(log_rate, math.log(counts.mean()), _posterior.reach(counts))
    p, hazard = np.empty(n_days), _posterior.HIGHEST_HAZARD

    def summed(hazard: float) -> tuple[float, float]:
        kind, likelihood, first, moves = of_noise
        return tuple(forward_backward(kind, likelihood, prior, first, moves, hazard, p))

    steady, _ = summed(0.0)
    for _ in range(ROUNDS):
        total, expected = summed(hazard)
        shown = (expected + _posterior.PRIOR_CHANGES) / (n_days + _posterior.PRIOR_CHANGES + _posterior.PRIOR_DAYS)
        long = min(_posterior.MODERATE_DAYS / n_days, 1.0) ** _posterior.LONG_POWER
        hazard = min(shown * long, _posterior.HIGHEST_HAZARD)
    none = 1 / (1 + math.exp(min(total - steady, 700.0)))
    return np.asarray(_posterior.told_changes(p * (1 - none), none, 1))


def law_of_rates() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the first rate, and of the next after each, by which `made` draws them, on `LEVELS`."""
    rate, half = np.exp(LEVELS), (LEVELS[1] - LEVELS[0]) / 2
    start = (LEVELS.clip(0.0, math.log(6)) == LEVELS).astype(float)
    away = (LEVELS - LEVELS[:, None]) * np.where(rate < 2, 1, -1)[:, None]
    following = np.exp(np.minimum(away + half, math.log(4))) - np.exp(np.maximum(away - half, math.log(2)))
    following = np.maximum(following, 0.0)
    return start / start.sum(), following / following.sum(axis=1, keepdims=True)


@njit
def given_number(kind, likelihood, start, following, first, moves, number, least, p):
    """Probability of a change on each day into `p`, given how many there are and the least days of a regime.

    All courses of the rate with so many changes are as likely; a state is the number so far, the days since the last up
    to `least`, the latent state and the level. The log-likelihood of all days is the answer.
    """
    n_days, n_states, n_levels = kind.size, likelihood.shape[1], likelihood.shape[2]
    shape = (number + 1, least, n_states, n_levels)
    at, new = np.zeros(shape), np.zeros(shape)
    begun = np.zeros((n_days, number + 1, n_states, n_levels))  # with a change on the day
    scale, total = np.empty(n_days), 0.0
    forth, onward = np.ascontiguousarray(moves.T), np.ascontiguousarray(following.T)
    for t in range(n_days):
        new[:] = 0.0
        if t == 0:
            for a in range(n_states):
                new[0, 0, a] = first[a] * start
        for c in range(number + 1 if t > 0 else 0):
            for s in range(least):
                new[c, min(s + 1, least - 1)] += forth @ at[c, s]
            if c < number:
                new[c + 1, 0] += (forth @ at[c, least - 1]) @ following
        whole = 0.0
        for c in range(number + 1):
            for s in range(least):
                new[c, s] *= likelihood[kind[t]]
                whole += new[c, s].sum()
        at[:] = new / whole
        begun[t] = at[:, 0]
        scale[t] = whole
        total += math.log(whole)
    after = np.zeros(shape)
    after[number, least - 1] = 1.0
    ends = at[number, least - 1].sum()
    after /= ends
    for t in range(n_days - 1, 0, -1):
        p[t] = (begun[t] * after[:, 0]).sum()
        for c in range(number + 1):
            for s in range(least):
                after[c, s] *= likelihood[kind[t]] / scale[t]
        for c in range(number + 1):  # changes so far before the day: what c + 1 holds is still of the day itself
            last = after[c, least - 1].copy()
            if c < number:
                last += after[c + 1, 0] @ onward
            for s in range(least - 1):
                new[c, s] = moves @ after[c, s + 1]
            new[c, least - 1] = moves @ last
        after[:] = new
    p[0] = 0.0
    return total + math.log(ends)


def told_all(counts: np.ndarray, noise: str, number: int) -> np.ndarray:
    """Days of changes told by one who knows all but them."""
    kind, likelihood, first, moves = likelihood_of(counts, noise, np.exp(LEVELS))
    p = np.zeros(counts.size)
    if number > 0:
        given_number(kind, likelihood, *law_of_rates(), first, moves, number, LEAST, p)
    return np.asarray(_posterior.told_changes(p, 0.0, LEAST))


def main() -> None:
    """A table of F1, ours and of one who is told, on the same series."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=3000)
    parser.add_argument("--series", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print("| days | noise | series | F1, told nothing | F1, told the noise | F1, told all but the changes "
          "| steady, told the noise, with a change |\n|--:|---|--:|--:|--:|--:|--:|")  # fmt: skip
    for noise in TOLD:
        rows, alarms, place = [], 0, list(NOISE).index(noise)
        for number in range(2 * args.series):
            rng = np.random.default_rng([args.seed, place, args.days, number])
            n_changes = int(rng.integers(0, MOST + 1)) if number < args.series else 0
            mean, true = made(rng, args.days, n_changes, LEAST)
            counts = NOISE[noise](mean, SIZE, rng)
            known = told(counts, noise).tolist()
            if number >= args.series:
                alarms += len(known) > 0
                continue
            days = pd.date_range("1750-01-05", periods=args.days)
            found = ct.detect_changepoints(ct.DailySeries.from_counts(pd.Series(counts, days)))
            answers = (days.get_indexer(found.dates).tolist(), known, told_all(counts, noise, n_changes).tolist())
            rows.append([(len(hits(true, each, NEAR)), len(true), len(each)) for each in answers])
        table = np.array(rows)
        scores = " | ".join(f"{f1(table[:, k]):.3f}" for k in range(3))
        print(f"| {args.days:,} | {noise} | {args.series} + {args.series} | {scores} | {alarms / args.series:.1%} |",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
