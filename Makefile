# `make demo` and `make test` do all their set-up themselves; the rest assumes one of them ran.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# CI must not pass on a build that silently fell back to the interpreter; elsewhere that is welcome.
ifeq ($(CI),true)
export WHYFETCH_COMPILE ?= 1
endif
.PHONY: demo test lint types contract unit live others fuzz asan samples bench bench-check truth docs wheel clean tools

# The packages whose programs are not here, of a list of program:package.
missing = $(shell for each in $(1); do command -v $${each%%:*} >/dev/null || printf ' %s' $${each\#\#*:}; done)
APT := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends

# Three steps, each with a stamp: what the program needs and what compiles it, the compiled modules, what tests need.
NEEDED := $(VENV)/.needed
BUILT := $(VENV)/.built
STAMP := $(VENV)/.tested
INSTALL := WHYFETCH_COMPILE=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOURCES := $(shell find analyzer -name '*.py' -o -name '*.pxd')

$(NEEDED): pyproject.toml
	@echo "installing what whyfetch needs, and Cython, into $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) "setuptools>=80" "cython>=3.3,<3.4"
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(BUILT): $(NEEDED) setup.py $(SOURCES)
	@$(BIN)/python setup.py --quiet build_ext --inplace
	@touch $@

$(STAMP): $(NEEDED) | $(BUILT)
	@echo "installing what tests need into $(VENV)" >&2
	@$(INSTALL) --upgrade "pip>=25.1"
	@$(INSTALL) --group dev
	@$(INSTALL) --no-build-isolation --editable '.[all]'
	@$(BIN)/python -m compileall -q analyzer
	@touch $@

demo: $(BUILT)
	$(BIN)/whyfetch classify samples

test: tools $(STAMP) lint types contract unit bench-check

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contract: $(STAMP)
	$(BIN)/lint-imports

docs: $(STAMP)
	$(BIN)/python docs/generate.py

# Two at once. By make and not by the shell, which lets what it puts in the background ignore Ctrl-C, and all that this starts.
unit: $(STAMP)
	@$(MAKE) --no-print-directory --keep-going --jobs 2 live others

live: $(STAMP)
	@$(BIN)/pytest -m live >$(VENV)/live.log 2>&1; status=$$?; echo; cat $(VENV)/live.log; exit $$status

others: $(STAMP)
	@$(BIN)/pytest -m "not live" --numprocesses auto --maxprocesses 4

# ENGINE=atheris learns which bytes lead further, on the interpreted modules, SECONDS in all; ENGINE=seeded mutates blindly
# and fast, on the compiled ones, SECONDS or RUNS for each target. TARGET=dns is one of them. Inputs that raise: build/fuzz.
ENGINE ?= atheris
TARGET ?= all
SECONDS ?= 60
RUNS ?= 0
SEED ?= 1
FUZZ := PYTHONPATH=.:tests $(BIN)/python -m fuzz

fuzz: $(STAMP)
	@[ $(ENGINE) != atheris ] || $(BIN)/python -m pip install --quiet --group fuzz || \
	  { echo "atheris cannot be installed here: make fuzz ENGINE=seeded needs nothing" >&2; exit 2; }
	$(FUZZ) --engine $(ENGINE) --target $(TARGET) --runs $(RUNS) --seed $(SEED) $(if $(filter 0,$(RUNS)),--seconds $(SECONDS))

# The compiled modules once more, in build/asan, with gcc's address and undefined behaviour sanitizers.
asan: $(STAMP)
	PYTHONPATH=.:tests $(BIN)/python -m fuzz.sanitized --runs $(if $(filter 0,$(RUNS)),3000,$(RUNS)) --seed $(SEED)

# Real captures, made anew in network namespaces: root only. The verdicts are reproducible, the bytes are not.
LAB_PROGRAMS := ip:iproute2 nft:nftables nginx:nginx-light tcpdump:tcpdump editcap:wireshark-common curl:curl wget:wget \
	git:git go:golang-go node:nodejs npm:npm java:default-jdk-headless openssl:openssl

samples: $(BUILT)
	@missing="$(call missing,$(LAB_PROGRAMS))"; \
	[ -d /usr/share/gocode/src/golang.org/x/net/http2 ] || missing="$$missing golang-golang-x-net-dev"; \
	[ -z "$$missing" ] || { echo "installing what the lab lacks:$$missing" >&2; $(APT) $$missing; }
	PYTHONPATH=samples $(BIN)/python -m lab.make

# CAPTURES=all takes half an hour and 20 GB; benchmarks/README.md says what they are.
CAPTURES ?= life,even

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py --keep --captures $(CAPTURES)

# What is told of TLS without keys against what keys show.
truth: $(STAMP)
	$(BIN)/python benchmarks/truth.py

# Instructions, which depend on nothing else that runs here; UPDATE=1 writes the figure that is compared with.
bench-check: $(STAMP)
	@$(BIN)/python benchmarks/instructions.py $(if $(UPDATE),--update)

# What tests use besides Python: tests that lack one are skipped and say so.
BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome
TEST_PROGRAMS := tshark:tshark ip:iproute2 tcpdump:tcpdump nft:nftables curl:curl valgrind:valgrind

tools:
	@missing="$(call missing,$(TEST_PROGRAMS))"; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && $(APT) $$missing; } || \
	  echo "missing, and cannot be installed here:$$missing; tests with them will be skipped" >&2
	@for each in $(BROWSERS); do command -v $$each >/dev/null && exit; done; \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && $(APT) $(firstword $(BROWSERS)); } || \
	  echo "no browser, and none can be installed here ($(firstword $(BROWSERS))): tests of pages in it will be skipped" >&2

# The wheel of this machine, built from the sdist, with the tag that package indexes take, tried without a compiler.
wheel: $(NEEDED)
	@$(INSTALL) --upgrade "pip>=25.1"
	@$(INSTALL) --group wheel
	rm -rf dist build/wheel
	WHYFETCH_COMPILE=1 $(BIN)/python -m build --outdir build/wheel
	PATH=$(BIN):$$PATH $(BIN)/auditwheel repair --strip --wheel-dir dist build/wheel/*.whl
	cp build/wheel/*.tar.gz dist
	$(BIN)/auditwheel show dist/*.whl
	$(BIN)/python tests/installed.py dist/*.whl

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find analyzer -name '*.so' -delete
