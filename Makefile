# One short command for each task. Works with GNU make 3.81 and later.

VENV := .venv
BIN := $(VENV)/bin
APPS := $(patsubst apps/%/__main__.py,%,$(wildcard apps/*/__main__.py))
BENCHES := bench-recurrent bench-long_memory bench-attention bench-decoding bench-translate bench-sentiment

# Settings that are make variables, each with its flag. Any other is given by ARGS.
NAMING := CORPUS=data.corpus MEMORY=model.memory RUN=run
TRAINING := $(NAMING) PRESET=preset SEED=train.seed

# $(call flags,$(NAMING)): --flag 'value' for each of those variables that is set.
flags = $(foreach pair,$(1),$(call flag,$(word 1,$(subst =, ,$(pair))),$(word 2,$(subst =, ,$(pair)))))
flag = $(if $($(1)),--$(2) '$($(1))')

# A misspelt variable would otherwise change nothing, without a word.
KNOWN := CORPUS MEMORY RUN PRESET SEED DATA_DIR ARGS RUNS NAME FROM BACKEND PYTHON VENV
given = $(filter command,$(firstword $(origin $(1))))
$(foreach name,$(filter-out $(KNOWN) MAKE% -%,$(.VARIABLES)),$(if $(call given,$(name)),$(error \
  There is no variable $(name): there are $(KNOWN))))

.DEFAULT_GOAL := help
.PHONY: help tensorboard new-app test test-layers lint bench $(BENCHES) results clean

help: ## List the targets
	@awk -v apps='$(APPS)' 'BEGIN { FS = ":.*## " } \
	  /^[a-z][a-z%-]*:.*## / { \
	    count = split(index($$1, "%") ? apps : "-", names, " "); \
	    for (i = 1; i <= count; i++) { \
	      target = $$1; gsub(/%/, names[i], target); \
	      text = $$2; gsub(/%/, names[i], text); \
	      printf "  %-20s %s\n", target, text } }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Settings: CORPUS, MEMORY, RUN, PRESET, SEED, DATA_DIR; any other: ARGS=\"--train.epochs 5\"."
	@echo "For example: make train-translate CORPUS=multi30k RUN=my-run"

train-%: apps/%/__main__.py $(VENV)/.installed ## Train apps/%, or continue an interrupted run
	@$(BIN)/python -m apps.$* train $(call flags,$(TRAINING)) $(ARGS)

evaluate-%: apps/%/__main__.py $(VENV)/.installed ## Score a trained run of apps/% on the test split
	@$(BIN)/python -m apps.$* evaluate $(call flags,$(NAMING)) $(ARGS)

predict-%: apps/%/__main__.py $(VENV)/.installed ## Standard input to standard output through a run of apps/%
	@$(BIN)/python -m apps.$* predict $(call flags,$(NAMING)) $(ARGS)

export-%: apps/%/__main__.py $(VENV)/.installed ## Write a run of apps/% as a SavedModel from strings to strings
	@$(BIN)/python -m apps.$* export $(call flags,$(NAMING)) $(ARGS)

compare-%: apps/%/__main__.py $(VENV)/.installed ## One table over runs of apps/%: all, or RUNS="a b"
	@$(BIN)/python -m apps.$* compare $(RUNS) $(ARGS)

tensorboard: $(VENV)/.installed ## Serve the curves of all runs on http://localhost:6006
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/tensorboard --logdir runs $(ARGS)

FROM = translate
new-app: $(VENV)/.installed ## Copy an app under a new name: NAME=mine FROM=translate
	@$(BIN)/python -m apps.harness.new_app '$(NAME)' '$(FROM)'

# Two files at a time: tests mostly trace, which takes one core.
PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --durations=10 --durations-min=10

test: $(VENV)/.installed-dev ## All tests on TensorFlow; contracts, equations, decoding and leaks on JAX, too
	@KERAS_BACKEND=jax $(PYTEST) tests/layers -k "contract or promises or equation or paper or agree"
	@KERAS_BACKEND=jax $(PYTEST) tests/layers/decoding tests/layers/attention/test_leaks.py
	@KERAS_BACKEND=tensorflow $(PYTEST) $(ARGS)

BACKEND = tensorflow
test-layers: $(VENV)/.installed-dev $(if $(filter torch,$(BACKEND)),$(VENV)/.installed-torch) ## Tests of layers alone: BACKEND=tensorflow, jax or torch
	@KERAS_BACKEND=$(BACKEND) $(PYTEST) tests/layers $(ARGS)

lint: $(VENV)/.installed-dev ## Check style and find likely bugs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

bench: $(BENCHES) ## Measure and record all, or a part: bench-recurrent, bench-translate

$(BENCHES): bench-%: benchmarks/%.py $(VENV)/.installed-bench
	@$(BIN)/python -m benchmarks.$* $(ARGS)

results: $(VENV)/.installed ## Render the tables of all pages from benchmarks/results
	@$(BIN)/python -m benchmarks.results

clean: ## Remove caches; runs and .venv stay
	@rm -rf build dist .pytest_cache .ruff_cache *.egg-info
	@find apps benchmarks data layers tests -name __pycache__ -type d -prune -exec rm -rf {} +

.DEFAULT:
	@echo "There is no target $@: make help lists those there are, for the apps $(APPS)." >&2; exit 2

# The environment is made once, and again when what it is made from changes. Everything it says
# goes to standard error: standard output belongs to `predict`.

$(VENV)/bin/python:
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
	  if $$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	  then echo "Making $(VENV) with $$python." >&2; exec $$python -m venv $(VENV); fi; \
	done; \
	echo "Python 3.11, 3.12 or 3.13 with its venv module is needed$(if $(PYTHON),$(,) which $(PYTHON) is not): install it, or name one with make PYTHON=/path/to/python3." >&2; exit 1

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt | $(VENV)/bin/python
	$(call install,.)

$(VENV)/.installed-%: setup.cfg pyproject.toml constraints.txt | $(VENV)/bin/python
	$(call install,.[$*])
	@touch $(VENV)/.installed

, := ,
define install
@echo "Installing the pinned dependencies into $(VENV), once; this takes a minute or two." >&2
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '$(1)' >&2
@touch $@
endef
