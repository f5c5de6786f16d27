"""One image per figure, text removed: a change of look must be seen by a person before it is accepted."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from tests.figures.drawings import names_of_figures, plots

BASELINES = Path(__file__).parent / "baseline"
TOLERANCE = 4.0  # root mean square of 0..255; other builds of the renderer differ by about 1 in anti-aliasing


@pytest.mark.parametrize("name", names_of_figures())
def test_figure_looks_as_it_did(name, idlib, areas_found, tmp_path):
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = Figure(figsize=(6, 2.6), dpi=80)
        FigureCanvasAgg(figure)
        ax = plots(idlib, areas_found)[name](figure.add_axes((0.02, 0.05, 0.96, 0.9)))
        for panel in [ax, *ax.child_axes]:
            labels = [*panel.get_xticklabels(), *panel.get_yticklabels(), panel.xaxis.label, panel.yaxis.label]
            for text in [*panel.texts, *labels, panel._left_title]:
                text.set_visible(False)
            if panel.get_legend() is not None:
                panel.get_legend().set_visible(False)
        path = tmp_path / f"{name}.png"
        figure.savefig(path, metadata={"Software": None})
    baseline = BASELINES / f"{name}.png"
    if os.environ.get("CONFLICTTS_NEW_BASELINES") == "1":
        baseline.write_bytes(path.read_bytes())
    drawn, expected = imread(path), imread(baseline)
    assert drawn.shape == expected.shape
    difference = 255 * float(np.sqrt(np.mean((drawn - expected) ** 2)))
    assert difference < TOLERANCE, f"{name} differs by {difference:.2f}: look at {path}"


def test_every_figure_has_a_baseline():
    assert {path.stem for path in BASELINES.glob("*.png")} == set(names_of_figures())
