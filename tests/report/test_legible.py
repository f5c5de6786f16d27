"""A page shows what is not seen by its number, and keeps numbers beside names from right to left in their place."""

from __future__ import annotations

import re
import subprocess

import pytest

from conflictts.report.legible import legible

PAGES = [
    pytest.param("<p>Idlib\u202eabc</p>", "<p>Idlib⟨U+202E⟩abc</p>", id="text"),
    pytest.param('<svg aria-label="a\u2066b"></svg>', '<svg aria-label="a⟨U+2066⟩b"></svg>', id="what is read aloud"),
    pytest.param("<title>إدلب\u202e</title>", "<title>إدلب⟨U+202E⟩</title>", id="a title holds no tags"),
    pytest.param("<p>حي 12</p>", "<p><bdi>حي 12</bdi></p>", id="a name that ends with its number"),
    pytest.param("<p>in إدلب, 12</p>", "<p>in <bdi>إدلب</bdi>, 12</p>", id="a name in a sentence"),
    pytest.param(
        '<th translate="no">حي Latin (12) شرق</th><td>3</td>',
        '<th translate="no"><bdi>حي Latin (12) شرق</bdi></th><td>3</td>',
        id="a name alone",
    ),
    pytest.param(
        '<pre translate="no">name = "إدلب"\nlag = 3</pre>',
        '<pre translate="no">name = "<bdi>إدلب</bdi>"\nlag = 3</pre>',
        id="lines of a file",
    ),
    pytest.param("<svg ><text>\u200eإدلب\u200e, 12</text></svg>", None, id="a drawing, which is done already"),
    pytest.param("<script>'\u202e'</script><style>a{}</style>", None, id="what is no text"),
    pytest.param("<p>Idlib – 12\u202f%</p>", None, id="nothing to do"),
]


@pytest.mark.parametrize(("page", "expected"), PAGES)
def test_pages(page, expected):
    assert legible(page) == (page if expected is None else expected)


def test_a_number_after_an_arabic_name_stands_after_it_in_a_browser(chromium, tmp_path):
    text = "<p>حي 12 الشرقي, 345 killed</p>"
    script = """<script>for (const p of document.querySelectorAll("p")) {
        const all = document.createTreeWalker(p, NodeFilter.SHOW_TEXT), nodes = [];
        while (all.nextNode()) nodes.push(all.currentNode);
        const left = what => { const range = document.createRange();
            const node = nodes.find(each => each.data.includes(what)), at = node.data.indexOf(what);
            range.setStart(node, at); range.setEnd(node, at + what.length); return range.getBoundingClientRect().left };
        p.dataset.order = ["حي", "الشرقي", "345"].sort((a, b) => left(a) - left(b)).join("|") }</script>"""
    path = tmp_path / "page.html"
    path.write_text(f'<meta charset="utf-8">{text}{legible(text)}{script}', encoding="utf-8")
    command = [*chromium, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{path}"]
    dom = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
    assert re.findall('data-order="([^"]*)"', dom) == ["345|الشرقي|حي", "الشرقي|حي|345"]
