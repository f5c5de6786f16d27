"""What the course and the specification curve must show: a strip and a lane per phase, a mark per combination."""

from __future__ import annotations

import pytest

import conflictts as ct
from conflictts.figures.style import LEVEL
from conflictts.truce.course import TruceCourse
from conflictts.truce.sensitivity import Sensitivity


@pytest.fixture(scope="module")
def course(idlib) -> TruceCourse:
    daily = ct.daily_series(idlib, measure="civilians")
    return ct.truce_course(daily, idlib.truces["TRC-5"], other_truces=idlib.truces.values())


@pytest.fixture(scope="module")
def found(idlib) -> Sensitivity:
    return ct.sensitivity(
        idlib, idlib.truces["TRC-5"], measure="civilians", models=["level", "level+trend"], allocations=["spread"],
        windows=[(120, 60), (28, 28)], figures=["best"],
    )  # fmt: skip


def test_course_names_every_phase_and_marks_every_first_day(course, axes):
    ax = axes[0]
    assert ct.plot_course(course, ax=ax) is ax
    assert [text.get_text() for text in ax.texts if text.get_gid() != "footer"] == course.phases["phase"].tolist()
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert len(diamonds) == sum(len(days) > 0 for days in course.first_days) == 3
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"half the rate before", "named by the best estimate only", "95% set of a phase's first day"} <= set(legend)
    assert "source:" in next(text for text in ax.texts if text.get_gid() == "footer").get_text()


def test_undetermined_course_is_drawn_as_such(idlib, axes):
    daily = ct.daily_series(idlib, measure="civilians")
    course = ct.truce_course(daily, idlib.truces["TRC-4"], other_truces=idlib.truces.values())
    ax = ct.plot_course(course, ax=axes[0])
    assert not [line for line in ax.lines if line.get_marker() == "D"]
    assert "over" in [text.get_text() for text in ax.texts]


def test_curve_has_one_mark_per_answer_and_a_row_per_option(found, axes):
    ax = axes[0]
    assert ct.plot_sensitivity(found, ax=ax) is ax
    curve, matrix = ax.child_axes
    marks = [line for line in curve.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in marks) == found.answered == 24
    assert curve.get_yscale() == "log"
    assert "no answer" in [text.get_text() for text in curve.get_legend().get_texts()]
    rows = {round(patch.get_path().get_extents().y0, 6) for patch in matrix.patches}
    assert len(rows) == len(matrix.get_yticks()) == len(found.summary())
    footer = next(text for text in ax.texts if text.get_gid() == "footer").get_text()
    stands = int(found.table["stands"].sum())
    assert 0 < stands < 24
    assert f"{stands} of 24 combinations, 8 without an answer" in footer
    assert "main perpetrators: government, government or Russia, Russia" in footer.replace("\n", " ")


def test_colour_tells_what_stands(found, axes):
    ax = ct.plot_sensitivity(found, ax=axes[0])
    curve = ax.child_axes[0]
    standing = [line for line in curve.lines if line.get_marker() == "o" and line.get_color() == LEVEL]
    assert sum(len(line.get_xdata()) for line in standing) == found.table["stands"].sum()
