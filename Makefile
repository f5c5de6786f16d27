# Two commands on a fresh machine with Python 3.11 or newer:  make report   and   make test
.DELETE_ON_ERROR:
.PHONY: help report test test-spark lint unjitted lab docs executed bench clean

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PYTEST := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile -c constraints.txt

help:
	@echo "make report   environment, package and the report of the bundled case"
	@echo "make test     lint, types, tests and notebooks"
	@echo "make test-spark  the tests that count on PySpark (needs Java 17 or newer)"
	@echo "make lab      JupyterLab on the notebooks"
	@echo "make docs     the documentation as a site, with the notebooks executed (takes minutes)"
	@echo "make bench    the studies behind the claims and times stated (from minutes to hours each)"
	@echo "make clean    remove the environment and everything generated"

report: $(VENV)/.report
	@$(BIN)/conflictts report --out conflictts-report

test: $(VENV)/.test
	$(MAKE) -j2 lint unjitted
	$(PYTEST) -p no:nbmake --ignore=tests/spark tests
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; $(MAKE) executed

unjitted: $(VENV)/.test
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -p no:nbmake tests/truce/test_segment.py tests/truce/test_trends.py
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -p no:nbmake tests/truce/test_monitor.py -k "by_hand or first_days or by_its_definition"

executed: $(VENV)/.test
	rm -rf notebooks-executed
	cp -r notebooks notebooks-executed
	$(PYTEST) -q --nbmake --overwrite --nbmake-timeout=300 notebooks-executed

docs: executed
	$(BIN)/python -m sphinx -W --keep-going -q -d build/doctrees docs build/docs
	@echo "The documentation is in build/docs/index.html"

test-spark: $(VENV)/.test
	@command -v java >/dev/null || { echo "PySpark needs Java 17 or newer; none was found. On Debian and Ubuntu: apt-get install openjdk-17-jre-headless." >&2; exit 1; }
	@$(PIP) -e '.[spark]'
	$(BIN)/python -m pytest -q -p no:nbmake tests/spark

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(VENV)/.test
	$(BIN)/jupyter lab notebooks

bench: $(VENV)/.test
	$(BIN)/python benchmarks/effect_coverage.py
	$(BIN)/python benchmarks/controls.py
	$(BIN)/python benchmarks/claims_bias.py
	$(BIN)/python benchmarks/location_sets.py
	$(BIN)/python benchmarks/alarms.py
	$(BIN)/python benchmarks/changepoints.py
	$(BIN)/python benchmarks/told_noise.py
	$(BIN)/python benchmarks/slopes.py
	$(BIN)/python benchmarks/onset_size.py
	$(BIN)/python benchmarks/growth_coverage.py
	$(BIN)/python benchmarks/growth_intervals.py
	$(BIN)/python benchmarks/courses.py
	$(BIN)/python benchmarks/statements.py --series 100
	$(BIN)/python benchmarks/duplicates.py
	$(BIN)/python benchmarks/fuzz_readers.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/panel.py
	$(BIN)/python benchmarks/panel_analysis.py
	$(BIN)/python benchmarks/pooled_effects.py
	$(BIN)/python benchmarks/pooled_effects.py --no-change --panels 100
	$(BIN)/python benchmarks/series.py
	$(BIN)/python benchmarks/anonymised.py
	$(BIN)/python benchmarks/kills.py
	$(BIN)/python benchmarks/report.py

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "conflictts needs Python 3.11 or newer; none was found. Install it, or run make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv." >&2; exit 1; }
	@touch $@

$(VENV)/.report: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing conflictts into $(VENV) (about a minute the first time) ..."
	@$(PIP) -e .
	@echo "Compiling what counts and fits (a quarter of a minute the first time) ..."
	@$(BIN)/conflictts report --quiet --out $(VENV)/compiling && rm -r $(VENV)/compiling
	@touch $@

$(VENV)/.test: $(VENV)/.report
	@echo "Installing what the tests need ..."
	@$(PIP) -e '.[excel,remote,pdf,notebooks,docs,dev]'
	@touch $@

clean:
	rm -rf $(VENV) conflictts-report build dist notebooks-executed docs/api docs/notebooks .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
