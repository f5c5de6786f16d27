"""A page in, the same page as PDF out: every figure, everything folded away unfolded, fonts inside, nothing fetched."""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from conflictts.errors import InputError

VARIANT = "pdf/ua-1"  # tagged for screen readers: ISO 14289-1
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
        laid_out = weasyprint.HTML(string=page, url_fetcher=fetcher).render(pdf_variant=VARIANT)
        pdf: bytes = laid_out.write_pdf(pdf_variant=VARIANT)
    if not laid_out.fonts:
        raise InputError(
            "A PDF needs a font, and the system has none. On Debian and Ubuntu: apt-get install fonts-dejavu-core."
        )
    return pdf


def _as_image(drawing: re.Match[str]) -> str:
    """A drawing as an image of its own, whose rules of style are kept apart from the page's."""
    alternative, rest = drawing.groups()
    source = base64.b64encode(f"<svg {rest}".encode()).decode()
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
