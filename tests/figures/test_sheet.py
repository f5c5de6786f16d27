"""A sheet put over into longer words: its legend stays on it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from conflictts.figures.sheet import draw_sheet
from conflictts.figures.style import legend_above, wrapped


def drawn(ax):
    for number in range(5):
        ax.plot([0, 1], [number, number], label=f"claimed by body {number}")
    legend_above(ax)
    return ax


@pytest.mark.parametrize("factor", [1.0, 1.3, 1.5])
def test_a_legend_of_longer_words_stays_on_the_sheet(factor):
    def put(text: str) -> str:
        return text + "n" * int((factor - 1) * len(text)) if text.startswith("claimed") else text

    sheet = draw_sheet(drawn, name="sheet", words=put)
    right = imread(io.BytesIO(sheet.png))[: 780 // 6, -4:, :3]  # the upper edge, where the legend stands
    assert np.all(right == 1)
    assert sheet.svg.count(put("claimed by body 4")) == 1


@pytest.mark.parametrize("width", range(8, 40))
def test_a_dot_between_parts_begins_no_line_and_nothing_is_lost(width):
    text = "civilian deaths · Idlib · 20 Apr 2019 to 15 Jan 2020\u00a0: source · 4.1%"
    lines = wrapped(text, width)
    assert not [line for line in lines.split("\n") if line.startswith("·")]
    assert lines.replace("\n", " ") == text
