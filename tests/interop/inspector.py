#!/usr/bin/env python3
"""Profiles that mica writes, in the real Inspector of ExecuTorch.

    tests/interop/inspector.py MICA FIXTURES
    tests/interop/inspector.py --table DUMP RECORD      prints the Inspector's table, metadata and all

Runs every case of FIXTURES that has a model and an ETRecord, loads the profile in the Inspector with and without the
record, prints its table, and compares its save_data_to_tsv with that of `mica inspect --tsv`. Needs ExecuTorch's Python package.
"""
import glob
import io
import logging
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
try:
    from executorch.devtools import Inspector
except ImportError:
    print("ExecuTorch is not installed: nothing was compared")
    sys.exit(0)


def inspect(mica, dump, record, metadata):
    command = [mica, "inspect", dump, "--tsv", "-", "--quiet"]
    command += ["--etrecord", record] if record else []
    command += [] if metadata else ["--no-include-delegate-debug-data"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def real(dump, record, metadata):
    inspector, out = Inspector(etdump_path=dump, etrecord=record), io.StringIO()
    inspector.print_data_tabular(io.StringIO(), include_delegate_debug_data=True, include_units=False)
    inspector.save_data_to_tsv(out, include_delegate_debug_data=metadata)
    return out.getvalue()


def main(mica, fixtures):
    failed = checked = 0
    with tempfile.TemporaryDirectory() as folder:
        dump = os.path.join(folder, "run.etdump")
        for record in sorted(glob.glob(os.path.join(fixtures, "*", "*", "model.etrecord"))):
            case = os.path.dirname(record)
            if "methods_" in case:  # the Inspector cannot open records of several methods
                continue
            run = [mica, "run", os.path.join(case, "model.pte"), "--etdump-path", dump, "--num-executions", "3", "--quiet"]
            if subprocess.run(run, capture_output=True).returncode != 0:
                print(f"not run: {case}")
                continue
            for chosen in (None, record):
                for metadata in (False, True):
                    checked += 1
                    ours, theirs = inspect(mica, dump, chosen, metadata), real(dump, chosen, metadata)
                    if ours != theirs:
                        failed += 1
                        print(f"differs: {case}\n{ours}\n{theirs}")
    print(f"{checked} tables compared, {failed} differ")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    if sys.argv[1] == "--table":
        print(real(sys.argv[2], sys.argv[3], True), end="")
    else:
        sys.exit(main(*sys.argv[1:]))
