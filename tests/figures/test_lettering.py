"""No text of a figure holds a character that hides or reorders it, whatever a name of the records brings in."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

import conflictts as ct
from conflictts.figures.sheet import draw_sheet
from tests.figures.drawings import names_of_figures, plots

ARABIC = "إدلب"
HOSTILE = f"\u202eabc\u2066\x1b\u200b{ARABIC}"
SHOWN = f"⟨U+202E⟩abc⟨U+2066⟩⟨U+001B⟩⟨U+200B⟩\u200e{ARABIC}\u200e"
OF_NO_NAMES = ("monitor", "vintages")  # of counts alone, and of a simulation


@pytest.fixture(scope="module")
def hostile(idlib, areas_found):
    """The plots of records whose every name holds what is not seen, and an Arabic name."""
    names = [*("admin1", "perpetrator", "target", "reporting_body")]
    table = idlib.table.assign(**{name: idlib.table[name] + HOSTILE for name in names})
    case = replace(
        idlib,
        table=table,
        events=idlib.events.assign(label=HOSTILE),
        provenance=replace(idlib.provenance, area=HOSTILE, provider=HOSTILE),
    )
    return plots(case, replace(areas_found, area=HOSTILE, source=HOSTILE))


@pytest.mark.parametrize("name", names_of_figures())
def test_unseen_characters_are_shown_and_arabic_is_set_apart(name, hostile):
    figure = Figure(figsize=(9, 4))
    FigureCanvasAgg(figure)
    hostile[name](figure.add_axes((0.2, 0.3, 0.7, 0.6)))
    figure.draw_without_rendering()
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert not [text for text in texts if set(text) & set("\u202e\u2066\x1b\u200b")]
    lines = " ".join(" ".join(texts).split())
    assert (SHOWN in lines) == (name not in OF_NO_NAMES)


@pytest.fixture
def named(areas_found):
    """An analysis of areas of which one has an unseen character in its name, and one an Arabic name."""
    return replace(areas_found, table=areas_found.table.rename(index={"A": "A\u202eb", "B": ARABIC}), pooled=None)


def test_names_at_ticks_are_shown_too(named):
    figure = Figure(figsize=(9, 4))
    ax = ct.plot_forest(named, ax=figure.add_axes((0.4, 0.2, 0.5, 0.7)))
    figure.draw_without_rendering()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert {"A⟨U+202E⟩b", f"\u200e{ARABIC}\u200e", "C"} <= set(labels)


def test_a_sheet_in_other_words_keeps_names_as_they_are_shown(named):
    sheet = draw_sheet(
        partial(ct.plot_forest, named), name="forest", axes=(0.4, 0.2, 0.5, 0.7), words=str.upper, png=False
    )
    assert "A⟨U+202E⟩B" in sheet.svg
    assert "\u202e" not in sheet.svg
