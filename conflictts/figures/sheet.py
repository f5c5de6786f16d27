"""One figure on a sheet of its own, as SVG and PNG bytes that are the same on every run."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conflictts.figures.lettering import word_ticks
from conflictts.figures.style import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawn figure: `svg` as text that can stand inside an HTML page; `png` as bytes, 200 dots per inch, or empty."""

    svg: str
    png: bytes


AXES = (0.08, 0.225, 0.905, 0.63)  # left, bottom, width, height as shares of the sheet; room for legend and footer
EDGE = 0.06  # inches of white above and below what is drawn
_DOTTED = re.compile(  # a path of circles alone, filled and edged in one colour
    r'<path d="((?:M[^A-Za-z"]+(?:C[^A-Za-z"]+){8}z\s*)+)" '
    r'style="fill: (#\w+); stroke: \2; stroke-width: ([\d.]+); stroke-linecap: butt; stroke-linejoin: miter"'
)
SMALLEST = 5.0  # points; how far a legend shrinks whose words grow longer when they are put over


def draw_sheet(
    plot: Callable[..., Axes],
    *,
    name: str,
    width: float = 9.0,
    height: float = 3.9,
    axes: tuple[float, float, float, float] = AXES,
    words: Callable[[str], str] | None = None,
    png: bool = True,
) -> Sheet:
    """Draw on new axes and save.

    Parameters
    ----------
    plot : callable
        Draws on the axes given as `ax`.
    name : str
        Keeps the identifiers inside the SVG apart from those of other figures on the same page.
    width, height : float
        Inches.
    axes : (left, bottom, width, height)
        Where the axes stand, as shares of the sheet.
    words : callable, optional
        Puts each text of the drawing into another language.
    png : bool, default True
        Whether the PNG is made too, which takes as long as the SVG.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "svg.hashsalt": name,
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "axes.labelsize": 9,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        plot(ax=figure.add_axes(axes))
        if words is not None:
            _put_over(figure, words)
        svg, dots = io.StringIO(), io.BytesIO()
        cut = _cut(figure)
        figure.savefig(svg, format="svg", bbox_inches=cut, metadata={"Date": None, "Creator": None})
        if png:
            figure.savefig(
                dots, format="png", dpi=200, bbox_inches=cut, metadata={"Software": None},
                pil_kwargs={"compress_level": 3},
            )  # fmt: skip
    return Sheet(svg=_embeddable(svg.getvalue(), name), png=dots.getvalue())


def _cut(figure: Figure) -> Bbox:
    """The sheet as high as what is drawn, and as wide as asked for, or as what is drawn where that is wider."""
    from matplotlib.transforms import Bbox

    drawn, width = figure.get_tightbbox(), figure.get_figwidth()
    return Bbox.from_extents(min(0, drawn.x0 - EDGE), drawn.y0 - EDGE, max(width, drawn.x1 + EDGE), drawn.y1 + EDGE)


def _put_over(figure: Figure, words: Callable[[str], str]) -> None:
    """Every text of a figure in other words; what was wrapped is wrapped again."""
    from matplotlib.axis import Axis, Tick
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    axes = figure.findobj(Axis)
    ticks = {label for tick in figure.findobj(Tick) for label in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        said = text.get_text()
        if not said.strip() or text in ticks:
            continue
        width = max(len(line) for line in said.splitlines())
        parts = said.replace("\n", " ").split(" · ")
        put = " · ".join(words(part) for part in parts)
        text.set_text(wrapped(put, width) if "\n" in said else put)
    for axis in axes:
        word_ticks(axis.get_major_formatter(), words)
    for legend in figure.findobj(Legend):  # laid out for the words that stood there before
        texts = legend.get_texts()
        points = float(texts[0].get_fontsize())
        while _right_end(figure, texts) > 0.99 and points > SMALLEST:
            points -= 0.25
            for text in texts:
                text.set_fontsize(points)


def _right_end(figure: Figure, texts: list[Text]) -> float:
    """Where the words of a legend end, once it is laid out, as a share of the figure's width."""
    dots = figure.dpi
    figure.set_dpi(400)  # at fewer dots letters are measured on the grid of the screen, and come out too narrow
    figure.draw_without_rendering()
    end = float(max(text.get_window_extent().x1 for text in texts) / figure.bbox.width)
    figure.set_dpi(dots)
    return end


def _embeddable(svg: str, name: str) -> str:
    """The <svg> element alone, in few letters, with identifiers and classes that are no other figure's."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r"\n +", "\n", svg)
    parts = re.split(r"(<[^<>]*>)", svg)  # what stands between tags may be a name from a record: it stays as it is
    parts[1::2] = _shortened("\0".join(parts[1::2]), name).split("\0")
    return "".join(parts)


def _shortened(tags: str, name: str) -> str:
    tags = tags.replace(' transform="rotate(-0 ', ' transform="rotate(0 ')
    tags = re.sub(r' transform="rotate\(0 [^"]*"', "", tags)
    tags = _DOTTED.sub(lambda found: _points(*found.groups()) or found[0], tags)
    tags = re.sub(r'(?<= d=")[^"]*', lambda found: _shorter(found[0]), tags)
    tags = re.sub(r'(?<= [xy]=")-?\d+\.\d+', lambda found: _rounded(found[0]), tags)
    return _with_classes(_with_identifiers(tags, _short_name(name)))


def _short_name(text: str) -> str:
    """A word that stands for a text and for no other: two of a thousand share theirs by one chance in 70,000."""
    return f"s{base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:7]}"


def _with_identifiers(tags: str, prefix: str) -> str:
    """Identifiers that nothing refers to go, the others begin with the prefix."""
    needed = dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^")]+)', tags))
    made = {old: f"{prefix}-{number}" for number, old in enumerate(needed)}
    tags = re.sub(r' id="([^"]*)"', lambda found: f' id="{made[found[1]]}"' if found[1] in made else "", tags)
    return re.sub(r'(url\(#|href="#)([^")]+)', lambda found: f"{found[1]}{made[found[2]]}", tags)


def _with_classes(tags: str) -> str:
    """Styles that return are told once, as classes named after what they say: so figures of one page may share them."""
    styles = Counter(re.findall(r' style="([^"]*)"', tags))
    classes = {style: _short_name(style) for style, times in styles.items() if times > 2}
    rules = "".join(f".{each}{{{style}}}\n" for style, each in classes.items())
    tags = re.sub(
        r' style="([^"]*)"', lambda found: f' class="{classes[found[1]]}"' if found[1] in classes else found[0], tags
    )
    return tags.replace("</style>", f"\n{rules}</style>", 1)


def _rounded(number: str) -> str:
    """To a hundredth of a point, which nobody sees."""
    return _point(_hundredths(number))


def _hundredths(number: str) -> int:
    return round(float(number) * 100)


def _point(hundredths: int) -> str:
    text = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text)


def _points(path: str, colour: str, edge: str) -> str:
    """The dots of a hatch, hundreds of circles of eight curves each, as points that a round pen draws."""
    circles = [
        [complex(*map(float, part.split()[-2:])) for part in re.findall(r"[^MCz]+", curves)]
        for curves in re.findall(r"M[^z]*", path)
    ]
    middles = [(ends[0] + ends[4]) / 2 for ends in circles]
    radius = abs(circles[0][0] - middles[0])
    if any(
        abs(abs(end - middle) - radius) > 1e-4 for ends, middle in zip(circles, middles, strict=True) for end in ends
    ):
        return ""
    points = " ".join(f"M {at.real:f} {at.imag:f} L {at.real:f} {at.imag:f}" for at in middles)
    pen = f"stroke-width: {2 * radius + float(edge):.2f}; stroke-linecap: round"
    return f'<path d="{points}" style="fill: none; stroke: {colour}; {pen}"'


def _shorter(path: str) -> str:
    """The same path in fewer letters: moves and lines from where the last one ended, in hundredths of a point."""
    said, begin, at = [], (0, 0), (0, 0)
    for letter, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        ends = [_hundredths(number) for number in numbers.split()]
        if letter == "z":
            said.append("z")
            at = begin
            continue
        end = (ends[-2], ends[-1])
        right, down = end[0] - at[0], end[1] - at[1]
        if letter == "L" and down == 0:
            said.append(f"h{_point(right)}")
        elif letter == "L" and right == 0:
            said.append(f"v{_point(down)}")
        elif letter in "ML":
            said.append(f"{letter.lower()}{_point(right)} {_point(down)}")
        else:
            said.append(f"{letter}{' '.join(map(_point, ends))}")
        at = end
        begin = end if letter == "M" else begin
    return "".join(said).replace(" -", "-")
