PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help install smoke bench bench-all submission reference calibrate report test test-all benchmarks lint docs site clean picture screenshots screenshots-many
.DEFAULT_GOAL := bench

help:                    ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY)        ## the environment in .venv: the package, the test tools and the docs tools, as constraints.txt pins them

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("timetrial needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing; on Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true  # pip does so on one core; some files are for other Pythons
	@touch $@

# DEVICE=cuda or DEVICE=auto moves the targets below to GPUs.
DEVICE ?= cpu

smoke: $(READY)          ## ten schedules on handwritten digits, three studies: one minute
	$(BIN)/timetrial run --suite smoke --device $(DEVICE)

bench: $(READY)          ## the main job: data, the laptop suite, results/leaderboard.html
	$(BIN)/timetrial run --suite laptop --device $(DEVICE)

bench-all: $(READY)      ## every schedule on the laptop suite; resumes what was stopped, and adds to `make bench`
	$(BIN)/timetrial run --suite laptop --track schedule --all --device $(DEVICE)

ifeq ($(filter submission,$(MAKECMDGOALS))$(NAME),submission)
$(error name the submission, as in: make submission NAME=my_schedule)
endif
SUBMISSION ?= results/submission
BESIDE     ?= --suite laptop --reference
submission: $(READY)     ## NAME=... of a submission: its checks, a race on digits, its race beside the reference result, the board as Markdown
	$(BIN)/timetrial check $(NAME)
	$(BIN)/timetrial run --suite smoke -s $(NAME) --results $(SUBMISSION)/smoke
	$(BIN)/timetrial run $(BESIDE) -s $(NAME) --results $(SUBMISSION)/race
	$(BIN)/timetrial report $(filter --reference,$(BESIDE)) --results $(SUBMISSION)/race --format md > $(SUBMISSION)/board.md
	@echo "$(SUBMISSION)/board.md: the board as Markdown; $(SUBMISSION)/race/leaderboard.html: its page"

REFERENCE ?= results/reference-run
RACE      ?= --suite laptop
CLAIMED   := analyses/claimed
FIRST     := sgd adamw nadamw lion muon adan ademamix adopt cautious d_muon diloco ema kron lamb lawa mars normuon prodigy scion shampoo soap
RACING     = $(BIN)/timetrial run $(RACE) --device $(DEVICE) --results $(REFERENCE)
GOES_ON    = || test $$? -eq 1  # status 1: some trials failed. The table names them, and the next track runs all the same
reference: $(READY)      ## every run of the reference result and of docs/claims.md, into REFERENCE=DIR; resumes what was stopped
	$(RACING) --track schedule --all --studies 5 $(GOES_ON)
	$(RACING) --track self-tuning --all $(GOES_ON)
	$(RACING) --track self-tuning -s adamw+linear -s cautious:base=lion+cosine -s nadamw:defaults=paper+cosine \
	  -s prodigy:defaults=paper+cosine -s mechanic:defaults=paper+cosine -s dadapt_adam:defaults=paper+cosine $(GOES_ON)
	$(RACING)/claimed --track self-tuning \
	  -s $(CLAIMED)/fedhyper_tenth.py -s $(CLAIMED)/adamw_tenth.py+constant \
	  -s $(CLAIMED)/fedhyper_tenfold.py -s $(CLAIMED)/adamw_tenfold.py+constant \
	  -s $(CLAIMED)/adamw_large_batch.py -s $(CLAIMED)/ademamix_large_batch.py -s $(CLAIMED)/lion_large_batch.py \
	  -s $(CLAIMED)/mars_large_batch.py -s $(CLAIMED)/lamb_large_batch.py $(GOES_ON)
	$(RACING) --track external --studies 3 $(FIRST:%=-s %+cosine) $(GOES_ON)
	$(RACING) --track budget -s constant -s cosine -s exponential -s inverse_sqrt -s linear -s onecycle -s polynomial \
	  -s rex -s sgdr -s step -s uba -s wsd -s wsd_s -s $(CLAIMED)/wsd_sqrt.py $(GOES_ON)

calibrate: $(READY)      ## the defaults and spaces of optimizers and procedures that have none of their present source: five minutes each
	$(BIN)/timetrial calibrate --missing

report: $(READY)         ## the leaderboard again, from the records in results/
	$(BIN)/timetrial report

PYTEST_OPTIONS ?=
test: $(READY)           ## every test but those marked slow or gpu, on three processes, since many wait; PYTEST_OPTIONS=... passes options on
	@$(BIN)/python -m compileall -q -j 0 harness workloads submissions  # tests start hundreds of processes
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow and not gpu" $(PYTEST_OPTIONS)

test-all: $(READY)       ## all tests, the slow ones included
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

benchmarks: $(READY)     ## what the harness costs per step and per page (docs/performance.md)
	$(BIN)/python tests/benchmarks/harness_tax.py
	$(BIN)/python -m tests.benchmarks.page_at_scale

lint: $(READY)           ## format, style, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)           ## writes docs/workloads.md, docs/schedules.md, docs/optimizers.md and their figures from the code
	$(BIN)/timetrial list workloads --docs docs
	$(BIN)/timetrial list submissions --docs docs

site: $(READY)           ## the site in build/site, from docs/ and the docstrings; offline, a warning is an error
	$(BIN)/python -m sphinx -b html -q -W --keep-going docs build/site
	@echo "the site: build/site/index.html"

clean:                   ## removes the environment, the site and what runs wrote; keeps downloaded data
	rm -rf $(VENV) build *.egg-info results/trials results/runs results/leaderboard.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

PICTURED ?= results/reference/leaderboard.html
picture:                 ## docs/leaderboard.png, the README's picture of the reference result (or PICTURED=...); needs Debian's chromium
	chromium --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars \
	  --user-data-dir=$$(mktemp -d) --window-size=1440,1150 --screenshot=docs/leaderboard.png file://$(CURDIR)/$(PICTURED)

PAGE ?= results/leaderboard.html
screenshots: $(READY)    ## docs/page_*.png of results/leaderboard.html (or PAGE=...): light, dark, tablet, phone, paper; needs Debian's chromium
	$(BIN)/python -m tests.report.screenshots $(PAGE) docs

MANY ?= results/reference/self-tuning.html
screenshots-many: $(READY)  ## docs/many_*.png of a page with forty or more rows (MANY=...) at four widths, light, dark and on paper
	$(BIN)/python -m tests.report.screenshots --many $(MANY) docs
