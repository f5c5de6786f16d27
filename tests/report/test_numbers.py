"""Every number in the text of a page leads to a table that holds it: the very figures, as they are printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from conflictts.report.language import MONTHS, translator

MONTH = "|".join(map(re.escape, sorted({*MONTHS, *MONTHS.values()}, key=len, reverse=True)))
DAY = rf"(?<![\d.,\u202f])\d{{1,2}}(?:er)? (?:{MONTH})(?: \d{{4}})?"
DAYS = rf"(?<![\d.,\u202f])\d{{1,2}}(?:er)?(?: (?:{MONTH}))?(?: \d{{4}})? (?:to|au) (?={DAY})|{DAY}"
FIGURE = re.compile(r"\d+(?:[.,\u202f]\d+)*")
SAID_ONCE = (  # what no table need hold
    r"95%",  # the level of all intervals
    r"7-day mean|rate over 14 days|the 42 days around each day|×1 is no change",  # how a figure is drawn
    r"a ratio below 1 says|counts as 0|blue below 1 and orange above it.* does not hold 1",  # what a number would mean
    r"a phase that reaches 50% of it is a collapse|Phases: rising or falling.*? A phase is dated",  # rules
    r"in simulated series [^)]*\(python benchmarks/\w+\.py\)",  # measured by a command, which stands beside it
    r"up to \d+ days before the truce’s first day and up to \d+ from it on",  # the usual days
    r"fewer than \d+ incidents|rounded to multiples of \d+|with \d+ or more.* and \d+ or more|about 11 km",  # likewise
    r"at least \d+ are needed|\d+ (?:on each side|and \d+) are needed|\(over 4\)",  # bounds of a method
    r"“[^”]*”|release \d+",  # names
    rf"\d+: (?={DAY})",  # marks in a figure
)
EXPLAIN = ("methods", "glossary", "sources", "again", "anonymised")


def blocks(html: str) -> list[Tag]:
    """Every stretch of text of a page that tells of the data, without the names in it; of tables the truces' alone."""
    page = BeautifulSoup(re.sub(r"<svg.*?</svg>|<style.*?</style>", "", html, flags=re.DOTALL), "html.parser")
    for name in page(translate="no"):
        name.clear()
    texts = "h1, h2, h3, h4, p, li, dt, dd, figcaption, summary, [id$=table-truces] td:last-child"
    found = []
    for block in page.select(texts):
        section = block.find_previous("h2", id=True)
        explains = section is not None and section["id"] in EXPLAIN
        if not (explains or block.find(["p", "li"]) or block.find_parent(["nav", "footer"])):
            found += [block] if not {"kicker", "data"} & {*block.get("class", [])} else []
    return found


def figures(text: str) -> list[str]:
    return FIGURE.findall(re.sub(DAYS, " ", text))


def behind(link: str, page: BeautifulSoup, numbers: Any) -> set[str]:
    """The figures at the end of a link: of a part of the page, or of findings.json; of a list also how long it is."""
    file, _, place = link.partition("#")
    if not file:
        there = page.find(id=place)
        return {*FIGURE.findall(there.get_text(" ")), str(len(there("li")))}
    return {*FIGURE.findall(json.dumps(part_of(numbers, place), ensure_ascii=False))} if place else set()


def part_of(numbers: Any, place: str) -> Any:
    """What a JSON pointer leads to (RFC 6901)."""
    for step in place.split("/")[1:]:
        numbers = numbers[int(step) if isinstance(numbers, list) else step]
    return numbers


def without_a_table(html: str, folder: Path) -> tuple[list[str], int]:
    """Texts with figures that no table holds to which a link in the same text leads, and how many have figures."""
    page = BeautifulSoup(re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL), "html.parser")
    numbers = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    lost, checked = [], 0
    for block in blocks(html):
        text = " ".join(block.get_text().split())
        for explained in SAID_ONCE:
            text = re.sub(explained, " ", text)
        told = set(figures(text))
        if told:
            checked += 1
            held: set[str] = set().union(*(behind(link["href"], page, numbers) for link in block("a")))
            if block.name == "summary":
                held.add(str(len(block.parent.select("tbody tr"))))
            if told - held:
                lost.append(f"{sorted(told - held)}: {' '.join(block.get_text().split())}")
    return lost, checked


def in_both(html: str) -> list[tuple[list[str], list[str]]]:
    """Of every text the links and, as in English, the figures."""
    return [
        (
            [link["href"] for link in block("a")],
            sorted(each.replace(",", ".").replace("\u202f", ".") for each in figures(block.get_text())),
        )
        for block in blocks(html)
    ]


@pytest.fixture(scope="module")
def html(bundled: Path) -> str:
    return (bundled / "report.html").read_text(encoding="utf-8")


def test_every_number_leads_to_a_table_that_holds_it(html, bundled):
    lost, checked = without_a_table(html, bundled)
    assert lost == []
    assert checked > 40


def test_a_number_that_is_in_no_table_is_found(html, bundled):
    for wrong in (html.replace("0.068 to 0.32).</a>", "0.068 to 0.33).</a>"), html.replace("191 orders", "192 orders")):
        lost, _ = without_a_table(wrong, bundled)
        assert len(lost) == 1, "the links of the text lead to other figures"
    assert without_a_table(re.sub(r'<a href="#table-comparisons"[^>]*>numbers</a>', "", html), bundled)[0]


def test_every_table_of_findings_names_its_place_in_the_file(html, bundled):
    page = BeautifulSoup(html, "html.parser")
    numbers = json.loads((bundled / "findings.json").read_text(encoding="utf-8"))
    for link in page("a", href=re.compile("^findings.json#")):
        assert part_of(numbers, link["href"].partition("#")[2]) is not None
    tables = page.select("div.scroll:has(> table)[id]")
    named = [table for table in tables if "data" in table.find_next_sibling(True).get("class", [])]
    assert [table["id"] for table in tables if table not in named] == ["table-truces"], "which they only touch"


def test_links_of_the_french_page_are_the_same(html):
    assert in_both(translator("fr").page(html)) == in_both(html)
