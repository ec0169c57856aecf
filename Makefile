# Everything sets itself up: a virtual environment, the dependencies, the package with its embedded model.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-fast train evaluate bench fuzz audit clean

demo: $(VENV)/.installed
	$(BIN)/stance compare examples/summit/us.md examples/summit/china.md -o out/demo

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder

test-fast: $(VENV)/.installed-dev
	$(BIN)/pytest -m "not browser and not notebook"

# Goes on from the released weights; needs the published documents: make train DOCUMENTS=corpus.jsonl, or $STANCE_DOCUMENTS
train: $(VENV)/.installed-dev
	$(BIN)/stance train configs/readout-small.yaml $(if $(DOCUMENTS),--documents "$(DOCUMENTS)") --keep-teachers -o runs/my-model

evaluate: $(VENV)/.installed-dev
	$(BIN)/stance evaluate corpus/annotations/annotations.jsonl --splits corpus/annotations/documents.csv \
		--raw corpus/annotations/raw --against corpus/baselines

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# torch first and by its exact release: a range could bring builds with gigabytes of GPU libraries.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

# Speed, memory and growth of scoring -> docs/benchmarks.md; tables that are not measured stay. All of the page needs
# coded sentences and half an hour more: make bench BENCH="--full --documents corpus.jsonl --gold dev.jsonl corpus.jsonl
# --gold corpus/annotations/annotations.jsonl corpus.jsonl --splits corpus/annotations/documents.csv"
bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.run $(BENCH)

# Coverage-guided fuzzing of the readers; stops at the first finding, or after FUZZ_SECONDS.
FUZZ_SECONDS ?= 600
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python -m benchmarks.fuzz_readers out/fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=30 -rss_limit_mb=2048

audit: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --progress-spinner off --skip-editable

clean:
	rm -rf $(VENV) out build dist
