"""A page in, the same page as PDF out: every figure, everything folded away unfolded, fonts inside, nothing fetched."""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from itertools import pairwise
from typing import Any

from conflictts.errors import InputError
from conflictts.figures.outlined import outlined

VARIANT = "pdf/ua-1"  # tagged for screen readers: ISO 14289-1
MM = 96 / 25.4  # in the pixels of a layout
NARROWEST = 144 * MM  # a drawing, whose letters are 5 points high then
LEAD, OF_HEADING = 7 * MM, 5 * MM  # room above what moves to the sheet before: on top of a sheet there is none
HEADINGS = ("h1", "h2", "h3", "h4")
CHAIN = 32 * MM  # headings and the words before a figure that stay with it
BLANK = 0.12  # of a page, at its foot, that may stay
LEAST_ROWS, LEAST_PART = 9, 30 * MM  # of a table or list that may go on on the next sheet
LAYOUTS, MOST_PAGES = 5, 80  # how often a page of up to so many sheets is laid out
LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_BEFORE_LINK = re.compile(r" (?=<(?:a|span) )")
_DRAWING = re.compile(r'<svg role="img" aria-label="([^"]*)" (.*?</svg>)', re.DOTALL)


def require_weasyprint() -> Any:
    """The library that lays pages out, imported where a PDF is asked for and nowhere else.

    Raises
    ------
    InputError
        If it, or what it needs of the system, is not installed; the message says how to install it.
    """
    try:
        with redirect_stdout(io.StringIO()):  # it prints where it looked for libraries
            import weasyprint
    except ModuleNotFoundError as absent:
        raise InputError(
            f"A PDF is made by WeasyPrint, and the Python module {absent.name!r} is not installed. Install it (pip "
            "install '.[pdf]' in the project's folder), or leave the PDF out."
        ) from None
    except OSError as absent:  # of the dynamic linker
        raise InputError(
            "A PDF is made by WeasyPrint, which lays text out with Pango and HarfBuzz, and the system does not have "
            f"them ({' '.join(str(absent).split())[:120]}). On Debian and Ubuntu: apt-get install {LIBRARIES}. "
            "Elsewhere: as WeasyPrint's “First steps” say. Or leave the PDF out."
        ) from None
    return weasyprint


def as_pdf(page: str) -> bytes:
    """Lay a page out on A4, by its own rules for print.

    Parameters
    ----------
    page : str
        A whole HTML page that holds all it shows, as `write_report` makes it.

    Returns
    -------
    bytes
        PDF/UA: tagged, with the page's title and language; the same bytes for the same page, fonts and version of
        WeasyPrint, whatever the day.

    Raises
    ------
    InputError
        As `require_weasyprint`; also if the system has no font.
    RuntimeError
        If any part of the page could not be shown.
    """
    weasyprint = require_weasyprint()
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    page = _DRAWING.sub(_as_image, page)
    page = _BEFORE_LINK.sub("<span> </span>", page)  # else WeasyPrint 70 may break such a line after its first word
    with _nothing_lost():
        laid_out = _laid_out(page, lambda source: weasyprint.HTML(string=source, url_fetcher=fetcher))
        pdf: bytes = laid_out.write_pdf(pdf_variant=VARIANT)
    if not laid_out.fonts:
        raise InputError(
            "A PDF needs a font, and the system has none. On Debian and Ubuntu: apt-get install fonts-dejavu-core."
        )
    return pdf


def _laid_out(page: str, read: Callable[[str], Any]) -> Any:
    """Lay a page out so that no figure leaves the sheet before it half blank.

    Where one begins a sheet, and what comes before it left room, it is made a little narrower if it then fits there;
    else the words and tables that follow it, up to the next heading or figure, go ahead of it.
    """
    rules, ahead, tried = "", dict[str, int](), set[str]()
    for _ in range(LAYOUTS):
        source = read(page.replace("</head>", f"<style>{rules}</style></head>", 1))
        _put_ahead(source.etree_element, ahead)
        laid_out = source.render(pdf_variant=VARIANT)
        if len(laid_out.pages) > MOST_PAGES:
            break
        narrower, followed = _closer(laid_out.pages, tried, source.etree_element)
        if not narrower and not followed:
            break
        tried |= narrower.keys() | followed.keys()
        ahead |= followed
        rules += "".join(
            f"@media print {{ #{name} img {{ width: {width:.0f}px }} }}" for name, width in narrower.items()
        )
    return laid_out


def _closer(sheets: Sequence[Any], tried: Collection[str], root: Any) -> tuple[dict[str, float], dict[str, int]]:
    """Figures that begin a sheet, by name: the width at which each would fit on the sheet before, or how many parts
    that follow it would.

    Of every part that begins a sheet of its own the first that was not tried: what follows moves with it.
    """
    narrower, followed = dict[str, float](), dict[str, int]()
    done, begun = False, set[str]()
    parents = {child: parent for parent in root.iter() for child in parent}
    for number, (before, sheet) in enumerate(pairwise(sheet._page_box for sheet in sheets)):
        flow = list(sheet.children[0].descendants())
        cases = {box.element.get("id") for box in flow if box.element_tag == "section" and box.element is not None}
        if cases - begun:
            begun |= cases
            done = False
            continue
        figures = [box for box in flow if box.element_tag == "figure" and box.element.get("id")]
        if done or not figures:
            continue
        top = sheet.content_box_y()
        figure = figures[0]
        drawings = [box for box in figure.descendants() if box.element_tag == "img"]
        foot = max(
            box.position_y + box.height
            for box in before.children[0].descendants()
            if hasattr(box, "text") or hasattr(box, "replacement")
        )
        room = before.content_box_y() + before.height - foot
        name = figure.element.get("id")
        if figure.position_y - top > CHAIN or not drawings or room < BLANK * before.height or name in tried:
            continue
        headed = any(box.element_tag in HEADINGS and box.position_y < figure.position_y for box in flow)
        above = figure.position_y - top + LEAD + OF_HEADING * headed
        wanting = above + figure.border_height() - room
        width = drawings[0].width * (1 - wanting / drawings[0].height)
        if NARROWEST <= width < drawings[0].width:
            narrower[name] = width
            done = True
        else:
            later = [each._page_box for each in sheets[number + 1 : number + 4]]
            left = before.height - figure.border_height() - LEAD
            if fitting := _fitting(_followers(parents[figure.element], figure.element), later, room - above, left):
                followed[name] = fitting
                done = True
    return narrower, followed


def _followers(parent: Any, figure: Any) -> list[list[Any]]:
    """What follows a figure up to the next heading or figure: words, each table with those before and below it."""
    groups, leading = list[list[Any]](), list[Any]()
    for element in list(parent)[list(parent).index(figure) + 1 :]:
        if element.tag in (*HEADINGS, "figure", "section", "nav", "footer") or element.find(".//figure") is not None:
            break
        if element.get("class") == "data" and groups and not leading:
            groups[-1].append(element)
            continue
        leading.append(element)
        if element.tag != "p":
            groups.append(leading)
            leading = []
    return [*groups, *([element] for element in leading)]


def _fitting(groups: Sequence[Sequence[Any]], sheets: Sequence[Any], room: float, left: float) -> int:
    """How many elements, in whole groups, a room of that height holds; the last may go on where so much is left."""
    tall = dict.fromkeys((element for group in groups for element in group), 0.0)
    for sheet in sheets:
        ends: dict[Any, list[tuple[float, float]]] = {}
        for box in sheet.children[0].descendants():
            if box.element in tall:  # of its lines too, which lie within it
                ends.setdefault(box.element, []).append((box.position_y, box.position_y + box.margin_height()))
        for element, spans in ends.items():
            tall[element] += max(end for _, end in spans) - min(begin for begin, _ in spans)
    fitting = 0
    for group in groups:
        height = sum(tall[element] for element in group)
        rows = max(len(element.findall(".//tr") + element.findall(".//li")) for element in group)
        goes_on = rows > LEAST_ROWS and room > LEAST_PART and height - room <= left
        if height > room and not goes_on:
            break
        fitting += len(group)
        room -= height
    return fitting


def _put_ahead(root: Any, ahead: Mapping[str, int]) -> None:
    """Put so many elements that follow a figure before it."""
    parents = {child: parent for parent in root.iter() for child in parent}
    figures = {figure.get("id"): figure for figure in parents if figure.tag == "figure"}
    for name, number in ahead.items():
        figure = figures[name]
        parent = parents[figure]
        at = list(parent).index(figure)
        parent.remove(figure)
        parent.insert(at + number, figure)


def _as_image(drawing: re.Match[str]) -> str:
    """A drawing as an image of its own, whose rules of style are kept apart from the page's."""
    alternative, rest = drawing.groups()
    source = base64.b64encode(outlined(f"<svg {rest}").encode()).decode()
    return f'<img alt="{alternative}" src="data:image/svg+xml;base64,{source}">'


@contextmanager
def _nothing_lost() -> Iterator[None]:
    """Turn what WeasyPrint logs as an error, a part that it left out, into one."""
    lost: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lost.append(record.getMessage())

    listener, logger = Listener(logging.ERROR), logging.getLogger("weasyprint")
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
    if lost:
        raise RuntimeError(f"WeasyPrint left {len(lost)} parts of the page out, the first: {lost[0][:200]}")
