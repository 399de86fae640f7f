# Everything runs in .venv, made and filled on first use, without root. CI calls the same targets.
#
#   make demo             pictures through one edge and two tasks; stays up (ONCE=1 ends; TRUNK=vgg16, WEIGHTS=set)
#   make up               the same services without the pictures
#   make test             the tests that need neither PyTorch nor containers
#   make check            lint, types, import arrows, sizes, generated stubs
#   make e2e              the containers, for real
#   make fuzz             mutated frames of every codec for MINUTES=10 in JOBS=1 processes
#   make proto            generate the protobuf stubs again
#   make clean            remove all that the targets above made
#
# Variables: PYTHON (the interpreter), VENV, PIP_ARGS (more arguments for pip, for instance an index with PyTorch's
# CPU builds, which only `check`, `test-torch` and some WEIGHTS need), TEST_ARGS (more arguments for pytest).

PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
TEST_ARGS ?=
ONCE ?=
TRUNK ?=
WEIGHTS ?=
MINUTES ?= 10
JOBS ?= 1
SEED ?= $(shell date +%s)

BIN := $(VENV)/bin
PACKAGES := common edge cloud_tasks training benchmarks
PROTO := proto/trunkline/v1/trunkline.proto
PROTO_VENV := build/proto-venv

# What to install for a purpose, and the purposes that are served thereby.
EXTRAS_demo := edge,task,hevc
EXTRAS_build := edge,task,hevc,build
EXTRAS_test := dev
EXTRAS_check := dev,build,train,rank,prune
SERVES_demo := demo
SERVES_build := demo build
SERVES_test := demo test
SERVES_check := demo build test check

DEMO_NEEDS := $(if $(filter-out mobilenet_v2,$(TRUNK))$(filter-out keras-160,$(WEIGHTS)),build,demo)
MODEL := $(if $(TRUNK),--trunk $(TRUNK)) $(if $(WEIGHTS),--weights $(WEIGHTS))

.PHONY: demo up test test-torch check e2e fuzz proto clean
.DELETE_ON_ERROR:

demo: $(VENV)/.ready-$(DEMO_NEEDS)
	$(BIN)/trunkline demo $(if $(ONCE),--once) $(MODEL)

up: $(VENV)/.ready-$(DEMO_NEEDS)
	$(BIN)/trunkline up $(MODEL)

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest -m "not e2e and not torch" $(TEST_ARGS)

# A skipped test would hide a missing PyTorch: here it counts as a failure.
test-torch: $(VENV)/.ready-check
	$(BIN)/python -m pytest -m torch --no-skips $(TEST_ARGS)

# A machine without containers is an error here, not a pass.
e2e: $(VENV)/.ready-test
	$(BIN)/python -m pytest tests/e2e --no-skips $(TEST_ARGS)

# Other mutants every time, unless SEED names them; `make test` goes over the same few thousand.
fuzz: $(VENV)/.ready-test
	$(BIN)/python -m tests.fuzz run --minutes $(MINUTES) --jobs $(JOBS) --seed $(SEED)

check: $(VENV)/.ready-check build/stubs/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest --quiet tests/unit/test_structure.py
	diff --recursive --exclude='__*' build/stubs/trunkline/v1 common/trunkline/v1 \
	  || { echo "check: stubs and proto differ: run 'make proto' and commit the result" >&2; exit 1; }
	$(BIN)/mypy $(PACKAGES) tests
	$(BIN)/mypy --python-version 3.11 tools

proto: build/stubs/.ready
	cp build/stubs/trunkline/v1/* common/trunkline/v1/

# Stubs refuse runtimes older than their generator, so the oldest grpcio promised generates them.
build/stubs/.ready: $(PROTO) $(PROTO_VENV)/.ready
	rm -rf build/stubs && mkdir -p build/stubs
	$(PROTO_VENV)/bin/python -m grpc_tools.protoc -Iproto \
	  --python_out=build/stubs --grpc_python_out=build/stubs --pyi_out=build/stubs $(PROTO)
	touch $@

$(PROTO_VENV)/.ready:
	PYTHON='$(PYTHON)' sh tools/make_venv.sh $(PROTO_VENV)
	$(PROTO_VENV)/bin/pip install --quiet $(PIP_ARGS) grpcio-tools==1.62.3 'setuptools<80'
	touch $@

$(BIN)/python:
	PYTHON='$(PYTHON)' sh tools/make_venv.sh $(VENV)

$(VENV)/.ready-%: pyproject.toml | $(BIN)/python
	@echo "Installing trunkline[$(EXTRAS_$*)] into $(VENV)"
	$(BIN)/pip install --prefer-binary $(PIP_ARGS) --editable '.[$(EXTRAS_$*)]'
	touch $(SERVES_$*:%=$(VENV)/.ready-%)

clean:
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(PACKAGES) tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
