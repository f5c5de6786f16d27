"""Links of a page as a list, which is how many hear them; pages of every kind are asked in their own tests."""

from __future__ import annotations

import re

import pytest

from conflictts.report.links import name_links

TABLES = (
    '<a href="#days">numbers</a> <a href="#weeks">numbers</a> <a href="#weeks">weeks</a> <a href="a.csv">numbers</a>'
    '<div id="days" tabindex="0" aria-label="Day by day"></div><h3 class="head" id="weeks">Days &amp; weeks</h3>'
)
PARTS = (
    '<li><a href="#x-case"><span translate="no">A &amp; B</span>, <span>truce of May</span></a></li>'
    '<li><a href="#y-case"><span translate="no">C</span>, <span>truce of May</span></a></li>'
    '<td><a href="#x-case">Truce of May</a></td><td><a href="#y-case">Truce of May</a></td>'
    '<p id="x-p"><a href="#x-days">table</a></p><div id="x-days" aria-label="Days"></div>'
    '<p id="y-p"><a href="#y-days">table</a></p><section id="y-days" aria-labelledby="h"><h3 id="h">Days</h3></section>'
)
KNOWN = [
    pytest.param(TABLES, ["numbers, Day by day", "numbers, Days &amp; weeks", "numbers, a.csv"], id="tables and files"),
    pytest.param(
        PARTS,
        [
            *("Truce of May, A &amp; B", "Truce of May, C"),
            *("table, Days, A &amp; B, truce of May", "table, Days, C, truce of May"),
        ],
        id="areas and truces",
    ),
]


@pytest.mark.parametrize(("page", "names"), KNOWN)
def test_known_names(page, names, links_told_apart):
    named = name_links(page)
    assert re.findall(r'<a [^>]*aria-label="([^"]*)"', named) == names
    assert re.sub(r'(<a [^>]*) aria-label="[^"]*"', r"\1", named) == page, "what is seen stays"
    assert name_links(named) == named
    links_told_apart(named)
