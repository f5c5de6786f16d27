"""Many windows at once must give what one regression at a time gives."""

from __future__ import annotations

import numpy as np
import pytest

from conflictts.errors import TooLittleData
from conflictts.truce import _trend_windows
from conflictts.truce._windows import (
    _PHI,
    SLOW_COLUMNS,
    WindowFits,
    _left_by_detrending,
    _left_by_phi,
    autocorrelation,
    fit_windows,
)
from conflictts.truce.negbin import fit_negbin

LENGTH = 42
NO_MEMORY = np.zeros(len(_PHI))
ITERATED = {"rel": 1e-6, "abs": 1e-7}  # both sides stop iterating at 1e-9 or better


def windows(mean: float, size: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    counts = rng.negative_binomial(size, size / (size + mean), 120).astype(float)
    counts[rng.random(120) < 0.05] = np.nan
    rows = np.lib.stride_tricks.sliding_window_view(counts, LENGTH)[::3]
    return rows[np.nansum(rows, axis=1) >= 5]


def fitted(rows: np.ndarray, offset: np.ndarray, memory: np.ndarray | None = NO_MEMORY) -> WindowFits:
    seen = ~np.isnan(rows)
    counts, exposure = np.where(seen, rows, 0.0), np.where(seen, np.exp(offset), 0.0)
    return fit_windows(counts, exposure, total_days=120, memory=memory)


@pytest.mark.parametrize(
    ("mean", "size"),
    [
        pytest.param(0.3, 1.0, id="few counts"),
        pytest.param(3.0, 1.0, id="overdispersed"),
        pytest.param(3.0, 1e9, id="Poisson"),
        pytest.param(20.0, 0.4, id="very overdispersed"),
        pytest.param(1e6, 2.0, id="millions"),
    ],
)
def test_one_pass_gives_what_single_regressions_give(mean, size):
    rows = windows(mean, size, seed=3)
    offset = np.log(1.2) * np.sin(np.arange(LENGTH)) * np.ones((len(rows), 1))
    fits = fitted(rows, offset)
    week = (np.arange(LENGTH) - (LENGTH - 1) / 2) / 7
    surpluses, squares = [], []
    singles = []
    for row, extra in zip(rows, offset, strict=True):
        seen = ~np.isnan(row)
        design = np.column_stack([np.ones(LENGTH), week])[seen]
        single = fit_negbin(row[seen], design, slow_columns=2, day=np.flatnonzero(seen), offset=extra[seen])
        least = 1 / np.mean(1 + single.alpha * single.mean)  # that of Poisson counts, on average
        own = max(least, single.residuals @ single.residuals / (seen.sum() - 2))
        singles.append((single.coefficients[1], np.sqrt(single.independent[1, 1] / own)))
        squares.append(single.residuals @ single.residuals)
        surpluses.append(seen.sum() - 2)
    scale = np.sqrt(max(1.0, sum(squares) / sum(surpluses)))
    slopes, errors = np.array(singles).T
    assert fits.growth == pytest.approx(slopes, **ITERATED)
    assert fits.standard_error == pytest.approx(scale * errors, **ITERATED)
    assert fits.degrees_of_freedom == pytest.approx((~np.isnan(rows)).sum(1) - SLOW_COLUMNS)


def test_detrended_noise_leaves_what_algebra_says():
    length, phi = 28, 0.6
    rng = np.random.default_rng(0)
    shocks = rng.normal(size=(20_000, length)) * np.sqrt(1 - phi**2)
    noise = shocks.copy()
    noise[:, 0] /= np.sqrt(1 - phi**2)
    for day in range(1, length):
        noise[:, day] += phi * noise[:, day - 1]
    line = np.column_stack([np.ones(length), np.arange(length)])
    left = noise - noise @ line @ np.linalg.solve(line.T @ line, line.T)
    expected = _left_by_detrending(length, phi, 3)
    met = [(left[:, lag:] * left[:, : length - lag]).sum(1).mean() for lag in range(4)]
    assert met == pytest.approx(expected, rel=0.02)  # 20,000 series: standard error about 0.5 %


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6])
def test_memory_is_found_where_it_is(phi):
    rng = np.random.default_rng(5)
    noise = rng.normal(size=3000)
    for day in range(1, len(noise)):
        noise[day] = phi * noise[day - 1] + np.sqrt(1 - phi**2) * noise[day]
    rows = np.lib.stride_tricks.sliding_window_view(noise, LENGTH)
    line = np.column_stack([np.ones(LENGTH), np.arange(LENGTH)])
    left = rows - rows @ line @ np.linalg.solve(line.T @ line, line.T)
    lags = range(11)
    products = np.array([(left[:, lag:] * left[:, : LENGTH - lag]).sum() for lag in lags])
    pairs = np.array([float(len(left) * (LENGTH - lag)) for lag in lags])
    memory = _trend_windows.weights_of_memory(products, pairs, _left_by_phi(LENGTH, 10), LENGTH, len(noise))
    # 3,000 days know the lag-1 autocorrelation to about 0.02
    assert autocorrelation(memory, 5)[:3] == pytest.approx([1.0, phi, phi**2], abs=0.06)


def test_memory_widens_the_interval_by_the_long_run_factor():
    rows = windows(5.0, 2.0, seed=1)
    offset = np.zeros(rows.shape)
    at_half = np.where(np.isclose(_PHI, 0.5), 1.0, 0.0)
    free, tied = fitted(rows, offset), fitted(rows, offset, at_half)
    ratio = (tied.standard_error / free.standard_error) ** 2
    # an endless window has (1 + phi) / (1 - phi) = 3; a line over 42 days feels less, the lost variance gives some back
    assert ((ratio > 2.3) & (ratio < 3.3)).all()


def test_counts_on_the_last_day_only_do_not_converge():
    rows = np.zeros((2, LENGTH))
    rows[0, -1] = 50.0
    rows[1] = np.arange(LENGTH) % 3
    fits = fitted(rows, np.zeros(rows.shape), None)
    assert np.isnan(fits.growth).tolist() == [True, False]
    assert np.isfinite([fits.standard_error[1], fits.factor[1]]).all()
    with pytest.raises(TooLittleData):
        fit_negbin(rows[0], np.column_stack([np.ones(LENGTH), np.arange(LENGTH) / 7]), slow_columns=2)
