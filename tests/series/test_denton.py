"""The proportional Denton adjustment: by hand, by its conditions, and against a general solver."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from conflictts.series import denton
from conflictts.series.denton import fit_ratio

EXACT = 1e-8  # ratios of order one, after some tens of additions
INF = np.inf


def weights_of(counts, *periods):
    """Each period (first, last) as shares of its total."""
    rows = []
    for first, last in periods:
        inside = np.zeros(len(counts))
        inside[first : last + 1] = counts[first : last + 1]
        rows.append(inside / inside.sum())
    return np.array(rows)


def nineteenths(*numerators):
    return [float(Fraction(n, 19)) for n in numerators]


ONES = np.ones(6)
HALVES = [(0, 2), (3, 5)]
# Two halves of three equal days with mean ratios 1 and 2. A change at day j moves the second mean less the first by
# h = (1, 2, 3, 2, 1)/3; the least d'd with h'd = 1 is d = h / h'h = (3, 6, 9, 6, 3)/19, and the mean of the first
# three days gives the first ratio: 1 - (0 + 3 + 9)/57 = 15/19.
KNOWN = [
    pytest.param(ONES, HALVES, [1, 2], [1, 2], nineteenths(15, 18, 24, 33, 39, 42), id="a step"),
    pytest.param(ONES, HALVES, [-INF, 2], [1, INF], nineteenths(15, 18, 24, 33, 39, 42), id="at most 1, at least 2"),
    pytest.param(ONES, HALVES, [1, 2], [1, 3], nineteenths(15, 18, 24, 33, 39, 42), id="the nearer end of a range"),
    pytest.param(ONES, [(0, 2)], [1.5], [1.5], [1.5] * 6, id="one total: constant, carried on"),
    pytest.param(ONES, HALVES, [0.5, 0.8], [1.2, 2.0], [1.0] * 6, id="1 will do"),
    pytest.param(ONES, HALVES, [1.2, 1.1], [3.0, 2.0], [1.2] * 6, id="the constant nearest to 1, from above"),
    pytest.param(ONES, HALVES, [0.0, 0.2], [0.7, 0.5], [0.5] * 6, id="the constant nearest to 1, from below"),
    # 0 over the first half leaves the second with mean 2: a quadratic spline from 0, d = (3, 2, 1)*k with
    # (3 + 5 + 6)/3 k = 2, so k = 3/7.
    pytest.param(ONES, HALVES, [0, 2], [0, 2], [0, 0, 0, 9 / 7, 15 / 7, 18 / 7], id="bounded by 0"),
    # Days without weight carry no information: the ratio runs straight across them.
    pytest.param(np.array([1.0, 0, 0, 0, 1.0]), [(0, 0), (4, 4)], [1, 3], [1, 3], [1, 1.5, 2, 2.5, 3], id="zero days"),
    pytest.param(ONES, [], [], [], [1.0] * 6, id="nothing asked"),
]


@pytest.mark.parametrize(("counts", "periods", "low", "high", "expected"), KNOWN)
def test_ratio_by_hand(counts, periods, low, high, expected):
    weights = weights_of(counts, *periods).reshape(-1, len(counts))
    ratio = fit_ratio(weights, np.array(low, dtype=float), np.array(high, dtype=float))
    np.testing.assert_allclose(ratio, expected, atol=EXACT)


@st.composite
def problems(draw):
    """Counts with quiet days, a ratio that is 0 on some days, and bounds that this ratio keeps."""
    n_days = draw(st.integers(5, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    counts = rng.poisson(1.0, n_days).astype(float)
    truth = np.exp(rng.normal(0, 0.4, n_days).cumsum()) * (rng.random(n_days) > 0.15)
    periods, low, high = [], [], []
    for _ in range(draw(st.integers(1, 7))):
        first, last = sorted(rng.integers(0, n_days, 2))
        total = counts[first : last + 1].sum()
        if total == 0:
            continue
        mean = counts[first : last + 1] @ truth[first : last + 1] / total
        least, most = [(mean, mean), (0.9 * mean, 1.05 * mean), (mean, INF), (-INF, mean)][rng.integers(4)]
        periods.append((first, last))
        low.append(least)
        high.append(most)
    return weights_of(counts, *periods).reshape(-1, n_days), np.array(low), np.array(high), truth


@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_bounds_are_kept_and_a_general_solver_finds_nothing_smoother(problem):
    from scipy.optimize import minimize

    weights, low, high, truth = problem
    ratio = fit_ratio(weights, low, high)
    scale = max(1.0, ratio.max())
    mean = weights @ ratio
    assert (mean >= low - EXACT * scale).all()
    assert (mean <= high + EXACT * scale).all()
    weighty = weights.sum(axis=0) > 0
    assert (ratio[weighty] >= 0).all()

    def roughness(candidate):
        return float((np.diff(candidate) ** 2).sum())

    assert roughness(ratio) <= roughness(truth) + EXACT
    step = np.diff(np.eye(len(ratio)), axis=0)
    exact, below, above = low == high, np.isfinite(low) & (low < high), np.isfinite(high) & (low < high)
    kinds = [("eq", weights[exact], -low[exact]), ("ineq", weights[below], -low[below])]
    kinds.append(("ineq", -weights[above], high[above]))
    found = minimize(
        roughness,
        np.ones(len(ratio)),
        jac=lambda candidate: 2 * step.T @ (step @ candidate),
        bounds=[(0, None) if heavy else (None, None) for heavy in weighty],
        constraints=[
            {"type": kind, "fun": lambda r, a=a, b=b: a @ r + b, "jac": lambda r, a=a: a}
            for kind, a, b in kinds
            if len(b)
        ],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-13},
    )
    if found.success:  # it gives up on some that are solved here; what it finds is never smoother
        assert roughness(ratio) <= found.fun * (1 + 1e-6) + 1e-6  # its own accuracy


def test_equality_alone_is_the_textbook_system():
    """Without bounds that bind: [[2 D'D, W'], [W, 0]] [r, m] = [0, b], solved whole."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(4.0, 120) + 1.0
    weights = weights_of(counts, (0, 29), (30, 59), (60, 119), (20, 80))
    wanted = np.array([1.4, 1.3, 0.8, 1.1])
    step = np.diff(np.eye(120), axis=0)
    system = np.block([[2 * step.T @ step, weights.T], [weights, np.zeros((4, 4))]])
    textbook = np.linalg.solve(system, np.concatenate([np.zeros(120), wanted]))[:120]
    assert (textbook > 0).all()
    np.testing.assert_allclose(fit_ratio(weights, wanted, wanted), textbook, atol=EXACT)


def test_bounds_that_exclude_each_other_leave_no_answer():
    weights = weights_of(ONES, (0, 2), (0, 2))
    with pytest.raises(ArithmeticError, match="no set of binding totals"):
        fit_ratio(weights, np.array([1.0, 2.0]), np.array([1.0, 2.0]))


WRONG_BOUNDS = [
    pytest.param([True, True, True, True], id="contradictory"),
    pytest.param([True, False, False, True], id="met, but not smoothest"),  # means 0.5 and 3 in place of 1 and 2
]


@pytest.mark.parametrize("binding", WRONG_BOUNDS)
def test_answer_that_is_not_smoothest_is_not_given(monkeypatch, binding):
    """The certificate: were the wrong bounds taken to bind, nothing would come out."""
    monkeypatch.setattr(denton, "_binding", lambda changes, sign, bound, ridge: np.array(binding))
    weights = weights_of(ONES, *HALVES)
    with pytest.raises(ArithmeticError, match="no set of binding totals"):
        fit_ratio(weights, np.array([0.5, 2.0]), np.array([1.0, 3.0]))


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_turning_the_columns_changes_no_answer(shape):
    rng = np.random.default_rng(4)
    columns, target = rng.normal(size=shape), rng.normal(size=shape[0])
    found, plain = denton._pulls(columns, target), nnls(columns, target)[0]
    reached = [np.linalg.norm(columns @ each - target) for each in (found, plain)]
    assert (found >= 0).all()
    assert reached[0] == pytest.approx(reached[1], abs=EXACT)
    if shape[0] > shape[1]:  # else many shares reach the target
        np.testing.assert_allclose(found, plain, atol=EXACT)
