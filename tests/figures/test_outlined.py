"""Words from right to left in a drawing as outlines: joined, in their place, and nothing else touched."""

from __future__ import annotations

import re

import numpy as np
import pytest

from conflictts.figures.outlined import outlined

SVG = (
    "<svg><style>.a{font-weight: 700; font-size: 10px; text-anchor: end; fill: #333333}</style>"
    '<text class="a" x="50" y="20">حلب</text><text x="1" y="2" style="font-size: 9px">Idlib</text></svg>'
)


def across(svg: str) -> tuple[float, float]:
    numbers = np.array([float(number) for number in re.findall(r"-?\d+\.\d+", re.search(' d="([^"]*)"', svg)[1])])
    return float(numbers[::2].min()), float(numbers[::2].max())


def test_arabic_is_joined():
    """As its letters' forms at the beginning, in the middle and at the end of a word, given by their own codes."""
    forms = SVG.replace("حلب", "\ufea3\ufee0\ufe90")
    assert outlined(SVG) == outlined(forms)
    alone = SVG.replace("حلب", "\ufea1\ufedd\ufe8f")
    assert across(outlined(alone))[0] < across(outlined(SVG))[0], "letters alone are wider"


def test_it_stands_in_its_place_and_all_else_stays():
    drawn = outlined(SVG)
    assert re.sub("<path[^>]*>", "", drawn) == re.sub("<text[^>]*>حلب</text>", "", SVG)
    assert '<path transform="translate(50 20)"' in drawn
    assert 'style="fill: #333333"' in drawn
    left, right = across(drawn)
    assert right == pytest.approx(0, abs=0.01), "the end of the text is where it is anchored"
    assert -40 < left < -10
    turned = SVG.replace('x="50"', 'x="50" transform="rotate(-90 50 20)"')
    assert '<path transform="rotate(-90 50 20) translate(50 20)"' in outlined(turned)
    lacking = SVG.replace("حلب", "ܐܠܦ")  # Syriac, which the font of the figures has not
    assert outlined(lacking) == lacking
