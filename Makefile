# The commands of everyday work; CMake (CMakePresets.json) does the work. JOBS=N limits the build.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
# Of the tests: release, or ci, where warnings are errors.
PRESET ?= release

# What building and testing need: compiler and build tools, then the libraries.
BUILD_PACKAGES := ca-certificates cmake g++ git make ninja-build pkg-config \
  libcli11-dev libfmt-dev libgtest-dev libhwy-dev libpcre2-dev libsqlite3-dev libssl-dev \
  libtomlplusplus-dev libzstd-dev nlohmann-json3-dev zlib1g-dev
# What checks of the source need beside them.
CHECK_PACKAGES := ccache clang-format
TIDY_PACKAGES := clang-tidy
AARCH64_PACKAGES := g++-aarch64-linux-gnu qemu-user

.PHONY: help deps build build-tests quickstart test slow-test tsan tidy format format-check bench \
  aarch64 clean

help:
	@echo 'make quickstart    install packages, build, grow a small model and let it speak'
	@echo 'make test          install packages, build and run the tests'
	@echo 'make build         build only: build/release/cambium'
	@echo 'make slow-test     the tests that take minutes'
	@echo 'make tsan          the tests of what runs on many threads under ThreadSanitizer'
	@echo 'make tidy          clang-tidy over all of src/'
	@echo 'make bench         measure this machine and cambium on it'
	@echo 'make aarch64       cross-build for AArch64 and run its tests under qemu'
	@echo 'make format        format the source; make format-check only says what differs'
	@echo 'make clean         remove build/'

deps:
	@cmake/install_packages.sh $(BUILD_PACKAGES)

build:
	cmake --preset release
	cmake --build --preset release --parallel $(JOBS) --target cambium

build-tests:
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET) --parallel $(JOBS)

quickstart: deps
	@$(MAKE) --no-print-directory build
	build/release/cambium quickstart

test: deps
	@$(MAKE) --no-print-directory build-tests
	ctest --test-dir build/$(PRESET) --parallel $(JOBS) --output-on-failure --label-exclude slow

slow-test: deps
	@$(MAKE) --no-print-directory build-tests
	ctest --test-dir build/$(PRESET) --output-on-failure --label-regex slow

# What computes on many threads; the rest of the tests run on one.
empty :=
space := $(empty) $(empty)
TSAN_TESTS := base numerics tensor infer train

tsan: deps
	cmake --preset tsan
	cmake --build --preset tsan --parallel $(JOBS) --target $(TSAN_TESTS:%=%_test)
	ctest --test-dir build/tsan --output-on-failure --tests-regex '^($(subst $(space),|,$(TSAN_TESTS)))$$'

# Kernels are read once, for the baseline instruction set. The build makes the header of versions.
tidy: build
	@cmake/install_packages.sh $(TIDY_PACKAGES)
	git ls-files 'src/*.cc' | xargs -n 1 -P $(JOBS) clang-tidy -p build/release --quiet \
	  --warnings-as-errors='*' --extra-arg=-DHWY_COMPILE_ONLY_STATIC

bench: build
	build/release/cambium bench machine
	build/release/cambium bench ops
	build/release/cambium bench train
	build/release/cambium bench generate

# Files of C++ source that git knows or would add.
SOURCES = $(shell git ls-files --cached --others --exclude-standard '*.h' '*.cc')

format:
	clang-format -i $(SOURCES)

format-check:
	@cmake/install_packages.sh $(CHECK_PACKAGES)
	@clang-format --dry-run --Werror $(SOURCES)

aarch64:
	@cmake/install_packages.sh $(BUILD_PACKAGES) $(AARCH64_PACKAGES)
	cmake/aarch64_sysroot.sh build/aarch64-sysroot
	cmake --preset aarch64
	cmake --build --preset aarch64 --parallel $(JOBS)
	ctest --test-dir build/aarch64 --output-on-failure --label-exclude 'slow|native'

clean:
	rm -rf build
