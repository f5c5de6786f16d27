"""A format is told by its columns."""

from __future__ import annotations

import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError

FORMATS = [
    pytest.param("ucdp/ged_greater_idlib_2018_2019.csv", ct.read_ucdp, id="UCDP GED"),
    pytest.param("idlib_2019/incidents.csv", ct.read_catalogue, id="press catalogue"),
]


@pytest.mark.parametrize(("file", "reader"), FORMATS)
def test_known_format_is_read_as_by_its_own_reader(shared, file, reader):
    recognised, expected = ct.read_incidents(shared / file), reader(shared / file)
    pd.testing.assert_frame_equal(recognised.table, expected.table)
    assert recognised.provenance == expected.provenance


UNKNOWN = [
    pytest.param(
        b"claim_id,low,best,high,wording\nC1,1,2,3,two\n",
        r"Nearest is a UCDP GED export, but it lacks id, date_start, .*; it has claim_id, low",
        id="claims",
    ),
    pytest.param(
        b"incident_id,date_start,date_end,unit\nI1,2019-08-01,2019-08-01,incident\n",
        "Nearest is a press catalogue, but it lacks civilians_killed_low, civilians_killed_best, civilians_killed_high",
        id="catalogue without figures",
    ),
    pytest.param(
        b"a,b\n1,2\n",
        r"toml that begins with \[columns\] and goes on with lines such as date_start = \"Date\"",
        id="map",
    ),
    pytest.param(b"a,b\n1,2\n", r"but it lacks .*; it has a, b\. Give an export", id="anything"),
    pytest.param(
        b"id;date_start;date_end\n1;2;3\n", "lacks deaths_a, .* has id, date_start, date_end", id="semicolons"
    ),
]


@pytest.mark.parametrize(("content", "message"), UNKNOWN)
def test_unknown_format_names_the_nearest_and_what_it_lacks(tmp_path, content, message):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"table\.csv is of no known format\. .*{message}"):
        ct.read_incidents(path)
