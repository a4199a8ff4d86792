# The environment is made once, from the interpreter of your choice: make PYTHON=python3.12 train
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CPP    := $(shell find csrc -name '*.cpp' -o -name '*.h' -o -name '*.inl' -o -name '*.cu')
CCACHE := $(shell command -v ccache >/dev/null && echo ccache)
BUILD  := pyproject.toml setup.py $(CPP)

.PHONY: train test test-commands test-training test-library test-hosts test-fast test-cuda \
        device-check hosts check \
        check-exports sanitized sanitized-address sanitized-thread sanitize sanitize-address \
        sanitize-thread fuzz campaign docs format clean

train: $(VENV)/installed  ## train the digits recipe: the batch grows to its cap
	$(BIN)/bsgrow train

# Three parts go side by side, as those of commands and of training mostly wait for processes. The
# trainers of others follow where one is done first.
# HYPOTHESIS_PROFILE=thorough in the environment draws ten times as many cases, as for a night.
COMMANDS := tests/e2e
TRAINING := tests/bench tests/training

test: $(VENV)/installed-dev  ## run all tests
	$(MAKE) --jobs=3 test-commands test-training test-library test-hosts
	$(MAKE) test-cuda

test-commands: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(COMMANDS)

test-training: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(TRAINING)

test-library: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(patsubst %,--ignore=%,$(COMMANDS) $(TRAINING)) --ignore=tests/hosts

test-hosts: $(VENV)/installed-dev
	$(BIN)/python -m pytest tests/hosts/test_hosts.py

# The rooms that neither move pixels nor train, what holds for all of them, and one short
# training by a command.
FAST := tests/schedule tests/stream tests/recipe tests/files tests/images tests/validation \
        tests/text $(wildcard tests/test_*.py) \
        tests/e2e/test_train.py::test_data_on_stdout_and_progress_on_stderr

test-fast: $(VENV)/installed-dev  ## run those that need neither pixels nor training: about a minute
	$(BIN)/python -m pytest $(FAST)

# From the others devices are hidden, so that they say the same on every machine.
test-cuda: $(VENV)/installed-dev
	@if $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; \
	then $(BIN)/python -m pytest -m cuda; \
	else echo "no CUDA device: what needs one is not tested here"; fi

# What runs on a card alone, in minutes: make device-check ARGUMENTS='--budget 480 --out FILE'.
# Where there is no network, WHEELS=FOLDER has what PYTHON lacks beside torch, and it is that which runs.
DEVICE_CHECK := build/device-check
device-check: $(if $(WHEELS),$(DEVICE_CHECK)/site,$(VENV)/installed-dev)  ## check a machine with a GPU
	$(if $(WHEELS),PYTHONPATH=$(abspath $(DEVICE_CHECK)/site) $(PYTHON),$(BIN)/python) \
	-m tests.device_check $(ARGUMENTS)

$(DEVICE_CHECK)/site: $(wildcard $(WHEELS)/*.whl)
	$(PYTHON) -m pip install --quiet --no-index --no-deps --no-compile --upgrade --target $@ $^
	touch $@

# Each over the environment of the project, so that it has the same torch: its requirements are all
# that it lacks. The tests in tests/hosts run where one is made.
HOSTS := $(patsubst tests/hosts/requirements-%.txt,%,$(wildcard tests/hosts/requirements-*.txt))

hosts: $(HOSTS:%=build/hosts/%/installed)  ## install the trainers that the adapters are tested with

build/hosts/%/installed: tests/hosts/requirements-%.txt $(VENV)/installed-dev
	$(BIN)/python -m tests.hosts.environment build/hosts/$*
	$(BIN)/python -m pip --python build/hosts/$*/bin/python install --quiet --no-compile --no-deps -r $<
	touch $@

check: $(VENV)/installed-dev  ## lint, types and formatting, without changing a file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(CPP)

# With sanitizers g++ needs minutes for what is vectorised: a gate begins with it, beside the rest.
sanitized: sanitized-address sanitized-thread  ## build the modules with sanitizers, and run nothing

sanitized-address sanitized-thread: sanitized-%: $(VENV)/installed-dev
	CPATH=$$(.ci/python-headers $(BIN)/python $(VENV)/headers) .ci/sanitized $* $(BIN)/python -c ''

# Most of it are interpreters that start, one at a time: the two go side by side.
sanitize: $(VENV)/installed-dev  ## run the native tests under ASan, UBSan and TSan
	$(MAKE) --jobs=2 sanitize-address sanitize-thread

sanitize-address sanitize-thread: sanitize-%: $(VENV)/installed-dev
	CPATH=$$(.ci/python-headers $(BIN)/python $(VENV)/headers) .ci/sanitize $* $(BIN)/python

# For each target.
FUZZ_SECONDS ?= 60

fuzz: $(VENV)/installed-dev  ## feed broken files to decoder and readers under ASan and UBSan
	CPATH=$$(.ci/python-headers $(BIN)/python $(VENV)/headers) \
	.ci/sanitized address $(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

docs: $(VENV)/installed-docs  ## make the site of the pages in docs/, in build/docs; a warning fails
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs build/docs

campaign: $(VENV)/installed-dev  ## kill a run on two processes 50 times: half an hour
	$(BIN)/python -m tests.e2e.campaign --kills 50

# What pip does not install is driven from checkouts: make check-exports SOURCES=FOLDER
check-exports: $(VENV)/installed-dev  ## install the systems of plan --format, and run exported plans in them
	$(BIN)/python -m tests.exports $(if $(SOURCES),--sources $(SOURCES))

format: $(VENV)/installed-dev  ## bring every file into format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

clean:  ## remove what was built and installed, keep runs/
	rm -rf $(VENV) build *.egg-info bsgrow/*.so

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# Rebuilt when a source of the extension changes; Python files are used where they lie. Of what is
# installed most is never imported: Python compiles a file when it first is, not pip all of them.
# Where ccache is, a build by the tests takes from it what was compiled here, as long as pybind11 lies
# in the same place: not in an environment of pip's for one build.
$(VENV)/installed: $(VENV)/bin/python $(BUILD)
	$(BIN)/python -m pip install --quiet --no-compile --group build
	headers=$$(.ci/python-headers $(BIN)/python $(VENV)/headers) && \
	CPATH=$$headers CXX="$(CCACHE) $${CXX:-c++}" \
	$(BIN)/python -m pip install -qq --no-compile --no-build-isolation --editable .
	touch $@

# The tools alone: installing the package again would build the extension again.
$(VENV)/installed-dev $(VENV)/installed-docs: $(VENV)/installed-%: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --no-compile --group $*
	touch $@
