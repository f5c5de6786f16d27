"""The averted toll: its interval against simulation, its agreement with the ratio, and tolls worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from conflictts.truce.design import make_design
from conflictts.truce.negbin import fit_negbin
from conflictts.truce.toll import difference_interval, toll_after

CASES = [
    pytest.param(4.0, -1.0, [[0.04, -0.03], [-0.03, 0.09]], 30.0, id="clear fall"),
    pytest.param(4.0, -0.1, [[0.04, -0.03], [-0.03, 0.09]], 30.0, id="undecided"),
    pytest.param(4.0, 0.8, [[0.04, -0.03], [-0.03, 0.09]], 30.0, id="clear rise"),
    pytest.param(6.0, -2.5, [[0.3, -0.25], [-0.25, 0.4]], 4.0, id="heavy tails"),
    pytest.param(2.0, -0.4, [[0.05, 0.0], [0.0, 0.1]], 12.0, id="uncorrelated"),
    pytest.param(7.0, -0.2, [[1e-4, 0.0], [0.0, 0.25]], 30.0, id="counterfactual known far better than the ratio"),
    pytest.param(4.0, -1.0, [[0.25, -0.255], [-0.255, 0.27]], 20.0, id="toll known far better than either"),
]


@pytest.mark.parametrize(("log_would", "log_ratio", "covariance", "freedom"), CASES)
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_interval_is_that_of_simulated_differences(log_would, log_ratio, covariance, freedom, level):
    covariance = np.array(covariance)
    rng = np.random.default_rng(1)
    normal = rng.multivariate_normal([0, 0], covariance, 400_000)
    drawn = normal / np.sqrt(rng.chisquare(freedom, 400_000) / freedom)[:, None] + [log_would, log_ratio]
    differences = np.exp(drawn[:, 0]) * (1 - np.exp(drawn[:, 1]))
    lower, upper = difference_interval(log_would, log_ratio, covariance, freedom, level)
    tail = (1 - level) / 2
    near = pytest.approx(tail, abs=4 * np.sqrt(tail * (1 - tail) / 400_000))  # four binomial standard errors
    assert (differences < lower).mean() == near
    assert (differences > upper).mean() == near


@settings(max_examples=60, deadline=None)
@given(
    log_ratio=st.floats(-3, 3),
    spread=st.floats(0.01, 1.5),
    correlation=st.floats(-0.99, 0.99),
    freedom=st.floats(4, 300),
    level=st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)
def test_fewer_throughout_exactly_when_the_ratio_is_below_one(log_ratio, spread, correlation, freedom, level):
    would = 0.3
    covariance = np.array([[would**2, correlation * would * spread], [correlation * would * spread, spread**2]])
    lower, upper = difference_interval(5.0, log_ratio, covariance, freedom, level)
    half = stdtrit(freedom, 0.5 + level / 2) * spread
    if abs(abs(log_ratio) - half) > 1e-9:  # at the edge itself rounding decides
        assert (lower > 0) == (log_ratio + half < 0)
        assert (upper < 0) == (log_ratio - half > 0)
    assert lower <= upper


def test_a_counterfactual_known_well_leaves_the_ratio_alone_uncertain():
    """Known to 1 %, as of ten thousand deaths before; with half the nodes the ends would be off by 2 %."""
    lower, upper = difference_interval(np.log(100), np.log(0.9), np.diag([0.01**2, 0.09]), 20.0, 0.95)
    half = stdtrit(20, 0.975) * 0.3
    ends = [100 - 90 * np.exp(half), 100 - 90 * np.exp(-half)]
    assert [lower, upper] == pytest.approx(ends, abs=0.005 * (ends[1] - ends[0]))


@pytest.mark.parametrize("correlation", [0.0, 0.9, -0.9])
def test_no_step_goes_beyond_what_is_a_number(correlation):
    """Where no share is left above a size, the straight line leads to 1e300, of whose square NumPy warns."""
    covariance = np.array([[0.001**2, correlation * 0.001 * 0.03], [correlation * 0.001 * 0.03, 0.03**2]])
    lower, upper = difference_interval(np.log(100), 0.0, covariance, 1000.0, 0.95)
    half = stdtrit(1000, 0.975) * 0.03
    ends = [100 - 100 * np.exp(half), 100 - 100 * np.exp(-half)]
    assert [lower, upper] == pytest.approx(ends, abs=0.02 * (ends[1] - ends[0]))  # 64 nodes are so coarse there


def test_a_known_ratio_leaves_the_counterfactual_alone_uncertain():
    lower, upper = difference_interval(np.log(100), np.log(0.5), np.diag([0.04, 0.0]), 20.0, 0.95)
    half = stdtrit(20, 0.975) * 0.2
    assert [lower, upper] == pytest.approx([50 * np.exp(-half), 50 * np.exp(half)])


def toll(counts, model, **choices):
    choices = {"weekday": False, "transition": 0, "offset": None} | choices
    design = make_design(
        np.asarray(counts, float), first_after=60, day_of_week=np.arange(len(counts)) % 7, model=model, **choices
    )
    fit = fit_negbin(
        design.counts, design.matrix, slow_columns=design.n_slow, day=design.used, offset=design.offset[design.used]
    )
    return toll_after(fit, design, 0.95)


def test_tolls_of_two_constants_by_hand():
    found = toll(np.r_[np.full(60, 8.0), np.full(30, 2.0)], "level")
    assert found.counterfactual[0] == pytest.approx(240)  # 8 a day for 30 days
    assert found.averted[0] == pytest.approx(180)  # less 2 a day
    assert found.fitted == pytest.approx(np.r_[np.full(60, 8.0), np.full(30, 2.0)])
    assert found.would == pytest.approx(np.full(90, 8.0))


def test_erosion_returns_to_the_rate_before():
    weeks = np.arange(70) / 7
    found = toll(np.r_[np.full(60, 1000.0), np.round(100 * np.exp(0.2 * weeks))], "level+erosion")
    assert found.would == pytest.approx(np.full(130, 1000.0))
    assert found.fitted[60:] == pytest.approx(100 * np.exp(0.2 * weeks), rel=0.01)  # counts were rounded
    truly = (1000 - 100 * np.exp(0.2 * weeks)).sum()
    assert found.averted[0] == pytest.approx(truly, rel=0.01)  # counts were rounded


def test_a_trend_goes_on_without_the_truce():
    path = 1000 * np.exp(-0.02 * np.arange(90))
    found = toll(np.round(path * np.where(np.arange(90) >= 60, 0.5, 1.0)), "level+trend")
    assert found.would == pytest.approx(path, rel=0.01)  # counts were rounded
    assert found.counterfactual[0] == pytest.approx(path[60:].sum(), rel=0.01)
    assert np.all(np.diff(found.half_width[60:]) > 0), "the farther ahead, the less sure"


def test_an_offset_is_part_of_the_toll():
    watched = np.where(np.arange(90) % 2, 1.0, 0.5)
    found = toll(np.r_[8 * watched[:60], 2 * watched[60:]], "level", offset=np.log(watched))
    assert found.counterfactual[0] == pytest.approx(8 * watched[60:].sum())
    assert found.fitted[:2] == pytest.approx([4.0, 8.0])


def test_transition_days_are_left_out():
    counts = np.r_[np.full(57, 8.0), 500, 500, 500, 700, 700, 700, np.full(27, 2.0)]
    found = toll(counts, "level", transition=3)
    assert found.counterfactual[0] == pytest.approx(8 * 27)
    assert found.averted[0] == pytest.approx(6 * 27)
