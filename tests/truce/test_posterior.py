from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp

from conflictts.truce import _posterior as posterior

LEVELS = np.array([math.log(0.5), math.log(2.0), math.log(9.0)])
PRIOR = np.array([0.2, 0.5, 0.3])


def series(seed: int, n_days: int):
    """Counts about a step, one of them fractional; weekdays; an uneven profile; a size."""
    rng = np.random.default_rng([n_days, seed])
    counts = rng.poisson(np.repeat([6.0, 1.0], [n_days // 2, n_days - n_days // 2])).astype(float)
    counts[rng.integers(n_days)] += 0.4
    profile = rng.uniform(0.5, 1.5, 7)
    return counts, (np.arange(n_days) + seed) % 7, profile / profile.mean(), float(rng.choice([0.5, 2.0, 10.0]))


def every_course(counts, weekday, profile, size, temper, hazard):
    """Log weight of each course: on which days the rate changes, and the level of each regime; and these days."""
    n_days, n_levels = len(counts), len(LEVELS)
    mean = profile[weekday][:, None] * np.exp(LEVELS)
    cost = (size * np.log1p(mean / size) + counts[:, None] * np.log1p(size / mean)) / temper
    weights, changes = [], []
    for changed in product([False, True], repeat=n_days - 1):
        regime = np.concatenate([[0], np.cumsum(changed)])
        before = sum(changed) * math.log(hazard) + (n_days - 1 - sum(changed)) * math.log1p(-hazard)
        for levels in product(range(n_levels), repeat=sum(changed) + 1):
            of_days = np.array(levels)[regime]
            weights.append(before + np.log(PRIOR[list(levels)]).sum() - cost[np.arange(n_days), of_days].sum())
            changes.append([False, *changed])
    return np.array(weights), np.array(changes)


@pytest.mark.parametrize(("temper", "hazard"), [(1.0, 0.05), (1.7, 0.2)])
def test_probabilities_by_every_course(temper, hazard):
    for seed in range(12):
        counts, weekday, profile, size = series(seed, 6)
        weights, changes = every_course(counts, weekday, profile, size, temper, hazard)
        steady = logsumexp(weights[~changes.any(axis=1)]) - 5 * math.log1p(-hazard)  # as if the hazard were 0
        of_courses = np.exp(weights - logsumexp(weights))
        expected = of_courses @ changes
        p = np.empty(6)
        for against in (0.0, 1.5):
            kinds = posterior.kinds_of_days(counts, weekday)
            fitted, none = posterior.change_probabilities(
                kinds, LEVELS, PRIOR, profile, size, temper, hazard, against, p
            )
            odds = math.exp(logsumexp(weights) - steady - against)
            assert none == pytest.approx(1 / (1 + odds))
            assert p == pytest.approx(expected * (1 - none))
            mean = (expected.sum() + posterior.PRIOR_CHANGES) / (6 + posterior.PRIOR_CHANGES + posterior.PRIOR_DAYS)
            assert fitted == pytest.approx(min(mean, posterior.HIGHEST_HAZARD))


def test_exponentials_by_the_library():
    x = np.concatenate([-np.logspace(-12, math.log10(700), 5000), [0.0]])
    found = np.empty(x.size)
    posterior.exponentials(x, found)
    assert found == pytest.approx(np.exp(x), rel=1e-13, abs=0.0)
    posterior.exponentials(np.full(x.size, -1e4), found)
    assert found == pytest.approx(math.exp(-700), rel=1e-13, abs=0.0)


def test_kinds_are_days_of_one_weekday_and_whole_count():
    counts = np.array([2.0, 2.5, 600.0, 2.0, 2.5, 600.0, 0.0, 2.0])
    kind, weekday, count = posterior.kinds_of_days(counts, np.array([0, 1, 2, 1, 1, 2, 0, 0]))
    assert kind.tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert weekday[kind].tolist() == [0, 1, 2, 1, 1, 2, 0, 0]
    assert count[kind].tolist() == counts.tolist()


def test_sums_over_many_days_by_their_logarithms():
    rng = np.random.default_rng(6)
    n_days, hazard, prior = 900, 0.01, np.array([0.1, 0.2, 0.3, 0.4])
    log_likelihood = -rng.gamma(0.5, 20.0, (n_days, 4))  # all but impossible at some levels, and falling on and on
    p = np.empty(n_days)
    found, expected = posterior.forward_backward(np.arange(n_days), np.exp(log_likelihood), prior, hazard, p)
    keep, change = math.log1p(-hazard), math.log(hazard)
    forth, back = np.empty((n_days, 4)), np.zeros((n_days, 4))
    forth[0] = np.log(prior) + log_likelihood[0]
    for t in range(1, n_days):
        anew = change + logsumexp(forth[t - 1]) + np.log(prior)
        forth[t] = np.logaddexp(keep + forth[t - 1], anew) + log_likelihood[t]
        s = n_days - 1 - t
        after = back[s + 1] + log_likelihood[s + 1]
        back[s] = np.logaddexp(keep + after, change + logsumexp(after + np.log(prior)))
    assert found == pytest.approx(logsumexp(forth[-1]))
    for t in range(1, n_days):
        after = logsumexp(np.log(prior) + log_likelihood[t] + back[t])
        assert math.log(p[t]) == pytest.approx(change + logsumexp(forth[t - 1]) + after - found, abs=1e-9)
    assert expected == pytest.approx(p.sum())


def test_levels_are_likely_near_the_mean_and_where_fortnights_lie():
    within = posterior.reach(np.full(60, 5.0))
    assert within == posterior.REACH
    grid = math.log(5.0) + within * np.linspace(-3, 3, 61)
    prior = posterior.level_prior(grid, math.log(5.0), within)
    assert prior.sum() == pytest.approx(1.0)
    assert prior[[20, 40]] == pytest.approx(prior[30] / 2)  # at the reach half as likely as at the mean
    assert prior[0] == pytest.approx(prior[30] / 10)  # beyond it by the square below
    assert prior[-1] == pytest.approx(prior[30] / 82)  # and by its square above
    apart = posterior.reach(np.repeat([10.0, 0.0], 30))
    assert apart == pytest.approx(0.5 * math.log(140.0 / 0.5))
    assert posterior.reach(np.array([3.0, 4.0])) == posterior.REACH


def test_the_hazard_of_many_days_is_taken_for_less_than_it_shows():
    grid = np.linspace(math.log(0.3), math.log(20), 24)
    prior = posterior.level_prior(grid, 0.0, 2.0)
    for n_days, share in [(150, 1.0), (300, 1.0), (1200, 4**-0.4)]:
        counts = np.random.default_rng(n_days).poisson(np.repeat([1.0, 8.0, 1.0], n_days // 3)).astype(float)
        p = np.empty(n_days)
        kinds = posterior.kinds_of_days(counts, np.arange(n_days) % 7)
        fitted, none = posterior.change_probabilities(kinds, grid, prior, np.ones(7), 50.0, 1.0, 0.01, 0.0, p)
        shown = (p.sum() / (1 - none) + posterior.PRIOR_CHANGES) / (
            n_days + posterior.PRIOR_CHANGES + posterior.PRIOR_DAYS
        )
        assert fitted == pytest.approx(share * shown)


def test_the_hazard_grows_with_changes():
    weekday = np.arange(280) % 7
    hazards = []
    for n_regimes in (2, 4, 10):
        mean = np.repeat(np.tile([1.0, 6.0], n_regimes // 2), 280 // n_regimes)
        counts = np.random.default_rng(n_regimes).poisson(mean).astype(float)
        hazard, p = posterior.HIGHEST_HAZARD, np.empty(280)
        grid = np.linspace(math.log(0.3), math.log(20), 24)
        prior = posterior.level_prior(grid, math.log(counts.mean()), posterior.reach(counts))
        for _ in range(30):
            kinds = posterior.kinds_of_days(counts, weekday)
            hazard, _ = posterior.change_probabilities(kinds, grid, prior, np.ones(7), 50.0, 1.0, hazard, 0.0, p)
        hazards.append(hazard)
        assert n_regimes - 1.5 < p.sum() < 1.5 * n_regimes  # six to one is plain to see, and the prior adds some
    assert hazards == sorted(hazards)


def told_naively(p, none, min_days):
    """The same by the words of the docstring, every mass summed anew each time."""
    p, near = p.copy(), posterior.NEAR
    days = np.arange(len(p))
    told, held, expected, best, answer = [], 0.0, p.sum(), none, []
    while True:
        free = (days >= min_days) & (days <= len(p) - min_days)
        for day in told:
            free &= np.abs(days - day) >= min_days
        mass = np.array([min(p[max(t - near, 0) : t + near + 1].sum(), 1.0) if free[t] else 0.0 for t in days])
        likeliest = mass.max()
        if likeliest < 0.1 or (told and likeliest < posterior.STRICT * best):
            return sorted(answer)
        centre = int(mass.argmax())
        good = [t for t in days if abs(t - centre) <= near and free[t] and mass[t] >= likeliest - 0.02]
        day = max([centre, *good], key=lambda t: (p[t], t == centre))
        told.append(day)
        held += likeliest
        if 2 * held / (expected + len(told)) >= best:
            best, answer = 2 * held / (expected + len(told)), list(told)
        left = 1.0
        for t in sorted(days[np.abs(days - day) <= near], key=lambda t: (abs(t - day), t)):
            used = min(p[t], left)
            p[t] -= used
            left -= used


@pytest.mark.parametrize("min_days", [1, 5, 25])
def test_told_changes_by_summing_anew(min_days):
    n_told = 0
    for seed in range(60):
        rng = np.random.default_rng([min_days, seed])
        p = rng.random(200) ** 12 * rng.uniform(0.05, 0.4)
        for day in rng.integers(1, 200, rng.integers(0, 7)):  # changes that are known to a few days
            near = np.arange(max(day - 5, 0), min(day + 6, 200))
            p[near] += rng.dirichlet(np.full(len(near), 0.5)) * rng.uniform(0.2, 1.0)
        none = float(rng.uniform(0, 0.5))
        found = posterior.told_changes(p.copy(), none, min_days)
        assert found.tolist() == told_naively(p, none, min_days)
        n_told += len(found)
    assert n_told > 60


TOLD = [
    pytest.param({50: 0.9}, 0.05, [50], id="one that is likely"),
    pytest.param({50: 0.3}, 0.7, [], id="more likely none"),
    pytest.param({50: 1.0, 90: 0.4}, 0.0, [50], id="a further one is not likely enough"),
    pytest.param({50: 1.0, 90: 0.9}, 0.0, [50, 90], id="a further one is"),
    pytest.param({50: 1.0, 51: 1.0}, 0.0, [50, 51], id="a single day"),
    pytest.param({45: 0.3, 50: 0.35, 55: 0.3}, 0.05, [50], id="one change known to ten days"),
]


@pytest.mark.parametrize(("probabilities", "none", "expected"), TOLD)
def test_what_is_told(probabilities, none, expected):
    p = np.zeros(120)
    p[list(probabilities)] = list(probabilities.values())
    assert posterior.told_changes(p, none, 1).tolist() == expected


def kernel_arguments() -> dict[str, tuple]:
    counts, weekday, profile, size = series(2, 60)
    grid = np.linspace(math.log(0.05), math.log(40), 12)
    kinds = kind, weekday_of, count_of = posterior.kinds_of_days(counts, weekday)
    likelihood, log_likelihood = posterior.likelihoods(weekday_of, count_of, grid, profile, size, 1.2)
    prior = posterior.level_prior(grid, 1.0, 2.5)
    p = np.random.default_rng(1).random(60) * 0.1
    return {
        "kinds_of_days": (counts, weekday),
        "exponentials": (np.linspace(-800.0, 0.0, 60), np.empty(60)),
        "likelihoods": (weekday_of, count_of, grid, profile, size, 1.2),
        "reach": (counts,),
        "level_prior": (grid, 1.0, 2.5),
        "forward_backward": (kind, likelihood, prior, 0.03, np.empty(60)),
        "steady": (kind, log_likelihood, prior),
        "change_probabilities": (kinds, grid, prior, profile, size, 1.2, 0.03, 0.5, np.empty(60)),
        "around": (p, 10, 40, np.zeros(60)),
        "likeliest_day": (p, 0),
        "told_changes": (p, 0.1, 1),
    }
