# SPDX-License-Identifier: Apache-2.0
# mica inspect and mica diff on profiles of the real runtime and on our own.
. "$(dirname "$0")/harness.sh"
linear=$cases/linear/pf32_3x37x19
mixed=$cases/graph/mixed_two_delegates

# A profile of the real runtime: the Inspector's table.
for folder in "$linear" "$mixed"; do
    "$mica" inspect "$folder/runtime.etdump" --etrecord "$folder/model.etrecord" --tsv "$tmp/table.tsv" --quiet
    check "the Inspector's table of $folder" cmp "$tmp/table.tsv" "$folder/inspector.tsv"
    "$mica" inspect "$folder/runtime.etdump" --etrecord "$folder/model.etrecord" --format tsv --quiet >"$tmp/printed.tsv"
    check "the same table printed" cmp "$tmp/printed.tsv" "$folder/inspector.tsv"
done
expect 0 '^block *event *p10 (us) ' inspect "$mixed/runtime.etdump" --target-time-scale us
expect 0 'event_name	p10	p50' inspect "$mixed/runtime.etdump" --tsv - --no-include-units
expect 0 'aten.cumsum.default' inspect "$mixed/runtime.etdump" --etrecord="$mixed/model.etrecord"
expect 0 'Sigmoid (NC)' inspect "$mixed/runtime.etdump" --group-by name
expect 0 '^event_name$' inspect "$mixed/runtime.etdump" --format tsv --columns event_name --include NOTHING_LIKE_IT
expect 0 'OPERATOR_CALL' inspect "$mixed/runtime.etdump" --calls --sort p50
expect 0 '"notes":\[{"warning":true' inspect "$mixed/runtime.etdump" --format json
expect 2 'cycles' inspect "$mixed/runtime.etdump" --target-time-scale cycles
expect 2 'sorted by' inspect "$mixed/runtime.etdump" --sort colour
expect 2 'regular expression' inspect "$mixed/runtime.etdump" --include '('
expect 1 'No such file' inspect "$tmp/none.etdump"
expect 1 'No such file' inspect "$mixed/runtime.etdump" --etrecord "$tmp/none.etrecord"
expect 1 'identifier' inspect "$linear/model.pte"
expect 1 'cannot be\|No such' inspect "$mixed/runtime.etdump" --html "$tmp/none/page.html" --quiet

# Profiles that we write: what ran, and everything at once into files.
expect 0 '' run "$linear/model.pte" --num-executions 20 --etdump-path "$tmp/own.etdump"
expect 0 'pf32_gem' inspect "$tmp/own.etdump" --etrecord "$linear/model.etrecord"
expect 0 'aten.linear.default' inspect "$tmp/own.etdump" --etrecord "$linear/model.etrecord" --columns event_name,operators
expect 0 'pf32_gem' inspect "$tmp/own.etdump" --group-by kernel
check 'all formats at once' "$mica" inspect "$tmp/own.etdump" --csv "$tmp/a.csv" --json "$tmp/a.json" --trace "$tmp/a.trace" --html "$tmp/a.html"
check 'a CSV' grep -q '^Execute,.*,pf32_gem' "$tmp/a.csv"
check 'a trace' grep -q '"traceEvents":\[' "$tmp/a.trace"
check 'a page' grep -q '^<!doctype html>' "$tmp/a.html"
check 'a kernel in JSON' grep -q '"kernel":"pf32_gem' "$tmp/a.json"
expect 0 '' run -model_path "$linear/model.pte" -num_executions 20 -etdump_path "$tmp/same.etdump"
expect 1 'none' run "$linear/model.pte" --etdump-path "$tmp/none/a.etdump"

# A profile does not differ from itself; another runtime's does.
expect 0 'Method::execute .* 1.000 ' diff "$tmp/own.etdump" "$tmp/own.etdump" --fail-if-slower 0
expect 0 'Fully Connected' diff "$linear/runtime.etdump" "$tmp/own.etdump"
expect 0 '"kernel_changed": ' diff "$linear/runtime.etdump" "$tmp/own.etdump" --format json
expect 0 'vanished' diff "$mixed/runtime.etdump" "$tmp/own.etdump"
expect 2 'no number' diff "$tmp/own.etdump" "$tmp/own.etdump" --fail-if-slower much
expect 1 'times as long' diff "$cases/linear/pf32_3x37x19/runtime.etdump" "$cases/bmm/pf32_1x256x256x256/runtime.etdump" --fail-if-slower 10 --quiet
finish
