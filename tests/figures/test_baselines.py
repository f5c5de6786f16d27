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

import conflictts as ct

BASELINES = Path(__file__).parent / "baseline"
TOLERANCE = 4.0  # root mean square of 0..255; other builds of the renderer differ by about 1 in anti-aliasing


def plots(idlib: ct.Case):
    daily = ct.daily_series(idlib, measure="civilians")
    truce = idlib.truces["TRC-5"]
    return {
        "daily": lambda ax: ct.plot_daily(daily, truces=idlib.truces.values(), events=idlib.events, ax=ax),
        "changepoints": lambda ax: ct.plot_changepoints(ct.detect_changepoints(daily), truces=[truce], ax=ax),
        "effect": lambda ax: ct.plot_truce_effect(
            ct.estimate_truce_effect(daily, truce, window=("2019-04-30", "2019-11-06")), ax=ax
        ),
        "onset": lambda ax: ct.plot_onset(
            ct.scan_onset(daily, truce, rng=np.random.default_rng(1), n_simulations=19), ax=ax
        ),
        "claims": lambda ax: ct.plot_claims(daily, ct.hold_claims(daily, idlib.claims), since="2019-04-30", ax=ax),
    }


@pytest.mark.parametrize("name", ["daily", "changepoints", "onset", "effect", "claims"])
def test_figure_looks_as_it_did(name, idlib, tmp_path):
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = Figure(figsize=(6, 2.6), dpi=80)
        FigureCanvasAgg(figure)
        ax = plots(idlib)[name](figure.add_axes((0.02, 0.05, 0.96, 0.9)))
        for text in [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.yaxis.label]:
            text.set_visible(False)
        ax.get_legend().set_visible(False)
        path = tmp_path / f"{name}.png"
        figure.savefig(path, metadata={"Software": None})
    baseline = BASELINES / f"{name}.png"
    if os.environ.get("CONFLICTTS_NEW_BASELINES") == "1":
        baseline.write_bytes(path.read_bytes())
    drawn, expected = imread(path), imread(baseline)
    assert drawn.shape == expected.shape
    difference = 255 * float(np.sqrt(np.mean((drawn - expected) ** 2)))
    assert difference < TOLERANCE, f"{name} differs by {difference:.2f}: look at {path}"
