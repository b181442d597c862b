#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs what `make aarch64` built under qemu, as three CPUs: the tests, then the real programs in tests/data, with the
# kernels that the CPU chooses, with the standard ones and with the reference; on `max`, at every level below it as well.
# Then explain must predict the same here and there, for CPUs of either kind.
#   check-aarch64.sh [BUILD [MICA]]     MICA: the program built for this machine
set -e
build=${1:-build-aarch64} host=${2:-build/mica}
cases=$(dirname "$0")/../tests/data/cases
measuring='test_measure|cli_bench' # time, of which an emulator knows nothing
run() { echo "$QEMU_CPU: mica run --cases $*" && qemu-aarch64 "$build/mica" run --cases "$cases/cases.tsv" --quiet "$@"; }

for QEMU_CPU in cortex-a53 cortex-a76 max; do
    export QEMU_CPU
    echo "$QEMU_CPU: tests"
    ctest --test-dir "$build" --output-on-failure --quiet -j "$(nproc)" --exclude-regex "$measuring"
    for kernels in auto standard reference; do run --kernels $kernels; done
done
for isa in i8mm dotprod neon; do run --isa $isa; done

[ -x "$host" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "$QEMU_CPU: mica explain, as $host"
for model in $(find "$cases" -name model.pte); do
    for isa in dotprod sme2 avx512vnni; do
        "$host" explain "$model" --isa $isa --format json >"$work/here" 2>&1 || true
        qemu-aarch64 "$build/mica" explain "$model" --isa $isa --format json >"$work/there" 2>&1 || true
        cmp "$work/here" "$work/there" || { echo "explain $model --isa $isa"; exit 1; }
    done
done
