"""The schema of findings.json: published, strict, and met; a name too many, too few or of another kind breaks it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import conflictts as ct
from conflictts.cli import app
from conflictts.report.export import PANEL_VERSION, SCHEMA_VERSION

SCHEMA = json.loads(ct.findings_schema())
VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.fixture(scope="module")
def folder(idlib: ct.Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("schema") / "out"
    return ct.write_report(idlib, idlib.truces["TRC-5"], out, claims=idlib.claims, formats=("json",))


@pytest.fixture(scope="module")
def numbers(folder: Path) -> dict:
    return json.loads((folder / "findings.json").read_text(encoding="utf-8"))


def test_the_schema_lies_beside_the_numbers_and_is_printed(folder):
    printed = CliRunner().invoke(app, ["report", "--schema"])
    assert printed.exit_code == 0
    assert printed.stdout == (folder / "findings.schema.json").read_text("utf-8") == ct.findings_schema()
    assert SCHEMA["$id"].endswith(f":{SCHEMA_VERSION}")
    assert SCHEMA["title"].endswith(f", version {SCHEMA_VERSION}")
    assert SCHEMA["properties"]["schema_version"] == {"const": SCHEMA_VERSION} | {
        "description": SCHEMA["properties"]["schema_version"]["description"]
    }


def objects(schema: object, path: str = "$"):
    """Every part of a schema that describes an object with names."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            yield path, schema
        for name, part in schema.items():
            yield from objects(part, f"{path}.{name}")
    elif isinstance(schema, list):
        for position, part in enumerate(schema):
            yield from objects(part, f"{path}[{position}]")


def test_every_name_is_required_and_none_may_be_added():
    found = dict(objects(SCHEMA))
    assert len(found) > 40
    for path, part in found.items():
        assert part["required"] == list(part["properties"]), path
        if path != "$.$defs.finding.properties.claims.items":  # claims keep the columns they were read with
            assert part["additionalProperties"] is False, path


def test_the_bundled_findings_meet_it(numbers):
    assert [each.message for each in VALIDATOR.iter_errors(numbers)] == []


def spoiled(numbers: dict, path: str, value: object) -> dict:
    made = copy.deepcopy(numbers)
    *parents, last = path.split(".")
    at = made
    for parent in parents:
        at = at[int(parent) if isinstance(at, list) else parent]
    at[last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", 2),
        ("language", "de"),
        ("surplus", 1),
        ("findings.0.effect.level", 95),
        ("findings.0.effect.rates.0.days", -1),
        ("findings.0.effect.estimates.0.estimate", "0.15"),
        ("findings.0.series.coverage", ["2019-04-20"]),
        ("findings.0.truce.effective", "31 August 2019"),
        ("findings.0.second_opinions.onset.first_day_set", None),
        ("findings.0.sensitivity.table.3.finding", "fewer"),
        ("findings.0.course.erosion.half_life", 3.0),
        ("findings.0.claims.0.best", "about fifty"),
        ("findings.0.sentences.weaknesses", "none"),
    ],
)
def test_what_is_wrong_is_refused(numbers, path, value):
    assert not VALIDATOR.is_valid(spoiled(numbers, path, value))


PANEL = json.loads(ct.findings_schema("panel"))


@pytest.mark.parametrize("by", [["admin1"], ["admin1", "perpetrator"]])
@pytest.mark.parametrize("truces", ["one", "of each", "none"])
def test_findings_of_a_panel_meet_their_schema(idlib, tmp_path, by, truces):
    panel = ct.daily_series(idlib, measure="civilians", by=by)
    truce = idlib.truces["TRC-5"]
    asked = {"one": {"truce": truce}, "of each": {"truces": {next(iter(panel)): truce}}, "none": {}}[truces]
    out = ct.write_panel_report(panel, ct.analyse_panel(panel, **asked), tmp_path / "out").parent
    assert (out / "findings.schema.json").read_text("utf-8") == ct.findings_schema("panel")
    numbers = json.loads((out / "findings.json").read_text("utf-8"))
    validator = Draft202012Validator(PANEL)
    assert [error.message for error in validator.iter_errors(numbers)] == []
    assert numbers["schema_version"] == PANEL_VERSION == PANEL["properties"]["schema_version"]["const"]
    assert PANEL["$id"].endswith(f":{PANEL_VERSION}")
    assert PANEL["title"].endswith(f", version {PANEL_VERSION}")
    area = PANEL["properties"]["areas"]["items"]
    names = [*by, *area["required"], *(area["dependentRequired"]["rate_ratio"] if truces != "none" else [])]
    assert sorted(numbers["areas"][0]) == sorted(names)
    for place in (numbers, numbers["areas"][0]):
        for name in [name for name in place if name not in by]:
            fewer = copy.deepcopy(numbers)
            del (fewer if place is numbers else fewer["areas"][0])[name]
            assert not validator.is_valid(fewer), name
    for name, value in (("level", 95), ("phase", "up"), ("total", "12"), ("last_change", "1 May")):
        wrong = copy.deepcopy(numbers)
        (wrong if name == "level" else wrong["areas"][0])[name] = value
        assert not validator.is_valid(wrong), name
