"""Numbers as sentences print them: tolls, rates, how many of something, a toll with its unit, p-values."""

from __future__ import annotations

import math

SINGULAR = {  # of a unit, where it is not the unit itself
    "incidents": "incident",
    "deadly incidents": "deadly incident",
    "deaths": "death",
    "civilian deaths": "civilian death",
    "combatant deaths": "combatant death",
    "people injured": "person injured",
}


def toll(number: float) -> str:
    """Write a toll: whole where it is whole, else to the nearest tenth below ten and to the nearest one above.

    Examples
    --------
    >>> [toll(number) for number in (61.0, 3.25, 1.0, 1044.6, -7.7)]
    ['61', '3.2', '1', '1,045', '−7.7']
    """
    if math.isclose(number, round(number), abs_tol=1e-6) or abs(number) >= 10:
        return f"{round(number):,}".replace("-", "−")
    return f"{number:.1f}".replace("-", "−")


def per_day(rate: float) -> str:
    """Write a rate a day: two decimals below ten, one above; never 0 where it is not; a dash where there is none.

    Examples
    --------
    >>> [per_day(rate) for rate in (0.0, 0.003, 5.674, 1234.56, float("nan"))]
    ['0.00', 'under 0.01', '5.67', '1,234.6', '–']
    """
    if 0 < rate < 0.005:
        return "under 0.01"
    if math.isnan(rate):
        return "–"
    return f"{rate:.2f}" if rate < 10 else f"{rate:,.1f}"


def so_many(number: int, noun: str) -> str:
    """Write how many of something there are, whose plural is made by an s.

    Examples
    --------
    >>> so_many(1, "observed day"), so_many(0, "row"), so_many(1284, "record")
    ('1 observed day', '0 rows', '1,284 records')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def with_unit(number: str, unit: str) -> str:
    """Put a unit behind a number as printed.

    Examples
    --------
    >>> with_unit("1", "civilian deaths"), with_unit("1.0", "civilian deaths"), with_unit("0", "people injured")
    ('1 civilian death', '1.0 civilian deaths', '0 people injured')
    """
    return f"{number} {SINGULAR.get(unit, unit) if number == '1' else unit}"


def p_value(p: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> [p_value(p) for p in (0.000091, 0.0123, 0.123)]
    ['p < 0.001', 'p = 0.012', 'p = 0.12']
    """
    return "p < 0.001" if p < 0.001 else f"p = {p_alone(p)}"


def p_alone(p: float) -> str:
    """Write a p-value under a heading that says what it is.

    Examples
    --------
    >>> [p_alone(p) for p in (0.000091, 0.0123, 0.123, 1.0)]
    ['under 0.001', '0.012', '0.12', '1']
    """
    if p < 0.001:
        return "under 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}" if p < 1 else "1"
