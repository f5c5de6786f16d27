"""The notebooks as their readers meet them: opened in JupyterLab, "Run All Cells", no error, figures in sight."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from websocket import create_connection

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

STARTED = "globalThis.jupyterapp?.restored.then(() => true)"
OPEN = "jupyterapp.commands.execute('docmanager:open', {path: NAME, factory: 'Notebook'}).then(() => 'opened')"
OPENED = """
(book => book?.context?.path === NAME && book.context.sessionContext?.session?.kernel?.status === 'idle')
(jupyterapp.shell.currentWidget)
"""
CLOSE = """
(book => book.context.sessionContext.shutdown().then(() => { book.dispose(); return 'closed' }))
(jupyterapp.shell.currentWidget)
"""
RUN = "jupyterapp.commands.execute('notebook:run-all-cells').then(() => 'ran')"
SEEN = """
(async () => {
  const book = jupyterapp.shell.currentWidget.content, cells = [];
  for (const cell of book.widgets.filter(each => each.model.type === 'code')) {
    cell.node.scrollIntoView();
    await new Promise(done => setTimeout(done, 100));
    const figures = [...cell.node.querySelectorAll('.jp-OutputArea-output img')];
    await Promise.all(figures.map(each => each.decode ? each.decode() : null));
    cells.push({
      source: cell.model.sharedModel.source,
      count: cell.model.executionCount,
      errors: cell.node.querySelectorAll('[data-mime-type="application/vnd.jupyter.stderr"]').length
        + cell.model.outputs.toJSON().filter(each => each.output_type === 'error').length,
      figures: cell.model.outputs.toJSON().filter(each => each.data?.['image/png']).length,
      wide: figures.map(each => Math.min(each.getBoundingClientRect().width, each.naturalWidth ?? 1e4)),
    });
  }
  return JSON.stringify(cells);
})()
"""


class Tab:
    """A tab of a browser that is told what to do by the DevTools protocol."""

    def __init__(self, address: str) -> None:
        self.socket = create_connection(address, timeout=300, suppress_origin=True)
        self.asked = 0

    def __call__(self, method: str, **given: object) -> dict:
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": given}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.asked:
                return answer["result"]

    def value(self, script: str) -> object:
        answer = self("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


def until(true: Callable[[], object], what: str, seconds: float = 120) -> object:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.2)
    pytest.fail(f"{what} within {seconds:g} s")


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def lab(desk: Path) -> Iterator[str]:
    """Address of a JupyterLab of its own, without a user's settings."""
    home = {f"JUPYTER_{each}_DIR": str(desk / each.lower()) for each in ("CONFIG", "DATA", "RUNTIME")}
    options = "--no-browser --allow-root --expose-app-in-browser --ServerApp.port=0 --IdentityProvider.token=t"
    with (desk / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options.split()], cwd=desk, env=os.environ | home, stderr=log
        )
    try:
        running = until(lambda: list((desk / "runtime").glob("jpserver-*.json")), "JupyterLab did not start")
        yield until(lambda: json.loads(running[0].read_text() or "{}").get("url"), "JupyterLab gave no address")
    finally:
        stop(server)


@pytest.fixture(scope="module")
def tab(chromium: list[str], lab: str, desk: Path) -> Iterator[Tab]:
    """JupyterLab in a browser, with nothing open."""
    profile = desk / "profile"
    browser = subprocess.Popen(
        [*chromium, "--remote-debugging-port=0", f"--user-data-dir={profile}", "--window-size=1280,900", "about:blank"],
        stderr=subprocess.DEVNULL,
    )
    try:
        port = profile / "DevToolsActivePort"
        until(lambda: port.is_file() and len(port.read_text().splitlines()) == 2, "Chromium did not start")
        with urllib.request.urlopen(f"http://127.0.0.1:{port.read_text().split()[0]}/json") as answer:
            tabs = json.load(answer)
        tab = Tab(next(each["webSocketDebuggerUrl"] for each in tabs if each["type"] == "page"))
        tab("Emulation.setFocusEmulationEnabled", enabled=True)  # JupyterLab's current notebook is the one in focus
        tab("Page.navigate", url=f"{lab}lab?token=t&reset")
        until(lambda: tab.value(STARTED), "JupyterLab did not open")
        yield tab
        tab.socket.close()
    finally:
        stop(browser)


def run_all(notebook: Path, tab: Tab) -> list[dict]:
    """What each code cell shows after "Run All Cells"."""

    def told(script: str) -> object:
        return tab.value(script.replace("NAME", json.dumps(notebook.name)))

    assert told(OPEN) == "opened"
    until(lambda: told(OPENED), f"{notebook.name} did not open")
    assert told(RUN) == "ran"
    seen = json.loads(str(told(SEEN)))
    assert told(CLOSE) == "closed"
    return seen


@pytest.mark.parametrize("name", sorted(each.name for each in NOTEBOOKS.glob("*.ipynb")))
def test_run_all_cells(name, tab, desk):
    cells = run_all(Path(shutil.copy(NOTEBOOKS / name, desk)), tab)
    written = nbformat.read(NOTEBOOKS / name, as_version=4).cells
    assert [each["source"] for each in cells] == [each.source for each in written if each.cell_type == "code"]
    assert [each["count"] for each in cells] == list(range(1, len(cells) + 1))
    assert [each for each in cells if each["errors"]] == []
    assert sum(each["figures"] for each in cells) > 0
    for each in cells:
        assert len(each["wide"]) >= each["figures"]
        assert all(width > 300 for width in each["wide"]), each["source"]


def test_an_error_would_be_seen(tab, desk):
    cells = [nbformat.v4.new_code_cell("1 / 0"), nbformat.v4.new_code_cell("2")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # or JupyterLab asks which
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), desk / "wrong.ipynb")
    first, second = run_all(desk / "wrong.ipynb", tab)
    assert (first["count"], first["errors"] > 0, second["count"]) == (1, True, None)
