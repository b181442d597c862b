#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Counts the instructions that the AArch64 kernels execute, under qemu, and prints a Markdown table: multiply-accumulates
# per instruction at three shapes (M,N,K), and instructions per element packed. Emulators say nothing about time.
#   bench/instructions/count.sh [BUILD]      after `make aarch64`
set -e
here=$(dirname "$0") root=$(dirname "$0")/../.. build=${1:-$(dirname "$0")/../../build-aarch64}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O2 -shared -fPIC "$here/plugin.c" -o "$work/plugin.so"
clang-19 --target=aarch64-linux-gnu -fuse-ld=lld --rtlib=compiler-rt -static -std=c11 -O2 -D_GNU_SOURCE \
    -I"$root/src" -I"$root/include" -I"$root/tests" "$here/kernel.c" "$root/tests/check_problem.c" "$build/libmica_internal.a" -lm \
    -o "$work/kernel"

executed() { qemu-aarch64 -cpu max -plugin "$work/plugin.so" "$work/kernel" "$@" 2>&1; }
each() { echo $(($(executed "$@" 2) - $(executed "$@" 1))); } # instructions of doing it once more
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
macs() { ratio "$(($2 * $3 * $4))" "$(each "$1" "$2" "$3" "$4" multiply)"; }
packing() { ratio "$(each "$1" 24 256 256 "$2")" "$3"; }

echo '| kernels | 1,256,256 | 8,256,256 | 128,1024,1024 | pack left | pack right |'
echo '| --- | --- | --- | --- | --- | --- |'
for gemm in $(grep -o "ROW([a-z0-9_]*_gemm_[a-z0-9_]*" "$root/src/kernel/gemm/arm.h" | cut -c5-); do
    gemv=$(echo "$gemm" | sed 's/_gemm_[0-9]*x/_gemv_1x/')
    echo "| $gemm | $(macs "$gemv" 1 256 256) | $(macs "$gemm" 8 256 256) | $(macs "$gemm" 128 1024 1024) |" \
        "$(packing "$gemm" left $((24 * 256))) | $(packing "$gemm" right $((256 * 256))) |"
done
