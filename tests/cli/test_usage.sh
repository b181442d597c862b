# SPDX-License-Identifier: Apache-2.0
# Help, versions, and how a wrong command line ends.
. "$(dirname "$0")/harness.sh"

expect 0 '^Usage: mica COMMAND' --help
expect 0 '^Usage: mica COMMAND' help
expect 0 '^mica [0-9]*\.[0-9]*\.[0-9]*$' --version
commands=$("$mica" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
check 'seven commands or more' sh -c "[ $(echo "$commands" | wc -w) -ge 7 ]"
for command in $commands; do
    check "$command has its part of the manual" grep -q -i "^.SH MICA $command" "$2/docs/mica.1"
    expect 0 "^Usage: mica $command " "$command" --help
    expect 0 '--format table|tsv|csv|json' "$command" -h
    expect 2 "$command: unknown option '--nonsense'" "$command" --nonsense=3
    # Whatever --help lists stands in the manual, too.
    for option in $("$mica" "$command" --help | sed -n 's/^  --\(\[no-\]\)\{0,1\}\([a-z0-9-]*\).*/\2/p'); do
        check "--$option of $command is in docs/mica.1" grep -q -e "\\\\-\\\\-$(echo "$option" | sed 's/-/\\\\-/g')" "$2/docs/mica.1"
    done
done
"$mica" bench --help | awk 'length > 100 && !/^  --/ { exit 1 }' || wrong "bench --help (wider than 100)"

expect 2 'which command'
expect 2 "'nonsense'" nonsense
expect 2 'unknown option' --nonsense
expect 2 'which model' run
expect 2 'which model' explain
expect 2 'which model' info
expect 2 'what?' bench
expect 2 'which profile' inspect
expect 2 'which profiles' diff a.etdump
expect 2 'one model at a time' run a.pte b.pte
expect 2 'num-executions' run a.pte --num-executions 0
expect 2 'num-executions' run a.pte --num-executions
expect 2 'num-executions' run a.pte -num_executions=x
expect 2 'table, tsv, csv, json' info a.pte --format xml
expect 2 'cpu-threads' run a.pte --cpu-threads 0
expect 2 "'nonsense'" run a.pte --isa nonsense
expect 2 "'nonsense'" explain a.pte --isa nonsense
expect 2 'exclude' bench a.pte --op linear --shape 1x2x3
expect 2 '3 sizes' bench --op linear --shape 1x2
expect 2 'no variant' bench --op matmul --variant pqs8_qc8w_gemm --shape 1x2x3x4
expect 2 'multiple of 32' bench --op linear --variant qp8_f32_qb4w_gemm --group-size 33 --shape 1x66x2
expect 1 'No such file' run "$tmp/none.pte"
expect 1 'No such file' info "$tmp/none.pte"
expect 1 'No such file' explain "$tmp/none.pte" --isa sme2
expect 1 'No such file' bench "$tmp/none.pte"
expect 1 'No such file' run --cases "$tmp/none.tsv"
printf 'neither\ta\tcase\n' >"$tmp/bad.tsv"
expect 1 'line 1' run --cases "$tmp/bad.tsv"

# Results that cannot be written are a failure.
if [ -w /dev/full ]; then
    "$mica" cpu >/dev/full 2>"$tmp/err" && wrong 'cpu >/dev/full'
fi
finish
