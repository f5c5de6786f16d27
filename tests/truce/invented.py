"""Daily series and truces invented for tests, from a Monday on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from conflictts import DailySeries, Truce

START = pd.Timestamp("2020-01-06")
DAY = pd.Timedelta(days=1)


def made(counts) -> DailySeries:
    return DailySeries.from_counts(pd.Series(np.asarray(counts, float), pd.date_range(START, periods=len(counts))))


def on_day(position: int, **details) -> Truce:
    return Truce(START + position * DAY, **details)


def noisy(mean, *, seed: int = 0, size: float = 4.0) -> np.ndarray:
    """Negative binomial counts."""
    mean = np.asarray(mean, float)
    return np.random.default_rng(seed).negative_binomial(size, size / (size + mean)).astype(float)


def spike(height: float, position: int, background: np.ndarray) -> np.ndarray:
    counts = background.astype(float).copy()
    counts[position] = height
    return counts
