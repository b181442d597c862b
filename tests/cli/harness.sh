# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of the command line, which get the program and the source directory as arguments.
mica=$1
cases=$2/tests/data/cases
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failures=0

wrong() {
    echo "FAIL: mica $*"
    sed 's/^/  stdout: /' "$tmp/out" | head -n 20
    sed 's/^/  stderr: /' "$tmp/err" | head -n 20
    failures=$((failures + 1))
}

# expect STATUS PATTERN WORD…: runs mica with the words. Status 0: the pattern (a basic regular expression) is in what it
# prints; else it is in the one line of standard error, which begins with "mica: ".
expect() {
    status=$1 pattern=$2
    shift 2
    "$mica" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    if [ "$got" -ne "$status" ]; then
        wrong "$* (status $got, not $status)"
    elif [ "$status" -eq 0 ]; then
        grep -q -e "$pattern" "$tmp/out" || wrong "$* (no '$pattern')"
    elif [ "$(wc -l <"$tmp/err")" -ne 1 ] || ! grep -q -e "^mica: .*$pattern" "$tmp/err"; then
        wrong "$* (not one line with '$pattern')"
    fi
}

# check TEXT WORD…: the words are a command that must succeed.
check() {
    text=$1
    shift
    "$@" >"$tmp/check" 2>&1 || { echo "FAIL: $text"; head -n 20 "$tmp/check"; failures=$((failures + 1)); }
}

finish() {
    [ "$failures" -eq 0 ] && echo "all passed"
    exit $((failures > 0))
}
