"""The map: each area in the colour of its ratio, on a scale that is the same both ways, what is not on it said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

import conflictts as ct
from conflictts.errors import TooLittleData, UnknownNameError
from conflictts.figures.map import RATIOS
from tests.figures.test_figures import footer


def squares(**corners: tuple[float, float]) -> ct.Outlines:
    """A square of a degree for each area, at its corner."""
    unit = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1], [0, 0]])
    return ct.Outlines("areas.geojson", {name: ((unit + corner,),) for name, corner in corners.items()})


def labels(ax) -> set[str]:
    return {text.get_text() for text in ax.get_legend().get_texts()}


def test_outlines_take_the_colour_of_their_ratio(areas_found, axes):
    where = squares(A=(0, 0), D=(1, 0), E=(2, 0), silent=(3, 0), Elsewhere=(4, 0))
    ax = ct.plot_map(areas_found, where, ax=axes[0])
    assert ax is axes[0]
    assert not axes[1].patches
    outlines = [patch for patch in ax.patches if patch.get_gid() is None and len(patch.get_path().vertices)]
    drawn = {round(patch.get_path().vertices[:, 0].min()): patch for patch in outlines}
    farthest = 1 / 0.3  # of the ratios drawn; the scale reaches as far to either side
    for place, ratio in ((0, 0.3), (1, 1.6), (2, 0.9)):
        expected = RATIOS((np.log(ratio) / np.log(farthest) + 1) / 2)
        assert to_hex(drawn[place].get_facecolor()) == to_hex(expected)
    assert drawn[3].get_hatch()
    assert (drawn[0].get_linewidth(), drawn[2].get_linewidth()) == (1.6, 0.4)  # the interval of the second holds 1
    assert labels(ax) == {"interval without 1", "interval holds 1", "too little data to compare", "no records"}
    assert "areas not on the map: 3" in footer(ax)
    assert "outlines: areas.geojson" in footer(ax)


def test_scale_is_symmetric_and_light_in_the_middle():
    assert RATIOS(0.5)[:3] == pytest.approx(to_rgb("#F5F3EE"), abs=0.01)
    assert all(sum(RATIOS(end)[:3]) < 1.5 for end in (0.0, 1.0))


def test_discs_are_larger_where_more_is_known(areas_found, axes):
    places = pd.DataFrame({"latitude": [35.0, 35.5, 36], "longitude": [36.0, 37, 38]}, pd.Index(["A", "E", "silent"]))
    ax = ct.plot_map(areas_found, places, ax=axes[0])
    sizes = {tuple(at): size for dots in ax.collections for at, size in zip(
        dots.get_offsets().tolist(), dots.get_sizes(), strict=True)}  # fmt: skip
    assert sizes[36.0, 35.0] == pytest.approx(sizes[37.0, 35.5] * (0.5 / 0.2) ** 2)
    assert len(sizes) == 3
    assert "discs at the mean" in footer(ax)


@pytest.mark.parametrize(("sides", "lines"), [([], 0), ([("silent", 35.95), ("B", 36.05)], 1)])
def test_what_stands_out_has_its_name_though_discs_lie_around(sides, lines, areas_found, axes):
    """Two of them lie where its name would stand; four leave no room beside it, and it stands at the end of a line."""
    rows = [("A", 36.0, 35.0), ("E", 36.0, 35.08), ("D", 36.0, 34.92), *((name, at, 35.0) for name, at in sides)]
    places = pd.DataFrame(rows, columns=["area", "longitude", "latitude"]).set_index("area")
    ax = ct.plot_map(areas_found, places, ax=axes[0])
    (name,) = [text for text in ax.texts if text.get_text() == "A"]
    assert (name.get_position()[1] == pytest.approx(35.0)) == (lines == 0)
    assert len(ax.lines) == lines


def test_a_name_without_room_above_its_disc_stands_below(areas_found, axes):
    places = pd.DataFrame({"latitude": [35.0, 35.08], "longitude": [36.0, 36]}, pd.Index(["A", "E"]))
    ax = ct.plot_map(areas_found, places, ax=axes[0])
    below = {text.get_text(): text.get_position()[1] < places["latitude"][text.get_text()]
             for text in ax.texts if text.get_text() in places.index}  # fmt: skip
    assert below == {"A": True, "E": False}


@pytest.mark.parametrize(("north", "figure_size"), [(0, (6, 3)), (60, (3, 6))])
def test_degrees_are_as_long_as_on_the_ground_in_the_middle(areas_found, north, figure_size):
    ax = Figure(figsize=figure_size).add_axes((0.1, 0.2, 0.8, 0.7))
    ct.plot_map(areas_found, squares(A=(0, north - 0.5), D=(1, north - 0.5)), ax=ax)
    ax.apply_aspect()
    (x0, y0), (x1, y1) = ax.transData.transform([(0, north), (1, north + 1)])
    assert (x1 - x0) / (y1 - y0) == pytest.approx(np.cos(np.radians(north)))
    for corner in ((0, north - 0.5), (2, north + 0.5)):
        assert ax.bbox.contains(*ax.transData.transform(corner))


@pytest.mark.parametrize("north", [0.5, 60])
def test_a_bar_is_as_long_as_the_kilometres_it_names(areas_found, north):
    """On the parallel in the middle, where the distance is that of a great circle; graticule and names say where."""
    ax = Figure(figsize=(8, 6)).add_axes((0.1, 0.2, 0.8, 0.7))
    ct.plot_map(areas_found, squares(A=(10, north - 0.5), D=(11, north - 0.5)), ax=ax)
    (bar,) = ax.findobj(lambda artist: artist.get_gid() == "kilometres")
    (said,) = [text.get_text() for text in ax.texts if text.get_text().endswith(" km")]
    ends = ax.transData.inverted().transform(ax.transAxes.transform(bar.get_path().vertices))[[1, 2], 0]
    across = np.radians(ends[1] - ends[0]) / 2
    distance = 2 * 6371 * np.arcsin(np.cos(np.radians(north)) * np.sin(across))
    assert distance == pytest.approx(float(said.split()[0].replace(",", "")), rel=0.01)  # the middle is not quite at it
    ax.figure.draw_without_rendering()
    assert all(label.get_text().endswith("° E") for label in ax.get_xticklabels())
    assert all(line.get_visible() for line in ax.get_xgridlines())


def test_areas_on_both_sides_of_the_180th_meridian_lie_side_by_side(areas_found, axes):
    ax = ct.plot_map(areas_found, squares(A=(178.9, 0), D=(-180, 0), Fiji=(-179, 0)), ax=axes[0])
    low, high = ax.get_xlim()
    assert high - low < 20
    ax.figure.canvas.draw()
    sides = {label.get_text()[-1]: float(label.get_text().partition("°")[0]) for label in ax.get_xticklabels()}
    assert set(sides) >= {"E", "W"}
    assert all(0 <= degrees <= 180 for degrees in sides.values())


def test_refusals(areas_found, idlib):
    with pytest.raises(UnknownNameError, match=r"They are A, B, C, D, E, \$F\$; the map knows Elsewhere\. Name them"):
        ct.plot_map(areas_found, squares(Elsewhere=(0, 0)))
    with pytest.raises(UnknownNameError, match="the map knows none"):
        ct.plot_map(areas_found, pd.DataFrame({"latitude": [], "longitude": []}))
    panel = ct.daily_series(idlib, measure="civilians", by="admin1")
    with pytest.raises(TooLittleData, match="None of 4 areas has an effect"):
        ct.plot_map(ct.analyse_panel(panel), panel.places)
