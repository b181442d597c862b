# A thin front of CMake: CMakeLists.txt and CMakePresets.json are the truth.
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
MAKEFLAGS += --no-print-directory

.PHONY: all demo check interop check-aarch64 aarch64 bench bench-parts install format clean

all: build/CMakeCache.txt
	cmake --build build -j $(JOBS) --target mica_tool

build/CMakeCache.txt:
	cmake --preset release

demo:
	scripts/install-packages.sh build
	$(MAKE) all
	scripts/demo.sh

check:
	scripts/install-packages.sh build test
	cmake --preset release -DMICA_WERROR=ON
	cmake --build build -j $(JOBS)
	ctest --preset release -j $(JOBS)
	cmake --preset asan
	cmake --build build-asan -j $(JOBS)
	ctest --preset asan -j $(JOBS)

# Our profiles and models in ExecuTorch itself, when PYTHON has it; MICA_FIXTURES: more models.
PYTHON ?= python3
interop: all
	$(PYTHON) tests/interop/inspector.py build/mica $(or $(MICA_FIXTURES),tests/data/cases)
	$(PYTHON) tests/interop/author.py build/mica

aarch64:
	scripts/install-packages.sh build aarch64
	cmake --preset aarch64
	cmake --build build-aarch64 -j $(JOBS)

check-aarch64: aarch64
	scripts/check-aarch64.sh build-aarch64

# Mica beside its peers, as far as PYTHON has them (docs/performance.md); BENCH: options of bench/compare.py.
bench: build/CMakeCache.txt
	cmake --build build -j $(JOBS) --target mica_tool mica_shared
	$(PYTHON) bench/compare.py --build build $(BENCH)

# Single parts: the thread pool beside pthreadpool, every micro-kernel beside the reference.
bench-parts: build/CMakeCache.txt
	cmake --build build -j $(JOBS) --target benchmarks check_kernels
	build/bench_pool
	build/check_kernels --bench

install: build/CMakeCache.txt
	cmake --build build -j $(JOBS)
	cmake --install build --prefix $(PREFIX)

format:
	git ls-files '*.c' '*.h' | xargs clang-format-19 -i

clean:
	rm -rf build build-debug build-asan build-tsan build-aarch64
