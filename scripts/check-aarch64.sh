#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs what `make aarch64` built under qemu, as three CPUs: the tests, then the real programs in tests/data, with the
# kernels that the CPU chooses, with the standard ones and with the reference; on `max`, at every level below it as well.
set -e
build=${1:-build-aarch64}
measuring='test_measure|cli_bench' # time, of which an emulator knows nothing
cases=$(dirname "$0")/../tests/data/cases/cases.tsv
run() { echo "$QEMU_CPU: mica run --cases $*" && qemu-aarch64 "$build/mica" run --cases "$cases" --quiet "$@"; }

for QEMU_CPU in cortex-a53 cortex-a76 max; do
    export QEMU_CPU
    echo "$QEMU_CPU: tests"
    ctest --test-dir "$build" --output-on-failure --quiet -j "$(nproc)" --exclude-regex "$measuring"
    for kernels in auto standard reference; do run --kernels $kernels; done
done
for isa in i8mm dotprod neon; do run --isa $isa; done
