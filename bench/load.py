# SPDX-License-Identifier: Apache-2.0
"""Load and first inference, and the memory that a model adds, in fresh processes.

Each measurement is a child that was forked before either runtime had started a thread: the libraries are there, nothing
else is. The file is in the page cache. Both map it; what they are asked for lies ready, so that Python adds next to nothing.
"""
import ctypes as c
import json
import os
import time

import numpy

import cases as suite
import compare
import runners

REPEATS = 5


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def in_child(work):
    """What `work()` returns in a process of its own."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = work()
        except Exception as error:  # of whatever kind: the parent reports it
            answer = {"why": str(error).split("\n")[0][:200]}
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"why": "the process died"}


def timed(run):
    """Milliseconds and bytes that `run()` takes."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts here
    before = resident()
    start = time.perf_counter_ns()
    kept = run()
    elapsed = time.perf_counter_ns() - start
    answer = {"ms": elapsed / 1e6, "added": resident() - before, "peak": peak() - before}
    del kept
    return answer


def with_mica(mica, path, threads, inputs):
    library, options, values = mica.library, mica.options(threads), [runners.tensor_value(array) for array in inputs]
    context, program, method = c.c_void_p(), c.c_void_p(), c.c_void_p()

    def run():
        if (library.mica_context_create(c.byref(options), c.byref(context)) or
                library.mica_program_open(context, path.encode(), None, c.byref(program)) or
                library.mica_method_load(context, program, None, c.byref(method)) or
                any(library.mica_method_set_input(method, c.c_size_t(i), c.byref(value)) for i, value in enumerate(values)) or
                library.mica_method_run(method)):
            raise RuntimeError("Mica cannot run it")
    return timed(run)


def with_executorch(options, timer, path, threads, inputs):
    executorch = runners.ExecuTorch(options.build, timer, threads)

    def run():
        side = executorch.load(path)
        side.set_inputs(inputs)
        if executorch.library.peer_run(side.handle):
            raise RuntimeError("ExecuTorch cannot run it")
        return side
    return timed(run)


def measure(options, emit):
    timer = runners.load_timer(options.build)
    mica = runners.Mica(options.build, timer)
    executorch = runners.ExecuTorch.available()
    if executorch:
        runners.ExecuTorch.link(options.build)  # before the children are forked
    worker = compare.Models(options)
    for case in compare.wanted(suite.loads() + suite.models(options.models), options):
        path = worker.path(case)

        def infos():
            side = mica.load(mica.context(1), path)
            return [(numpy.dtype(kind).str, shape) for kind, shape in side.input_infos()]
        found = in_child(infos)
        if isinstance(found, dict):
            emit({"kind": "failure", "name": case.name, "threads": 0, "why": found["why"]})
            continue
        inputs = compare.sample_inputs(case, [(numpy.dtype(kind), tuple(shape)) for kind, shape in found])
        for threads in map(int, options.threads.split(",")):
            sides = {"Mica": lambda: with_mica(mica, path, threads, inputs)}
            if executorch:
                sides["ExecuTorch"] = lambda: with_executorch(options, timer, path, threads, inputs)
            taken = {label: [] for label in sides}
            for i in range(REPEATS):
                for label in list(sides)[::1 if i % 2 == 0 else -1]:
                    taken[label].append(in_child(sides[label]))
            failed = next((answer["why"] for answers in taken.values() for answer in answers if "why" in answer), None)
            if failed:
                emit({"kind": "failure", "name": case.name, "threads": threads, "why": failed})
                continue
            emit({"kind": "load", "name": case.name, "threads": threads, "file": os.path.getsize(path),
                  **{key: {label: compare.median([answer[key] for answer in answers]) for label, answers in taken.items()}
                     for key in ("ms", "added", "peak")}})
