"""The shell completes what the commands accept: every value, and written so that the shell takes it as one word."""

from __future__ import annotations

import re
import shlex

import pandas as pd
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from conflictts.cli import app

CHOICES = [  # each option of which the values are known beforehand, and what stands beside it
    pytest.param("report", "--measure", [], id="report's measure"),
    pytest.param("report", "--allocation", [], id="report's allocation"),
    pytest.param("report", "--language", [], id="report's language"),
    pytest.param("series", "--measure", [], id="series' measure"),
    pytest.param("series", "--by", [], id="series' groups"),
    pytest.param("series", "--allocation", [], id="series' allocation"),
    pytest.param("panel", "--measure", ["--by", "admin1"], id="panel's measure"),
    pytest.param("panel", "--by", [], id="panel's groups"),
    pytest.param("panel", "--allocation", ["--by", "admin1"], id="panel's allocation"),
    pytest.param("panel", "--language", ["--by", "admin1"], id="panel's language"),
    pytest.param("monitor", "--contract", ["state.json", "--fit", "calm.csv"], id="monitor's contract"),
]


def completed(shell: str, *words: str) -> list[str]:
    """What is offered for the last word, as the shell's own script asks for it."""
    asked = {"COMP_WORDS": "\n".join(("conflictts", *words)), "COMP_CWORD": str(len(words))}
    environment = {"_CONFLICTTS_COMPLETE": f"complete_{shell}", **asked}
    return CliRunner().invoke(app, prog_name="conflictts", env=environment).output.splitlines()


@pytest.mark.parametrize(("command", "option", "beside"), CHOICES)
def test_every_value_that_is_accepted_is_completed(tmp_path, monkeypatch, command, option, beside):
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2020-01-01", periods=90).strftime("%Y-%m-%d")
    pd.DataFrame({"day": days, "best": 1, "status": "observed"}).to_csv("calm.csv", index=False)
    refused = CliRunner().invoke(app, [command, *beside, option, "nonsense"])
    assert refused.exit_code == 2
    accepted = re.search(r"'nonsense'.* Choose one of (.*)\.", refused.stderr)[1].split(", ")
    offered = [" ".join(shlex.split(each)) for each in completed("bash", command, option, "")]
    assert offered == accepted
    assert len(offered) > 1


def test_every_option_that_completes_is_held_against_its_command():
    found = {
        (name, option.opts[0])
        for name, command in get_command(app).commands.items()
        for option in command.params
        if option._custom_shell_complete is not None
    }
    assert found == {case.values[:2] for case in CHOICES}


def test_a_value_with_a_blank_is_one_word():
    assert completed("bash", "series", "--measure", "dea") == ["deadly\\ incidents", "deaths"]
    assert shlex.split("deadly\\ incidents") == ["deadly incidents"]
