"""The figure of two vintages: three bars a month, removed ones below the line, and a footer that names both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conflictts.errors import TooLittleData
from conflictts.figures.style import CONTRAST, COUNTED, LEVEL
from conflictts.figures.vintages import plot_vintages
from conflictts.incidents.vintages import VintageComparison, compare_vintages


@pytest.fixture(scope="module")
def compared(idlib) -> VintageComparison:
    """Ten months; the first 20 records removed, 70 of the rest added, one in seven changed."""
    table = idlib.table.iloc[20:].copy()
    table.loc[table.index % 7 == 0, "civilians_best"] += 1
    return compare_vintages(replace(idlib, table=idlib.table.drop(index=range(100, 170))), replace(idlib, table=table))


def test_three_bars_a_month_with_removed_ones_below(compared, axes):
    ax = plot_vintages(compared, ax=axes[0])
    assert ax is axes[0]
    assert len(ax.patches) == 3 * len(compared.by_month)
    for container, (outcome, colour) in zip(
        ax.containers, [("added", LEVEL), ("changed", COUNTED), ("removed", CONTRAST)], strict=True
    ):
        heights = [abs(bar.get_height()) for bar in container]
        assert heights == compared.by_month[outcome].tolist()
        assert "#{:02X}{:02X}{:02X}".format(*(round(255 * part) for part in container[0].get_facecolor()[:3])) == colour
    assert min(bar.get_height() for bar in ax.containers[2]) == -compared.by_month["removed"].max()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["added", "changed", "removed"]


def test_footer_says_window_counts_and_both_vintages(compared, axes):
    ax = plot_vintages(compared, ax=axes[0])
    (footer,) = [text.get_text().replace("\n", " ") for text in ax.texts if text.get_gid() == "footer"]
    assert "Apr 2019 to Jan 2020" in footer
    assert "70 added, 20 removed" in footer
    assert f"old: {compared.names[0]}" in footer
    assert f"new: {compared.names[1]}" in footer


def test_axis_counts_without_a_sign_and_names_the_year_once(compared, axes):
    ax = plot_vintages(compared, ax=axes[0])
    ax.figure.canvas.draw()
    assert not any("-" in label.get_text() or "−" in label.get_text() for label in ax.get_yticklabels())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Apr\n2019", "Jun", "Aug", "Oct", "Dec"]


def test_equal_vintages_draw_an_empty_frame(idlib, axes):
    ax = plot_vintages(compare_vintages(idlib, idlib), ax=axes[0])
    assert not any(bar.get_height() for bar in ax.patches)
    assert ax.get_ylim() == (-1, 1)


def test_vintages_without_records_are_refused(idlib):
    empty = replace(idlib, table=idlib.table.iloc[:0])
    with pytest.raises(TooLittleData, match="Both vintages have 0 records"):
        plot_vintages(compare_vintages(empty, empty))
