# Two commands do everything on a machine that has Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
DEMO := runs/demo

.PHONY: demo test check docs clean

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "netspace needs Python 3.11 or newer; give one with make PYTHON=…"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: .venv/installed
	$(BIN)/netspace search --dataset fashion --space tiny --budget 2M --out $(DEMO)/first
	$(BIN)/netspace evaluate $(DEMO)/first/elite-2M.yaml --baseline expanded --dataset fashion --n 4 --out $(DEMO)/first-judged
	$(BIN)/netspace report $(DEMO)/first $(DEMO)/first-judged --out $(DEMO)/first.html

test: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going -b html docs build/docs

clean:
	rm -rf .venv runs build .pytest_cache .ruff_cache .mypy_cache
