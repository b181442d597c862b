#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the tests that `make aarch64` built under qemu, as three CPUs: the kernel harness and the real programs in
# tests/data, at every instruction set that the CPU has, are among them. Then explain must predict the same here and
# there, for CPUs of either kind.
#   check-aarch64.sh [BUILD [MICA]]     MICA: the program built for this machine; without it nothing is compared
set -e
build=${1:-build-aarch64} host=${2:-build/mica}
measuring='test_measure|cli_bench' # time, of which an emulator knows nothing

for QEMU_CPU in cortex-a53 cortex-a76 max; do
    export QEMU_CPU
    echo "$QEMU_CPU: tests"
    ctest --test-dir "$build" --output-on-failure --quiet -j "$(nproc)" --exclude-regex "$measuring"
done

[ -x "$host" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "$QEMU_CPU: mica explain, as $host"
for model in $(find "$(dirname "$0")/../tests/data/cases" -name model.pte); do
    for isa in dotprod sme2 avx512vnni; do
        "$host" explain "$model" --isa $isa --format json >"$work/here" 2>&1 || true
        qemu-aarch64 "$build/mica" explain "$model" --isa $isa --format json >"$work/there" 2>&1 || true
        cmp "$work/here" "$work/there" || { echo "explain $model --isa $isa"; exit 1; }
    done
done
