"""What was asked for in, the file that makes the same report again out."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from platform import python_version
from typing import Any

import pandas as pd

from conflictts.cases import Case
from conflictts.incidents.acled import DELETED
from conflictts.incidents.inputs import Input
from conflictts.incidents.table import Incidents, Provenance, Where
from conflictts.incidents.unseen import visible
from conflictts.report.findings import Choices
from conflictts.series.claims import input_of_claims
from conflictts.series.daily import Day
from conflictts.series.reporting import ReportingLag
from conflictts.truce.period import Truce

LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels", "numba", "matplotlib")


def versions() -> dict[str, str]:
    """Of this package, of the libraries whose arithmetic enters a report, and of Python."""
    return {name: version(name) for name in ("conflictts", *LIBRARIES)} | {"python": python_version()}


def today() -> str:
    """The day of SOURCE_DATE_EPOCH where that is set, so that the same input gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    moment = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return moment.date().isoformat()


def inputs_of(incidents: Incidents, claims: pd.DataFrame | None, events: pd.DataFrame | None) -> list[Input]:
    """Everything that was read for a report; tables given in Python have neither a name nor a digest."""
    read = list(incidents.provenance.inputs)
    if isinstance(incidents, Case):
        replaced = {"claims": claims is not incidents.claims, "events": events is not incidents.events}
        read = [each for each in read if not replaced.get(each.holds)]
    held = {each.holds for each in read}
    if claims is not None and "claims" not in held:
        read.append(input_of_claims(claims))
    if events is not None and "events" not in held:
        read.append(Input("events", "", len(events), ""))
    return read


def recipe_of(
    incidents: Incidents,
    truces: Sequence[Truce],
    areas: Mapping[str, Where],
    *,
    choices: Choices,
    windows: Mapping[str, tuple[Day, Day]],
    other_truces: Sequence[Truce],
    claims: pd.DataFrame | None,
    events: pd.DataFrame | None,
    formats: Collection[str],
    language: str,
) -> str:
    """Write what was asked for as the TOML that `read_recipe` reads; parameters as in `write_report`.

    Returns
    -------
    str
        Blank where the records were not read from files as they stand (merged, simulated or made in Python). What the
        file cannot say (claims and events given in Python, rows left out by choice) stands in it as a comment.
    """
    case = type(incidents) is Case
    files = incidents.provenance.files
    if not case and (type(incidents) is not Incidents or not files):
        return ""
    unsaid = []
    read = list(incidents.provenance.inputs) if case else inputs_of(incidents, claims, events)
    lines = ["[records]"]
    surroundings: Sequence[Truce] = ()
    if isinstance(incidents, Case):
        lines.append('case = "idlib_2019"')
        surroundings = tuple(incidents.truces.values())
        unsaid += ["the claims were not those of the case"] * (claims is not incidents.claims)
        unsaid += ["the events were not those of the case"] * (events is not incidents.events)
        known = {each.effective for each in (*truces, *other_truces)}
        unsaid += ["not all truces of the case were shown"] * any(each.effective not in known for each in surroundings)
    else:
        lists = {str(each.holds): each.name for each in read if each.name and each.holds in ("deletions", "claims")}
        lines += _keys({"files": list(files), **lists})
        lines += _column_map(incidents.provenance)
        unsaid += ["claims were given"] * (claims is not None and "claims" not in lists)
        unsaid += ["events were given"] * (events is not None)
        left_out = set(incidents.ledger.excluded["filter"]) - ({DELETED} if "deletions" in lists else set())
        unsaid += ["rows were left out by a declared choice"] * (len(left_out) > 0)
    if isinstance(choices.lag, ReportingLag):
        unsaid.append("the reporting lag was estimated")
    report = {
        "measure": choices.measure,
        "coverage": choices.coverage,
        "gaps": list(choices.gaps),
        "where": choices.where,
        "allocation": choices.allocation,
        "lag": None if isinstance(choices.lag, ReportingLag) else choices.lag,
        "retrieved_on": choices.retrieved_on,
        "baseline": choices.baseline,
        "draws": choices.draws,
        "seed": choices.seed if choices.draws is not None else None,
        "formats": list(formats),
        "language": language,
    }
    lines += ["", "[report]", *_keys(report)]
    for name, where in areas.items():
        if name:
            lines += ["", "[[area]]", *_keys({"name": name, "where": where})]
    for truce, compared in [(each, True) for each in truces] + [(each, False) for each in other_truces]:
        if not compared and truce in surroundings:
            continue
        named = {
            "effective": truce.effective, "announced": truce.announced, "ended": truce.ended, "name": truce.name,
            "brokers": truce.brokers, "note": truce.note, "window": windows.get(truce.name) if compared else None,
            "compared": None if compared else False,
        }  # fmt: skip
        lines += ["", "[[truce]]", *_keys(named)]
    for each in read:
        if each.sha256:
            of = {"holds": each.holds, "file": each.name, "rows": each.rows, "sha256": each.sha256}
            lines += ["", "[[input]]", *_keys(of)]
    comments = [f"# What this file does not say: {each}." for each in unsaid]
    return "\n".join([*comments, *lines, ""])


def _column_map(provenance: Provenance) -> list[str]:
    """The digest of the map by which a table of one's own was read, and the map, to be read."""
    if not provenance.column_map:
        return []
    shown = ["# The column map, as it lay beside the file or was given in Python:"]
    shown += [f"#     {visible(line)}" for line in provenance.column_map.splitlines()]
    return [*_keys({"column_map_sha256": provenance.column_map_sha256}), *shown]


def _keys(values: Mapping[str, Any]) -> list[str]:
    """Each key and value on a line; what was not given is left out."""
    return [f"{key} = {_value(value, key)}" for key, value in values.items() if not _absent(value)]


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, (str, list, Mapping)) and not value)


def _value(value: Any, key: str = "") -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        parts = (f"{_text(column)} = {_value(wanted)}" for column, wanted in value.items())
        return f"{{ {', '.join(parts)} }}"
    if isinstance(value, str) and key != "retrieved_on":
        return _text(value)
    if isinstance(value, (tuple, list)) and key in ("coverage", "baseline", "window"):
        return f"[{', '.join(_day(each) for each in value)}]"
    if isinstance(value, list) and key == "gaps":
        return f"[{', '.join(_value(tuple(each), 'window') for each in value)}]"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_text(str(each)) for each in value)}]"
    return _day(value)


def _day(value: Any) -> str:
    return str(pd.Timestamp(value).date())


def _text(text: str) -> str:
    """A basic string of TOML: as in JSON, and what is not seen by its number."""
    return visible(
        json.dumps(text, ensure_ascii=False), lambda code: f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
    )
