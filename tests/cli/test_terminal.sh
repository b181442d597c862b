# SPDX-License-Identifier: Apache-2.0
# What a terminal gets and a pipe does not: colour, width, the locale's characters.
. "$(dirname "$0")/harness.sh"
grouped=$cases/conv2d/f32_k3_groups2/model.pte
escape=$(printf '\033')

# on_terminal WORD…: what mica prints on a terminal of 100 columns.
on_terminal() { script -qec "stty cols 100; '$mica' $*" /dev/null </dev/null; }
plain() { ! LC_ALL=C grep -q "[^ -~$(printf '\t')]" "$1"; }


"$mica" explain "$grouped" >"$tmp/pipe"
check 'no escape sequence in a pipe' sh -c "! grep -q '$escape' '$tmp/pipe'"
LC_ALL=C "$mica" explain "$grouped" >"$tmp/ascii"
check 'nothing but ASCII in the C locale' plain "$tmp/ascii"
check 'what is no ASCII is spelled out' grep -q '3x3 \[' "$tmp/ascii"
LC_ALL=C.UTF-8 "$mica" explain "$grouped" >"$tmp/utf8"
check 'UTF-8 where the locale has it' grep -q '3×3 \[' "$tmp/utf8"
LC_ALL=C "$mica" explain "$grouped" --format json >"$tmp/json"
check 'JSON is UTF-8 everywhere' grep -q '3×3' "$tmp/json"

if command -v script >/dev/null; then
    TERM=xterm on_terminal explain "$grouped" >"$tmp/colour"
    check 'colour on a terminal' grep -q "$escape\[33m" "$tmp/colour"
    TERM=xterm NO_COLOR=1 on_terminal explain "$grouped" >"$tmp/colourless"
    check 'none with NO_COLOR' sh -c "! grep -q '$escape\[3' '$tmp/colourless'"
    TERM=dumb on_terminal explain "$grouped" >"$tmp/dumb"
    check 'none on a dumb terminal' sh -c "! grep -q '$escape\[3' '$tmp/dumb'"
    LC_ALL=C TERM=dumb on_terminal explain "$grouped" | sed 's/\r$//' | grep -v '^        not ' >"$tmp/narrow"
    check 'a table fits' awk 'length > 100 { exit 1 }' "$tmp/narrow"
    TERM=xterm on_terminal bench "$grouped" --num-executions 5 --format json >"$tmp/machine"
    check 'machine formats have no colour' sh -c "! grep -q '$escape\[3' '$tmp/machine'"
fi

# A name in a file cannot move the cursor.
printf 'x\033[2Jy\t.\tforward\t0\t-\t-\t0\t0\n' >"$tmp/evil.tsv"
"$mica" run --cases "$tmp/evil.tsv" >"$tmp/out" 2>"$tmp/err"
check 'control characters are not printed' sh -c "! cat '$tmp/out' '$tmp/err' | grep -q '$escape'"
"$mica" info "$(printf '%s/\033[2J.pte' "$tmp")" 2>"$tmp/err"
check 'nor in an error' sh -c "! grep -q '$escape' '$tmp/err'"
finish
