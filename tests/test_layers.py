"""The folder shows the data's way: each room imports only from rooms to its left, and heavy libraries stay in place."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import conflictts as ct

PACKAGE = Path(ct.__file__).parent
WAY = ("errors", "incidents", "series", "truce", "cases", "figures", "report", "cli", "__main__")
ROOMS = ("incidents", "series", "truce", "figures", "report")
HOME_OF = {
    "matplotlib": {"figures"},
    "seaborn": {"figures"},
    "scipy": {"series", "truce"},
    "statsmodels": {"series", "truce"},
    "numba": {"series", "truce"},
    "duckdb": {"series"},
    "narwhals": {"series"},
    "pyspark": {"truce"},
    "typer": {"cli", "__main__"},
    "rich": {"cli", "__main__"},
}
UNTELLING = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
MODULES = {
    ".".join(("conflictts", *path.relative_to(PACKAGE).with_suffix("").parts)): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}
STUB = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8")).body
EACH_MODULE = pytest.mark.parametrize("module", MODULES)


def imports(source: str) -> set[str]:
    """Dotted names of all modules that a source imports, wherever in it; relative imports begin with a dot."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            inside = {f"{module}.{alias.name}" for alias in node.names}
            found.update((inside & set(MODULES)) | ({module} if inside - set(MODULES) else set()))
    return found


def imports_of(module: str) -> set[str]:
    return imports(MODULES[module].read_text(encoding="utf-8"))


def room_of(module: str) -> str:
    """conflictts.truce.effect -> truce; conflictts.cases -> cases; conflictts itself -> "" (the facade)."""
    return ".".join(module.split(".")[1:2])


FOUND = [
    pytest.param("import scipy.special as sp, numba", {"scipy.special", "numba"}, id="import"),
    pytest.param("def f():\n    from scipy.stats import norm", {"scipy.stats"}, id="inside a function"),
    pytest.param(
        "if TYPE_CHECKING:\n    from conflictts.errors import InputError", {"conflictts.errors"}, id="for types"
    ),
    pytest.param("from conflictts import Truce", {"conflictts"}, id="name from the facade"),
    pytest.param("from conflictts import cases", {"conflictts.cases"}, id="module beside the facade"),
    pytest.param("from .daily import counts\nfrom . import daily", {".daily", "."}, id="relative"),
]


@pytest.mark.parametrize(("source", "expected"), FOUND)
def test_imports_are_found_wherever_they_stand(source, expected):
    assert imports(source) == expected


@EACH_MODULE
def test_module_imports_from_its_own_room_or_to_its_left(module):
    own = WAY.index(room_of(module))
    for name in imports_of(module):
        assert not name.startswith("."), f"relative import of {name}; write it in full"
        if name.split(".")[0] == "conflictts":
            assert room_of(name), "imports from the facade; import from the module that defines the name"
            assert WAY.index(room_of(name)) <= own, f"{module} imports from {name}, to its right"


@EACH_MODULE
def test_heavy_library_is_imported_only_where_it_lives(module):
    for name in imports_of(module):
        homes = HOME_OF.get(name.split(".")[0])
        assert homes is None or room_of(module) in homes, f"{name} belongs in {sorted(homes)}"


@EACH_MODULE
def test_module_is_named_after_its_subject(module):
    assert not UNTELLING.intersection(name.strip("_") for name in module.split("."))


@pytest.mark.parametrize("room", ROOMS)
def test_door_of_a_room_is_one_line(room):
    source = (PACKAGE / room / "__init__.py").read_text(encoding="utf-8")
    body = ast.parse(source).body
    assert len(body) == 1
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) == 1


def test_stub_names_each_public_name_once_sorted_by_module():
    assert all(isinstance(line, ast.ImportFrom) and line.level == 1 and len(line.names) == 1 for line in STUB)
    lines = [(line.module, line.names[0].name, line.names[0].asname) for line in STUB]
    assert all(name == as_name for _, name, as_name in lines), "write `import name as name`, which marks it as public"
    assert lines == sorted(lines, key=lambda line: (line[0], line[1]))
    assert sorted(ct.__all__) == sorted(name for _, name, _ in lines)


@pytest.mark.parametrize("name", ct.__all__)
def test_public_name_resolves_and_says_what_it_is(name):
    thing = getattr(ct, name)
    (module,) = (line.module for line in STUB if line.names[0].name == name)
    assert thing.__module__ == f"conflictts.{module}", "the stub names the module that defines it"
    doc = thing.__doc__ or ""
    assert len(doc.splitlines()[0]) > 10
    assert not doc.startswith(f"{name}("), "dataclasses write such a line by themselves"


def test_importing_the_package_imports_nothing_heavy():
    script = "import sys, conflictts; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "conflictts" in loaded
    assert not set(HOME_OF).intersection(loaded)
