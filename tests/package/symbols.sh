# SPDX-License-Identifier: Apache-2.0
# symbols.sh libmica.so libmica.a SOURCES: both export exactly what symbols.txt beside this script lists, and that is what
# the public headers declare. To change the list: scripts/symbols.sh build/libmica.so >tests/package/symbols.txt
sources=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

same() { # WHAT FILE
    diff -u "$sources/tests/package/symbols.txt" "$2" >"$tmp/diff" && return
    echo "FAIL: $1 differs from tests/package/symbols.txt"
    cat "$tmp/diff"
    failed=1
}
sh "$sources/scripts/symbols.sh" "$1" >"$tmp/shared"
same "what the shared library exports" "$tmp/shared"
sh "$sources/scripts/symbols.sh" "$2" >"$tmp/static"
same "what the static library exports" "$tmp/static"
# Not those of the second library, mica_devtools.
cat $(ls "$sources"/include/mica/*.h | grep -v inspect.h) | sed -n '/^MICA_API/s/.*[ *]\(mica_[a-z0-9_]*\)(.*/\1/p' |
    LC_ALL=C sort >"$tmp/declared"
same "what the headers declare" "$tmp/declared"
exit $failed
