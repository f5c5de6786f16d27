"""Findings of every area of a panel arranged into one folder: the numbers as JSON and CSV, and the figures."""

from __future__ import annotations

import io
import json
import os
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.figures.forest import MOST as MOST_AREAS
from conflictts.figures.forest import plot_forest
from conflictts.figures.sheet import Sheet, draw_sheet
from conflictts.figures.small_multiples import MOST as MOST_SERIES
from conflictts.figures.small_multiples import plot_small_multiples
from conflictts.incidents.files import write_for_spreadsheet
from conflictts.report.export import _rows
from conflictts.report.folder import refuse_foreign_folder, write_folder
from conflictts.report.page import _today
from conflictts.series.panel import DailyPanel
from conflictts.truce.panel import PanelAnalysis

AREAS, CHANGES, NUMBERS, FIGURES = "areas.csv", "changes.csv", "findings.json", "figures"
PARTS = (AREAS, CHANGES, NUMBERS, FIGURES)


def write_panel_report(panel: DailyPanel, found: PanelAnalysis, out: str | os.PathLike[str]) -> Path:
    """Write what was found in every area of a panel: one table, the changes, the numbers as JSON, and figures.

    Parameters
    ----------
    panel : DailyPanel
    found : PanelAnalysis
        Of that panel, from `analyse_panel`.
    out : path-like
        Folder to write, in one step, in the place of an older one. An existing folder is replaced only if it holds
        such findings and nothing else.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If `out` holds anything else, or cannot be written.
    UnknownNameError
        If `found` is of another panel.

    Examples
    --------
    >>> import conflictts as ct, tempfile
    >>> panel = ct.daily_series(ct.load_idlib_2019(), measure="civilians", by="admin1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = ct.write_panel_report(panel, ct.analyse_panel(panel), f"{folder}/areas")
    ...     sorted(path.name for path in out.iterdir())
    ['areas.csv', 'changes.csv', 'figures', 'findings.json']
    """
    out = Path(out).expanduser().absolute()
    refuse_foreign_folder(out, PARTS)
    if list(panel) != list(found.table.index):
        raise UnknownNameError("`found` is of other areas than `panel`. Give the analysis of this very panel.")
    files = {
        AREAS: _csv(found.table.reset_index()),
        CHANGES: _csv(found.changes),
        NUMBERS: f"{json.dumps(as_numbers(panel, found), ensure_ascii=False, indent=1, allow_nan=False)}\n".encode(),
    }
    for name, sheet in draw_panel(panel, found).items():
        files |= {f"{FIGURES}/{name}.svg": sheet.svg.encode(), f"{FIGURES}/{name}.png": sheet.png}
    write_folder(out, files)
    return out


def as_numbers(panel: DailyPanel, found: PanelAnalysis) -> dict[str, Any]:
    """Everything that was found, as JSON holds it: days as text, None where there is no number."""
    days, provenance, pooled = panel.days, panel.counting.provenance, found.pooled
    truces = {None: found.truce} if found.truce is not None else found.truces
    return {
        "made_on": _today(),
        "made_by": f"conflictts {version('conflictts')}",
        "unit": found.unit,
        "area": found.area,
        "by": list(found.by),
        "first_day": f"{days[0]:%Y-%m-%d}",
        "last_day": f"{days[-1]:%Y-%m-%d}",
        "source": found.source,
        "licence": "" if provenance is None else provenance.licence,
        "citation": "" if provenance is None else provenance.citation,
        "level": found.level,
        "truces": [
            {"area": key, "name": truce.name, "effective": f"{truce.effective:%Y-%m-%d}"}
            for key, truce in truces.items()
        ],
        "pooled": None
        if pooled is None
        else {
            name: getattr(pooled, name)
            for name in (
                *("rate_ratio", "lower", "upper", "prediction_lower", "prediction_upper", "tau", "heterogeneity"),
            )
        }
        | {"areas": len(pooled.areas)},
        "areas": _rows(found.table.reset_index()),
        "changes": _rows(found.changes),
    }


def draw_panel(panel: DailyPanel, found: PanelAnalysis) -> dict[str, Sheet]:
    """The figures, by name: the series side by side, and with a truce its rate ratios."""
    truces = [found.truce] if found.truce is not None else []
    rows = -(-min(len(panel), MOST_SERIES) // 4)
    height = max(3.9, 1.7 + 1.05 * rows)  # what the words beside the scale want at least
    drawn = {
        "series": draw_sheet(
            partial(plot_small_multiples, panel, truces=truces, changes=found.changes), name="series", height=height,
            axes=(0.02, 0.95 / height, 0.96, 1 - 1.5 / height),
        )
    }  # fmt: skip
    effects = found.effects()
    if len(effects):
        names = [key if isinstance(key, str) else ", ".join(key) for key in effects.index]
        height = 1.9 + 0.22 * (min(len(effects), MOST_AREAS) + 2)
        margin = min(0.4, 0.03 + 0.0085 * max(13, *map(len, names)))
        drawn["ratios"] = draw_sheet(
            partial(plot_forest, found), name="ratios", height=height,
            axes=(margin, 1.0 / height, 0.97 - margin, 1 - 1.6 / height),
        )  # fmt: skip
    return drawn


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    """Days as text."""
    return table.assign(**{
        name: table[name].dt.strftime("%Y-%m-%d") for name in table.select_dtypes("datetime").columns
    })  # fmt: skip


def _csv(table: pd.DataFrame) -> bytes:
    text = io.StringIO()
    write_for_spreadsheet(_dated(table), text)  # type: ignore[arg-type]
    return text.getvalue().encode()
