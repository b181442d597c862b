# SPDX-License-Identifier: Apache-2.0
#
# Cross-building for AArch64 Linux with Debian's own packages (docs/aarch64.md names them).
# clang-19 is the one compiler of Debian 12 that knows every level from plain NEON to SME2; lld and compiler-rt go
# with it, because gcc's run-time library lacks the routines that SME code calls.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld --rtlib=compiler-rt -Wno-unused-command-line-argument")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-fuse-ld=lld --rtlib=compiler-rt")
# Environment variable QEMU_CPU chooses the model: cortex-a53, cortex-a76, max, …
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
