"""A share in per cent, never rounded to none or all where it is neither."""

from __future__ import annotations

import math


def percent(share: float, *, digits: int = 0) -> str:
    """Write a share in per cent with so many decimals; a dash where there is none.

    Examples
    --------
    >>> [percent(share) for share in (0.0, 0.003, 0.417, 0.997, 1.0, 1.2, float("nan"))]
    ['0%', 'under 1%', '42%', 'over 99%', '100%', '120%', '–']
    >>> percent(0.0001, digits=1), percent(0.041, digits=1)
    ('under 0.1%', '4.1%')
    """
    if not math.isfinite(share):
        return "–"
    least = 10.0 ** -(digits + 2)
    if 0 < share <= least / 2:
        return f"under {least:.{digits}%}"
    if 1 - least / 2 <= share < 1:
        return f"over {1 - least:.{digits}%}"
    return f"{share:.{digits}%}"


def of_level(level: float) -> str:
    """Write a confidence level in per cent as it is, since one that is rounded up promises what it does not keep.

    Examples
    --------
    >>> of_level(0.95), of_level(0.975), of_level(0.999)
    ('95%', '97.5%', '99.9%')
    """
    return f"{100 * level:.10g}%"
