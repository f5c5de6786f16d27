"""One image per figure, text removed: a change of look must be seen by a person before it is accepted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

import conflictts as ct
from conflictts.figures.safe_weeks import plot_safe_weeks
from conflictts.incidents.simulate import simulate_incidents
from conflictts.series.disclosure import withhold_small_weeks

BASELINES = Path(__file__).parent / "baseline"
TOLERANCE = 4.0  # root mean square of 0..255; other builds of the renderer differ by about 1 in anti-aliasing
NAMES = (
    "daily",
    "changepoints",
    "effect",
    "diagnostics",
    "placebos",
    "sources",
    "onset",
    "claims",
    "vintages",
    "benchmark",
    "coverage",
    "growth",
    "phases",
    "weeks",
    "safe_weeks",
    "calendar",
    "course",
    "sensitivity",
    "monitor",
    "small_multiples",
    "forest",
    "map",
)


def plots(idlib: ct.Case, areas_found: ct.PanelAnalysis):
    daily = ct.daily_series(idlib, measure="civilians")
    truce = idlib.truces["TRC-5"]
    window = ("2019-04-30", "2019-10-18")
    effect = ct.estimate_truce_effect(daily, truce, window=window)
    escalation = ct.measure_escalation(daily)
    return {
        "daily": lambda ax: ct.plot_daily(daily, truces=idlib.truces.values(), events=idlib.events, ax=ax),
        "changepoints": lambda ax: ct.plot_changepoints(ct.detect_changepoints(daily), truces=[truce], ax=ax),
        "effect": lambda ax: ct.plot_truce_effect(
            ct.estimate_truce_effect(daily, truce, window=("2019-04-30", "2019-11-06")), ax=ax
        ),
        "diagnostics": lambda ax: ct.plot_diagnostics(ct.diagnose_effect(effect, rng=np.random.default_rng(1)), ax=ax),
        "placebos": lambda ax: ct.plot_placebos(ct.placebo_effects(effect), ax=ax),
        "sources": lambda ax: ct.plot_source_mix(
            ct.source_mix(idlib, truce, measure="civilians", window=window), ax=ax
        ),
        "onset": lambda ax: ct.plot_onset(
            ct.scan_onset(daily, truce, rng=np.random.default_rng(1), n_simulations=19), ax=ax
        ),
        "claims": lambda ax: ct.plot_claims(daily, ct.hold_claims(daily, idlib.claims), since="2019-04-30", ax=ax),
        "vintages": lambda ax: ct.plot_vintages(two_vintages(), ax=ax),
        "benchmark": lambda ax: ct.plot_benchmark(
            ct.benchmark_to_claims(daily, idlib.claims[idlib.claims["claim_id"].isin(["CLM-081", "CLM-098"])]),
            truces=[truce],
            ax=ax,
        ),
        "coverage": lambda ax: ct.plot_coverage_ratio(
            ct.coverage_ratio(daily, idlib.claims, body=["SOHR", "White Helmets"]), truces=[truce], ax=ax
        ),
        "growth": lambda ax: ct.plot_growth(escalation, ax=ax),
        "phases": lambda ax: ct.plot_phases(escalation, ax=ax),
        "weeks": lambda ax: ct.plot_weeks(escalation, ax=ax),
        "safe_weeks": lambda ax: plot_safe_weeks(
            withhold_small_weeks(
                ct.daily_series(idlib, measure="civilians", gaps=[("2019-11-18", "2019-12-01")]),
                cuts=[truce.effective],
            ),
            truces=[truce],
            ax=ax,
        ),
        "calendar": lambda ax: ct.plot_calendar(daily, ax=ax),
        "course": lambda ax: ct.plot_course(ct.truce_course(daily, truce, other_truces=idlib.truces.values()), ax=ax),
        "sensitivity": lambda ax: ct.plot_sensitivity(
            ct.sensitivity(
                idlib,
                truce,
                measure="civilians",
                models=["level"],
                allocations=["spread"],
                windows=[(120, 60), (28, 28)],
            ),
            ax=ax,
        ),
        "monitor": lambda ax: ct.plot_monitor(watched(), ax=ax),
        "small_multiples": lambda ax: ct.plot_small_multiples(
            ct.daily_series(idlib, measure="civilians", by="admin1"), truces=[truce], ax=ax
        ),
        "forest": lambda ax: ct.plot_forest(areas_found, ax=ax),
        "map": lambda ax: ct.plot_map(areas_found, six_outlines(), ax=ax),
    }


def six_outlines() -> ct.Outlines:
    """Four areas with an effect, one of them with a hole, one without, and one without records."""
    unit = np.array([[0.0, 0.0], [1.2, 0.1], [1, 1], [0.1, 0.9], [0, 0]])
    hole = (unit * 0.3 + 0.3)[::-1]
    corners = {"A": (0, 40), "B": (1, 40), "D": (2, 40), "E": (0, 41), "silent": (1, 41), "Elsewhere": (2, 41)}
    return ct.Outlines(
        "areas.geojson",
        {name: (((unit + at), (hole + at)) if name == "D" else (unit + at,),) for name, at in corners.items()},
    )


def watched() -> ct.Monitor:
    """An invented calm, a gap, a fortnight of calm and a fortnight of three times as much, one day of it revised."""
    calm, day = [0.0, 2.0, 1.0, 3.0, 0.0] * 12, pd.Timestamp("2020-03-01")
    counts = [*calm, *([np.nan] * 3), 1.0, *([0.0, 2.0, 1.0, 3.0, 0.0] * 2), *([2.0, 5.0, 3.0, 6.0, 1.0] * 3)]
    daily = ct.DailySeries.from_counts(pd.Series(counts, pd.date_range("2020-01-01", periods=len(counts))))
    return ct.Monitor.fit(daily, window=("2020-01-01", "2020-02-29")).update(daily).update(day.replace(day=9), 4.0)


def two_vintages() -> ct.VintageComparison:
    """Invented records of eight months: one in nine only in the old vintage, one in seven only in the new one."""
    invented = simulate_incidents(np.random.default_rng(1)).incidents
    at = np.arange(len(invented.table))
    new = invented.table[at % 9 != 0].reset_index(drop=True)
    new.loc[new.index % 5 == 0, "deaths_best"] += 1
    old = invented.table[at % 7 != 0].reset_index(drop=True)
    return ct.compare_vintages(replace(invented, table=old), replace(invented, table=new))


@pytest.mark.parametrize("name", NAMES)
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


def test_every_figure_has_a_baseline(idlib, areas_found):
    assert set(NAMES) == set(plots(idlib, areas_found))
    assert set(NAMES) == {path.stem for path in BASELINES.glob("*.png")}
