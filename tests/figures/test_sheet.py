"""A sheet: as high as what is drawn on it, in few letters, its legend on it also in longer words."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.hatch import get_path
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from conflictts.figures.sheet import EDGE, _embeddable, _shorter, draw_sheet
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


@pytest.mark.parametrize("rows", [1, 6])
def test_a_sheet_is_as_high_as_what_is_drawn(rows):
    """Six rows of a legend stand higher than the sheet asked for; one leaves white above it."""

    def plot(ax):
        for number in range(rows):
            ax.plot([0, 1], [number, number], label=f"row {number}")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.01), frameon=False, borderpad=0)
        return ax

    picture = imread(io.BytesIO(draw_sheet(plot, name="high").png))[..., :3]
    ink = np.flatnonzero((picture < 1).any(axis=(1, 2)))
    assert picture.shape[1] == 1800
    white = (ink[0], picture.shape[0] - 1 - ink[-1])
    assert all(0 < each <= EDGE * 200 + 20 for each in white), (
        "a tenth of an inch: a letter's box is higher than its ink"
    )


def points(path: str) -> list[tuple[str, float, float]]:
    """A second way: every end of a path, absolute, as the SVG specification reads its letters."""
    ends, at, begin = [], np.zeros(2), np.zeros(2)
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)]
        if letter == "z":
            at = begin
        elif letter in "hv":
            at = at + np.array([numbers[0], 0.0] if letter == "h" else [0.0, numbers[0]])
        else:
            at = np.array(numbers[-2:]) + (at if letter.islower() else 0)
        begin = at if letter in "mM" else begin
        ends.append((letter.upper() if letter not in "hv" else "L", *at))
    return ends


COORDINATES = st.floats(-999, 999).map(lambda each: round(each, 6)) | st.sampled_from([0.0, 12.34, 12.344999, -0.004])
LINES = st.tuples(st.sampled_from(["L", "L", "M"]), COORDINATES, COORDINATES)
CURVES = st.tuples(st.just("Q"), COORDINATES, COORDINATES, COORDINATES, COORDINATES)


@given(st.lists(LINES | CURVES | st.just(("z",)), max_size=12))
def test_a_path_in_fewer_letters_ends_where_it_did(steps):
    """To half a hundredth of a point, with no sum of roundings however long the path."""
    steps = [("M", 1.0, 2.0), *steps]
    path = " \n".join(" ".join([step[0], *(f"{number:f}" for number in step[1:])]) for step in steps)
    short = _shorter(path)
    assert len(short) <= len(path)
    for (was, *here), (now, *there) in zip(points(path), points(short), strict=True):
        assert was == now
        assert there == pytest.approx(here, abs=0.005 + 1e-6)


def test_a_drawing_in_few_letters_paints_the_same():
    """Classes spelled out again and identifiers as they were: the same elements with the same paint."""
    svg = """<?xml version="1.0"?><svg width="9pt"><metadata><a/></metadata><defs><style type="text/css">*{x: y}</style>
    <path id="p1" d="M 0 0 "/><clipPath id="c1"/><path id="unused" d="M 1 1 "/></defs>
    <use xlink:href="#p1" x="1.004" y="2.5" style="fill: red"/><use xlink:href="#p1" x="3" y="4" style="fill: red"/>
    <path clip-path="url(#c1)" d="M 5 5 " style="fill: red"/><path d="M 5 5 " style="fill: blue"/>
    <text x="1" y="2" transform="rotate(-0 1 2)">no  change</text><text transform="rotate(-90 1 2)">y</text></svg>"""
    made = _embeddable(svg, "days")
    (red,) = re.findall(r"\.(\w+)\{fill: red\}", made)
    assert made.count(f'class="{red}"') == 3
    assert 'style="fill: blue"' in made
    assert re.findall(r' id="([^"]*)"', made) == re.findall(r'href="#([^"]*)"', made)[:1] + re.findall(
        r"url\(#([^)]*)", made
    )
    assert 'x="1" y="2.5"' in made
    assert ">no  change<" in made
    assert made.count("rotate(") == 1
    assert re.findall(r' id="([^"]*)"', made) != re.findall(r' id="([^"]*)"', _embeddable(svg, "weeks"))


HOSTILE = 'A style="}body{display:none" id="x" transform="rotate(0 1)" d="M 1 2 L 3 4" href="#p0" url(#p0) x="1.2345"'


def test_a_name_that_looks_like_markup_stays_the_text_it_is():
    """Three times the same "style" in tags makes a rule; in names it must make none, and change no letter."""

    def plot(ax):
        ax.set_yticks([0, 1, 2], labels=[HOSTILE] * 3)
        return ax

    svg = draw_sheet(plot, name="hostile").svg
    assert re.findall(r"<text[^>]*>([^<]*A style[^<]*)</text>", svg) == [HOSTILE] * 3
    assert "display:none" not in re.search(r"<style[^>]*>(.*?)</style>", svg, flags=re.DOTALL)[1]


@pytest.mark.parametrize("density", [3, 5, 6])
def test_dots_are_drawn_by_a_round_pen_in_few_letters(density):
    """Each where the hatch has its circle, as wide as that with its edge; curves make hundreds of kilobytes of them."""

    def plot(ax):
        ax.add_patch(Rectangle((0, 0), 1, 1, hatch=density * ".", facecolor="none", edgecolor="#333333"))
        return ax

    svg = draw_sheet(plot, name="dots").svg
    assert len(svg) < 20_000
    path, pen = re.findall(
        r'<path d="([^"]*)" style="fill: none; stroke: #333333; stroke-width: ([.\d]+); .*round', svg
    )[0]
    circles = [circle * 72 for circle in get_path(density * ".", 6).to_polygons()]
    middles = [(circle.min(axis=0) + circle.max(axis=0)) / 2 for circle in circles]
    dots = sorted((round(x, 1), round(y, 1)) for letter, x, y in points(path) if letter == "M")
    assert dots == sorted((round(x, 1), round(72 - y, 1)) for x, y in middles)
    assert float(pen) == pytest.approx(np.ptp(circles[0][:, 0]) + 0.6, abs=0.01), "rounded to hundredths"


ROUNDISH = "C 2 0 2 1 1 1 C 0 1 -1 1 -1 0 C -1 -1 0 -1 0 -1 C 1 -1 1 0 1 0 " * 2


@pytest.mark.parametrize("curves", [ROUNDISH, "L 1 1 L 2 0 "])
def test_what_is_no_circle_stays(curves):
    style = "fill: #333333; stroke: #333333; stroke-width: 0.6; stroke-linecap: butt; stroke-linejoin: miter"
    assert style in _embeddable(f'<svg><path d="M 1 0 {curves}z" style="{style}"/></svg>', "other")
