"""A drawing whose text is text in, its words from right to left as outlines out, for what sets letters one by one."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from conflictts.incidents.unseen import RIGHT_TO_LEFT

_TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>")
_LETTER_OF = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}  # of matplotlib's codes in SVG
_ANCHORED = {"start": 0.0, "middle": 0.5, "end": 1.0}


def outlined(svg: str) -> str:
    """Draw every text of a drawing that holds Arabic, Hebrew or the like as outlines, joined and in its order.

    WeasyPrint lays each letter of a drawing out alone, from left to right, so that such words came out unjoined and
    backwards. Text with a letter that the font of the figures lacks stays text.

    Examples
    --------
    >>> outlined('<svg><text x="1" y="2" style="font-size: 9px">Idlib</text></svg>')
    '<svg><text x="1" y="2" style="font-size: 9px">Idlib</text></svg>'
    """
    if not RIGHT_TO_LEFT.search(svg):
        return svg
    rules = dict(re.findall(r"\.(\w+)\{([^}]*)\}", svg))
    return _TEXT.sub(lambda found: _outline(found, rules), svg)


def _outline(found: re.Match[str], rules: Mapping[str, str]) -> str:
    """One text as a path of the same place, size and colour."""
    from matplotlib.font_manager import FontProperties, findfont, get_font
    from matplotlib.textpath import TextPath

    said = html.unescape(found[2])
    given = dict(re.findall(r'([\w-]+)="([^"]*)"', found[1]))
    rule = given.get("style") or rules.get(given.get("class", ""), "")
    style = {name.strip(): value.strip() for name, _, value in (part.partition(":") for part in rule.split(";"))}
    font = FontProperties(family="DejaVu Sans", weight=int(style.get("font-weight", "400")))
    known = get_font(findfont(font)).get_charmap()
    if not RIGHT_TO_LEFT.search(said) or any(ord(letter) not in known for letter in said):
        return found[0]
    path = TextPath((0, 0), said, size=float(style["font-size"].removesuffix("px")), prop=font)
    left = -_ANCHORED[style.get("text-anchor", "start")] * float(path.get_extents().x1)
    drawn = []
    for points, code in path.iter_segments(curves=True, simplify=False):
        ends = [f"{value:.2f}" for x, y in points.reshape(-1, 2) for value in (x + left, -y)]
        drawn.append(_LETTER_OF[int(code)] + " ".join(ends if code != 79 else []))
    place = f"translate({given.get('x', '0')} {given.get('y', '0')})"
    turned = " ".join(filter(None, (given.get("transform"), place)))
    return f'<path transform="{turned}" d="{"".join(drawn)}" style="fill: {style.get("fill", "#000000")}"/>'
