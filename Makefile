# Two commands do everything: `make demo` and `make test`. Both set up a virtual environment of their own first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint types slow clean

demo: $(STAMP)
	$(BIN)/linkage demo linkage-demo

test: $(STAMP) lint types
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	# Python compiles what is imported when it is; all of it at once would take twenty seconds.
	$(BIN)/python -m pip install --quiet --no-compile --editable ".[dev]"
	touch $(STAMP)

clean:
	rm -rf $(VENV) linkage-demo
