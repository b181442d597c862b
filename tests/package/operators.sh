# SPDX-License-Identifier: Apache-2.0
# operators.sh PAGE PROGRAM…: docs/operators.md is what the program would write now.
page=$1
shift
"$@" | diff "$page" - && exit 0
echo "docs/operators.md is old; make it anew: cmake --build build --target list_operators && build/list_operators >docs/operators.md"
exit 1
