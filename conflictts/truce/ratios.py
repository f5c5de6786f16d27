"""A ratio and its limits in words, as all sentences about truces print them."""

from __future__ import annotations

import numpy as np


def with_limits(ratio: float, lower: float | None, upper: float | None, before: str = "") -> str:
    """Write a ratio and its limits, each with two significant digits or as many as tell it from 1.

    Examples
    --------
    >>> with_limits(0.072, 0.0000049, 0.9981), with_limits(124.0, 1.0, 26997.0, "95% interval ")
    ('0.072 (0.0000049 to 0.998)', '120 (95% interval 1 to 27,000)')
    """
    return f"{two_digits(ratio)} ({before}{two_digits(lower)} to {two_digits(upper)})"


def hundredths(ratio: float) -> str:
    """Write a growth above 1 with two decimals, but as `two_digits` where these are too few or too many.

    Examples
    --------
    >>> hundredths(1.2249), hundredths(1.0041), hundredths(7662.04)
    ('1.22', '1.004', '7,700')
    """
    text = f"{ratio:.2f}"
    return text if float(text) != 1 and ratio < 100 else two_digits(ratio)


def two_digits(ratio: float | None) -> str:
    """Write a ratio with two significant digits or as many as tell it from 1, and never with an exponent."""
    if ratio is None or not np.isfinite(ratio):
        return f"{ratio}"
    texts = (f"{ratio:.{digits}g}" for digits in range(2, 17))
    text = next((text for text in texts if float(text) != 1 or ratio == 1), "1")
    if "e" not in text:
        return text
    return f"{float(text):,.0f}" if ratio > 1 else np.format_float_positional(float(text), trim="-")
