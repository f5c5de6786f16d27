"""The documentation by Sphinx: the pages beside this file, the docstrings of the public names, and the notebooks."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

import conflictts as ct

HERE = Path(__file__).parent
ROOT = HERE.parent
ROOMS = ["incidents", "series", "truce", "cases", "figures", "report"]  # the data's way

project = "conflictts"
author = "The conflictts developers"
project_copyright = author
release = version = ct.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb"]
exclude_patterns = [".ipynb_checkpoints"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make docs` executes them before, by nbmake
nb_merge_streams = True
autodoc_typehints = "none"  # docstrings give the types, with shapes
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # a default by its name: words=QUANTITY_WORDS
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
html_theme = "furo"
html_static_path = html_css_files = ["site.css"]
html_title = f"conflictts {release}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False


def room_of(name: str) -> str:
    """The folder that a public name comes from, which is its step on the data's way."""
    named = getattr(ct, name)
    module = getattr(named, "__module__", None) or type(named).__module__
    return str(module).split(".")[1]


def kind_of(name: str) -> str:
    named = getattr(ct, name)
    return "autoclass" if inspect.isclass(named) else "autofunction" if inspect.isfunction(named) else "autodata"


def write_api() -> None:
    """One page per room, with every public name in it: first what is called, then what it returns."""
    folder = HERE / "api"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for room in ROOMS:
        caption = (inspect.getdoc(importlib.import_module(f"conflictts.{room}")) or "").splitlines()[0]
        names = sorted((each for each in ct.__all__ if room_of(each) == room), key=lambda each: (kind_of(each), each))
        names.sort(key=lambda each: kind_of(each) != "autofunction")
        lines = [f"# {room}", caption]
        for name in names:
            options = ":members:\n" if kind_of(name) == "autoclass" else ""
            lines += [f"## {name}", f"```{{eval-rst}}\n.. {kind_of(name)}:: conflictts.{name}\n   {options}```"]
        (folder / f"{room}.md").write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def copy_notebooks() -> None:
    """With their outputs where `make docs` has executed them since they were changed, else as they are kept."""
    folder = HERE / "notebooks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for kept in (ROOT / "notebooks").glob("*.ipynb"):
        executed = ROOT / "notebooks-executed" / kept.name
        fresh = executed.exists() and executed.stat().st_mtime > kept.stat().st_mtime
        notebook = json.loads((executed if fresh else kept).read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            tell_images(cell)
        (folder / kept.name).write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def tell_images(cell: dict[str, Any]) -> None:
    """Hand on to myst-nb the text that `%load_ext conflictts` keeps with an image."""
    kept = (output.get("metadata", {}).get("image/png", {}) for output in cell.get("outputs", ()))
    told = " ".join(each["alt"] for each in kept if "alt" in each)
    if told:
        cell["metadata"]["mystnb"] = {"image": {"alt": told}}


def link_public_names(_app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Single backticks and types lead to public names; any other word in them is code, and leads nowhere by chance."""

    def role(name: str) -> str:
        return f":py:obj:`~conflictts.{name}`"

    def code(found: re.Match[str]) -> str:
        if found["given"] is None:
            return found[0]  # a role or a literal already
        if found["given"] in ct.__all__:
            return role(found["given"])
        return f"``{found['given']}``" if found[0][0] == "`" else found[0]

    for position, line in enumerate(lines):
        if given := re.fullmatch(r"(:(?:var)?type [^:]+: )([^`*]+)", line):
            linked = re.sub(
                r"\b[A-Z]\w+\b", lambda found: role(found[0]) if found[0] in ct.__all__ else found[0], given[2]
            )
            lines[position] = given[1] + (linked if linked != given[2] else f"*{linked}*")
        elif not line.startswith((">>> ", "... ")):
            lines[position] = re.sub(r":[\w:]+:`[^`]+`|``.+?``|(?P<mark>[`*])(?P<given>[^`*]+)(?P=mark)", code, line)


def keep_numbers_whole(_app: Sphinx, doctree: nodes.document) -> None:
    """No line ends between a number and its per cent sign."""
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, nodes.literal | nodes.literal_block | nodes.raw):
            text.parent.replace(text, nodes.Text(re.sub(r"(?<=\d) (?=%)", "\N{NARROW NO-BREAK SPACE}", text)))


def setup(app: Sphinx) -> None:
    write_api()
    copy_notebooks()
    app.connect("autodoc-process-docstring", link_public_names)
    app.connect("doctree-read", keep_numbers_whole)
