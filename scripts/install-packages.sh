#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install-packages.sh GROUP…: installs the Debian packages of these groups that are missing, saying which and why; does
# nothing when all are there. docs/dependencies.md says more about each.
packages='
build    gcc                    compiles Mica
build    libc6-dev              the C library to compile with
build    cmake                  drives the build
build    make                   runs what CMake generates
build    libjansson-dev         JSON, read by the program mica
build    libminizip-dev         ZIP, the container of ETRecord files, read by the program mica
build    zlib1g-dev             inflates what is in them
test     libcmocka-dev          the framework of the unit tests
test     g++                    the public headers are C++ as well: a test compiles them
test     pkg-config             a test builds an application through mica.pc
aarch64  clang-19               compiles for AArch64, all its levels
aarch64  lld-19                 links what clang compiled
aarch64  llvm-19                makes libraries of it
aarch64  libclang-rt-19-dev:arm64  its run-time routines
aarch64  libgcc-12-dev-arm64-cross  the start-up objects of programs
aarch64  libc6-dev-arm64-cross  the C library to compile with
aarch64  qemu-user              runs it here
aarch64  libc6:arm64            the C library that the tests load
aarch64  libcmocka-dev:arm64    for AArch64, as above
aarch64  libjansson-dev:arm64   for AArch64, as above
aarch64  libminizip-dev:arm64   for AArch64, as above
aarch64  zlib1g-dev:arm64       for AArch64, as above
'
wanted=$(echo "$packages" | grep -E "^($(echo "$*" | tr ' ' '|')) ")
missing=$(echo "$wanted" | while read -r group package reason; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
done)
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: what is needed here is what these packages hold:" $missing >&2
    exit 0
fi

echo 'Debian packages that Mica needs and that are missing here:'
for package in $missing; do
    echo "$wanted" | sed -n "s/^[a-z0-9]* *\($package\) /  \1/p"
done
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    echo 'They are installed with sudo, which may ask for your password.'
fi
install="${sudo:+sudo }env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
case $missing in
*:arm64*)
    echo '+ dpkg --add-architecture arm64'
    $sudo dpkg --add-architecture arm64
    ;;
esac
echo "+ $install" $missing
$install $missing && exit 0
echo 'The package lists may be old. + apt-get update'
$sudo apt-get update && $install $missing
