"""One drawing of every figure of the package, of the bundled case or invented."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from pkgutil import iter_modules

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import conflictts as ct
from conflictts import figures
from conflictts.figures.comparisons import plot_comparisons
from conflictts.figures.safe_weeks import plot_safe_weeks
from conflictts.incidents.simulate import simulate_incidents
from conflictts.series.disclosure import withhold_small_weeks


def names_of_figures() -> list[str]:
    """What follows ``plot_`` in the name of each function of `conflictts.figures` that draws a figure."""
    modules = [importlib.import_module(f"{figures.__name__}.{each.name}") for each in iter_modules(figures.__path__)]
    return sorted(
        name.removeprefix("plot_")
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("plot_") and function.__module__ == module.__name__
    )


def plots(idlib: ct.Case, areas_found: ct.PanelAnalysis) -> dict[str, Callable[[Axes | None], Axes]]:
    """What draws each figure of the package on given axes, or on axes of its own, by what follows ``plot_``."""
    daily = ct.daily_series(idlib, measure="civilians")
    truce = idlib.truces["TRC-5"]
    window = ("2019-04-30", "2019-10-18")
    effect = ct.estimate_truce_effect(daily, truce, window=window)
    escalation = ct.measure_escalation(daily)
    return {
        "daily": lambda ax: ct.plot_daily(daily, truces=idlib.truces.values(), events=idlib.events, ax=ax),
        "changepoints": lambda ax: ct.plot_changepoints(ct.detect_changepoints(daily), truces=[truce], ax=ax),
        "truce_effect": lambda ax: ct.plot_truce_effect(
            ct.estimate_truce_effect(daily, truce, window=("2019-04-30", "2019-11-06")), ax=ax
        ),
        "diagnostics": lambda ax: ct.plot_diagnostics(ct.diagnose_effect(effect, rng=np.random.default_rng(1)), ax=ax),
        "placebos": lambda ax: ct.plot_placebos(ct.placebo_effects(effect), ax=ax),
        "source_mix": lambda ax: ct.plot_source_mix(
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
        "coverage_ratio": lambda ax: ct.plot_coverage_ratio(
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
            area=daily.area,
            source=daily.source,
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
        "comparisons": lambda ax: plot_comparisons(
            [
                effect,
                ct.estimate_truce_effect(daily, truce, window=("2019-08-03", "2019-09-27")),
                ct.estimate_truce_effect(daily, ct.Truce("2019-11-20")),
            ],
            labels=["long", "28 days", "November"],
            ax=ax,
        ),
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
