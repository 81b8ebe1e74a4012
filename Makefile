PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: bench bench-all reference test test-all lint report clean benchmarks install picture screenshots docs
.DEFAULT_GOAL := bench

install: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("timetrial needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing; on Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

bench: $(READY)          ## the main job: environment, data, laptop suite, leaderboard
	$(BIN)/timetrial run --suite laptop

bench-all: $(READY)      ## every schedule there is on the laptop suite; goes on where it was stopped, and from `make bench`
	$(BIN)/timetrial run --suite laptop --track schedule --all

REFERENCE ?= results/reference-run
RACE      ?= --suite laptop --studies 3
CLAIMED   := analyses/claimed
RACING     = $(BIN)/timetrial run $(RACE) --results $(REFERENCE)
GOES_ON    = || test $$? -eq 1  # some trials failed: the table says which, and the next track runs all the same
reference: $(READY)      ## every run that docs/claims.md asks for, into REFERENCE; goes on where it was stopped
	$(RACING) --track schedule --all $(GOES_ON)
	$(RACING) --track self-tuning --all $(GOES_ON)
	$(RACING) --track self-tuning -s adamw+linear \
	  -s $(CLAIMED)/fedhyper_tenth.py -s $(CLAIMED)/adamw_tenth.py+constant \
	  -s $(CLAIMED)/fedhyper_tenfold.py -s $(CLAIMED)/adamw_tenfold.py+constant $(GOES_ON)
	$(RACING) --track budget -s constant -s cosine -s exponential -s inverse_sqrt -s linear -s onecycle -s polynomial \
	  -s rex -s sgdr -s step -s uba -s wsd -s wsd_s -s $(CLAIMED)/wsd_sqrt.py $(GOES_ON)

report: $(READY)         ## the leaderboard again, from the records in results/
	$(BIN)/timetrial report

test: $(READY)           ## the tests, about eleven minutes on 2 cores
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not gpu"

test-all: $(READY)       ## all tests, the slow ones included
	$(BIN)/python -m pytest

benchmarks: $(READY)     ## speed measurements of the harness itself
	$(BIN)/python tests/benchmarks/harness_tax.py
	$(BIN)/python -m tests.benchmarks.page_at_scale

lint: $(READY)           ## format, style, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)           ## docs/workloads.md, docs/schedules.md and their figures, from the code and workloads/targets.json
	$(BIN)/timetrial list workloads --docs docs
	$(BIN)/timetrial list submissions --docs docs

clean:                   ## removes the environment and what runs wrote; keeps downloaded data
	rm -rf $(VENV) build *.egg-info results/trials results/runs results/leaderboard.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

picture:                 ## the README's picture of results/leaderboard.html; needs Debian's chromium
	chromium --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars \
	  --user-data-dir=$$(mktemp -d) --window-size=1440,1150 --screenshot=docs/leaderboard.png file://$(CURDIR)/results/leaderboard.html

PAGE ?= results/leaderboard.html
screenshots: $(READY)    ## docs/page_*.png of results/leaderboard.html (or PAGE=...): light, dark, phone; needs Debian's chromium
	$(BIN)/python -m tests.report.screenshots $(PAGE) docs
