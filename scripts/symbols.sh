#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# symbols.sh LIBRARY: the names that a shared (.so) or static (.a) library gives to its users, sorted.
case $1 in
*.a) nm -g --defined-only "$1" ;;
*) nm -D --defined-only "$1" ;;
esac | awk 'NF == 3 { print $3 }' | LC_ALL=C sort
