"""A page in, the same page out with a name of its own for every link whose words stand for several ends."""

from __future__ import annotations

import re
from collections import defaultdict

_LINK = re.compile(r'<a href="([^"]+)">([^<]+)</a>')
_PART = re.compile(  # of an area, or of an area and a truce: what its identifiers begin with, and its name
    r'(?:<li><a href="#([^"]+)case">|<h2 id="([^"]+)area">)<span translate="no">([^<]*)</span>(?:, <span>([^<]*)<)?'
)
_LABEL = re.compile(r' aria-label="([^"]+)"|<h\d[^>]*>([^<]+)</h\d>')


def name_links(page: str) -> str:
    """Tell links of the same words apart for those who hear the page, who may hear its links as a list.

    Parameters
    ----------
    page : str
        A page as its readers get it, in any language.

    Returns
    -------
    str
        Where "numbers" leads to several tables, each link is called "numbers" and the name of its table, with the area
        and truce where the page has several. What is seen stays.

    Examples
    --------
    >>> page = name_links('<a href="a.svg">SVG</a> <a href="b.svg">SVG</a> <a href="c.csv">days</a>')
    >>> print(page.replace("> <", ">" + chr(10) + "<"))
    <a href="a.svg" aria-label="SVG, a.svg">SVG</a>
    <a href="b.svg" aria-label="SVG, b.svg">SVG</a>
    <a href="c.csv">days</a>
    """
    ends = defaultdict(set)
    for end, words in _LINK.findall(page):
        ends[words].add(end)
    parts = {one or other: [*filter(None, names)] for one, other, *names in _PART.findall(page)}
    names = {end: _name(page, end, parts) for several in ends.values() if len(several) > 1 for end in several}

    def named(link: re.Match[str]) -> str:
        end, words = link.groups()
        if len(ends[words]) == 1:
            return link[0]
        said = [words, *(part for part in names[end] if part.casefold() != words.casefold())]
        return f'<a href="{end}" aria-label="{", ".join(said)}">{words}</a>'

    return _LINK.sub(named, page)


def _name(page: str, end: str, parts: dict[str, list[str]]) -> list[str]:
    """The name of a file; of a place, its label or heading, and the area and truce of its part."""
    if not end.startswith("#"):
        return [end]
    place = end[1:]
    part = next((prefix for prefix in parts if place.startswith(prefix)), "")
    if place == f"{part}case":
        return parts[part]
    label = _LABEL.search(page, page.rindex("<", 0, page.index(f' id="{place}"')))
    return [*filter(None, label.groups() if label else ()), *parts.get(part, [])]
