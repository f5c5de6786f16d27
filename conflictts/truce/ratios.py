"""A ratio and its limits in words, as all sentences about truces print them."""

from __future__ import annotations

import math


def with_limits(ratio: float, lower: float | None, upper: float | None, before: str = "") -> str:
    """Write a ratio and its limits, each as `two_digits` writes it.

    Examples
    --------
    >>> with_limits(0.072, 0.0000049, 0.9981), with_limits(124.0, 1.0, 26997.0, "95% interval ")
    ('0.072 (0.0000049 to 0.998)', '124 (95% interval 1.0 to 26,997)')
    """
    return f"{two_digits(ratio)} ({before}{two_digits(lower)} to {two_digits(upper)})"


def growth_with_limits(factor: float, lower: float | None, upper: float | None) -> str:
    """Write a growth and its limits, each as `hundredths` writes it.

    Examples
    --------
    >>> growth_with_limits(1.116, 1.0041, 1.24)
    '1.12 (1.004 to 1.24)'
    """
    return f"{hundredths(factor)} ({hundredths(lower)} to {hundredths(upper)})"


def hundredths(factor: float | None) -> str:
    """Write a growth with two decimals, but as `two_digits` where these are too few or too many.

    Examples
    --------
    >>> hundredths(1.2249), hundredths(1.0041), hundredths(7662.04), hundredths(0.0042)
    ('1.22', '1.004', '7,662', '0.0042')
    """
    if factor is None or not 0.1 <= factor < 100 or f"{factor:.2f}" == "1.00":
        return two_digits(factor)
    return f"{factor:.2f}"


def two_digits(ratio: float | None) -> str:
    """Write a ratio with two significant digits below ten; next to 1 so many more as tell on which side it lies.

    Examples
    --------
    >>> [two_digits(ratio) for ratio in (0.0, 0.3, 0.0682, 0.9981, 1.0, 12.3, 26997.0)]
    ['0', '0.30', '0.068', '0.998', '1.0', '12', '26,997']
    """
    if ratio is None or ratio == 0 or not math.isfinite(ratio):
        return "0" if ratio == 0 else f"{ratio}"
    if ratio != 1 and f"{ratio:.1f}" == "1.0":
        texts = (f"{ratio:.{decimals}f}" for decimals in range(2, 7))
        return next((text for text in texts if float(text) != 1), "1.0")
    decimals = max(0, 1 - math.floor(math.log10(float(f"{ratio:.1e}"))))
    return f"{ratio:,.{decimals}f}"
