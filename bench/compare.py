#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mica beside ExecuTorch on the same .pte files, and beside torch and onnxruntime on the same work.

All sides of a row live in one process and take turns, in an order that is reversed every other round; what is printed
are medians over the turns, and the quartiles of the ratio within a round. Each number of threads has a process of its own, one thread
pinned to the last core. What is not installed is left out; numpy is needed.

    compare.py [--match 'linear f32*'] [--threads 1,2] [--json FILE] [--write docs]
"""
import argparse
import fnmatch
import gc
import json
import os
import subprocess
import sys
import time

import numpy

import cases as suite
import report
import runners

# With more than one thread a turn begins after so many seconds, when nobody else's threads spin, and so many nanoseconds
# of runs, which wake its own.
REST, SETTLE = 0.007, 5e6


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(os.path.dirname(runners.HERE), "build"), help="where libmica.so and mica are")
    parser.add_argument("--match", action="append", default=[], metavar="GLOB", help="only rows whose name or class matches")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--parts", default="rows,growth,load,self", help="what is measured")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each side")
    parser.add_argument("--turn", type=float, default=1.0, metavar="MS", help="milliseconds of a turn, at least one run")
    parser.add_argument("--best", action="store_true", help="the fastest turn instead of the median: for a machine that is not quiet")
    parser.add_argument("--no-peers", action="store_true", help="ExecuTorch only")
    parser.add_argument("--isa", help="cap on Mica's instruction set")
    parser.add_argument("--models", default=os.environ.get("MICA_MODELS", ""), metavar="DIR", help="whole models, *.pte")
    parser.add_argument("--fixtures", default=os.environ.get("MICA_FIXTURES") or
                        os.path.join(os.path.dirname(runners.HERE), "tests", "data", "cases"), metavar="DIR", help="recorded cases")
    parser.add_argument("--json", metavar="FILE", help="writes everything that was measured")
    parser.add_argument("--from-json", metavar="FILE", help="measures nothing, shows that")
    parser.add_argument("--write", metavar="DOCS", help="fills the tables of DOCS/performance.md and draws its plots")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


# ---- one process: one number of threads ----

def median(values):
    return float(numpy.median(values))


class Cores:
    """As many cores as there are threads. While turns are taken the caller has the machine's last one, however many there are,
    and the threads that a side has started the others: no side's speed depends on where the system puts its threads."""

    def __init__(self, threads):
        self.cores = sorted(os.sched_getaffinity(0), reverse=True)[:threads]
        self.known = self.tasks()
        os.sched_setaffinity(0, self.cores)

    @staticmethod
    def tasks():
        return set(map(int, os.listdir("/proc/self/task")))

    def place(self):
        """Threads that are new since the last call."""
        others = self.cores[1:] or self.cores
        for i, task in enumerate(sorted(self.tasks() - self.known)):
            os.sched_setaffinity(task, {others[i % len(others)]})
            self.known.add(task)

    def __enter__(self):
        os.sched_setaffinity(0, self.cores[:1])

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.cores)


def take_turns(sides, rounds, turn_ns, rest, cores):
    """Nanoseconds per run: a list of turns for every side."""
    for side in sides:
        side.turn(1)
        cores.place()
    with cores:
        counts = []
        for side in sides:
            first = side.turn(2) / 2
            count = max(1, int(turn_ns / max(first, 1)))
            if count > 1:
                count = max(1, int(turn_ns / max(side.turn(count) / count, 1)))
            counts.append(count)
            if first > 1e8:
                rounds = min(rounds, 4)
        samples = [[] for _ in sides]
        for i in range(rounds):
            order = range(len(sides))
            for at in order if i % 2 == 0 else reversed(order):
                if rest:
                    time.sleep(rest)
                    sides[at].turn(1 + int(counts[at] * SETTLE / turn_ns))
                samples[at].append(sides[at].turn(counts[at]) / counts[at])
        return samples


def sample_inputs(case, infos):
    if case.inputs:
        kinds = {"f32": "f4", "f16": "f2", "f64": "f8", "i64": "i8", "i32": "i4", "i8": "i1", "u8": "u1", "bool": "?"}
        return [numpy.fromfile(file, kinds[kind]).reshape([int(size) for size in shape.split("x")] if shape else [])
                for file, kind, shape in case.inputs]
    files = [f"{case.path[:-4]}.input_{i}.bin" for i in range(len(infos))] if case.path else []
    if files and all(map(os.path.exists, files)):
        recorded = [numpy.fromfile(file, kind) for file, (kind, _) in zip(files, infos)]
        if all(array.size == numpy.prod(shape) for array, (_, shape) in zip(recorded, infos)):
            return [array.reshape(shape) for array, (_, shape) in zip(recorded, infos)]
    random = numpy.random.default_rng(1)
    return [random.standard_normal(shape).astype(kind) if numpy.issubdtype(kind, numpy.floating) else
            random.integers(0, 2, shape).astype(kind) for kind, shape in infos]


def difference(mica, peer):
    """The largest difference of outputs over the largest output."""
    ours, theirs = mica.output(), peer.output()
    if ours is None or theirs is None or not ours.size:
        return None
    theirs = numpy.frombuffer(theirs, ours.dtype).astype(numpy.float64)
    return float(numpy.max(numpy.abs(ours.astype(numpy.float64) - theirs)) / max(1e-30, numpy.max(numpy.abs(theirs))))


class Models:
    """The file of each case, made at its first use."""

    def __init__(self, options):
        self.make = [os.path.join(options.build, "mica"), "make"]
        self.folder = os.path.join(options.build, "bench-models")
        os.makedirs(self.folder, exist_ok=True)

    def path(self, case):
        if case.path:
            return case.path
        path = os.path.join(self.folder, case.name.replace(" ", "_") + ".pte")
        if not os.path.exists(path):
            subprocess.run([*self.make, *map(str, case.make), "-o", path, "--quiet"], check=True)
        return path


class Worker:
    def __init__(self, options, threads):
        self.options, self.threads = options, threads
        self.cores = Cores(threads)
        timer = runners.load_timer(options.build)
        self.mica = runners.Mica(options.build, timer)
        self.context = self.mica.context(threads, options.isa)
        self.cores.place()
        self.executorch = runners.ExecuTorch(options.build, timer, threads) if runners.ExecuTorch.available() else None
        self.cores.place()
        self.peers = []
        if not options.no_peers:
            import peers
            self.peers = peers.available(threads)
        self.models = Models(options)

    def limit(self, case, limits, inputs, mica):
        """Microseconds that the arithmetic and the memory of this machine allow at best."""
        if not case.macs:
            return None
        left = case.weights + sum(array.nbytes for array in inputs) + mica.output().nbytes
        memory = 0
        for level in ("L1", "L2", "L3", "DRAM"):  # what one cannot hold comes from the next
            here = min(left, self.mica.cpu.get(level.lower(), left))
            memory += here / limits[level]
            left -= here
        return max(2 * case.macs / limits[suite.ARITHMETIC[case.types]], memory) * 1e6

    def row(self, case, limits):
        path = self.models.path(case)
        mica = self.mica.load(self.context, path)
        sides = [mica]
        inputs = mica.laid_out(sample_inputs(case, mica.input_infos()))
        try:
            if self.executorch:
                sides.append(self.executorch.load(path))
            for side in sides:
                side.set_inputs(inputs)
            rest = REST if self.threads > 1 else 0
            rounds = self.options.rounds // 2 if rest else self.options.rounds
            ours = take_turns(sides, rounds, self.options.turn * 1e6, rest, self.cores) if rest else []
            for peer in self.peers:
                sides += list(peer.sides(case)) if case.kind else []
            others = sides[len(ours):]  # with several threads after the two: theirs spin for longer than any pause
            samples = ours + take_turns(others, rounds, self.options.turn * 1e6, rest, self.cores)
            middle = min if self.options.best else median
            row = {"name": case.name, "class": case.group, "threads": self.threads, "limit_us": self.limit(case, limits, inputs, mica),
                   "us": {side.label: middle(taken) / 1e3 for side, taken in zip(sides, samples)}}
            if self.executorch:
                ratios = numpy.array(samples[1]) / numpy.array(samples[0])
                row["ratio"] = middle(samples[1]) / middle(samples[0])
                row["quartiles"] = [float(q) for q in numpy.percentile(ratios, [25, 75])]
                row["difference"] = difference(mica, sides[1])
            return row
        finally:
            for side in sides:
                side.close()

    def itself(self, case):
        """Mica's portable and scalar kernels beside the accelerated ones."""
        path = self.models.path(case)
        contexts = [self.mica.context(self.threads, self.options.isa, kernels) for kernels in (0, 1, 2)]
        sides = [self.mica.load(context, path) for context in contexts]
        for side in sides:
            side.set_inputs(sample_inputs(case, side.input_infos()))
        samples = take_turns(sides, 4, 1e6, 0, self.cores)
        for side in sides:
            side.close()
        for context in contexts:
            self.mica.library.mica_context_destroy(context)
        return {"name": case.name, "class": case.group, "us": [median(taken) / 1e3 for taken in samples]}

    def run(self):
        options = self.options
        parts = options.parts.split(",")
        gc.disable()
        limits = self.mica.limits(self.context)
        emit({"kind": "machine", "threads": self.threads, "cpu": self.mica.cpu, "limits": limits})
        if "rows" in parts:
            for case in wanted(suite.synthetic() + suite.fixtures(options.fixtures) + suite.models(options.models), options):
                self.attempt("row", case, lambda case: self.row(case, limits))
        if "growth" in parts and self.threads == 1:
            peers, self.peers = self.peers, []
            for title, axis, values, make in suite.growth():
                for value in values:
                    case = make(value)
                    if wanted([case], options):
                        self.attempt("growth", case, lambda case: {**self.row(case, limits), "series": title, "axis": axis, "value": value})
            self.peers = peers
        if "self" in parts and self.threads == 1:
            for case in wanted([case for case in suite.synthetic() if 0 < case.macs <= 4e7], options):
                self.attempt("self", case, self.itself)

    def attempt(self, kind, case, measure):
        try:
            emit({"kind": kind, **measure(case)})
        except (RuntimeError, ValueError, KeyError, OSError, subprocess.CalledProcessError) as error:
            emit({"kind": "failure", "name": case.name, "threads": self.threads, "why": str(error).split("\n")[0][:200]})


def emit(record):
    print(json.dumps(record), flush=True)


def wanted(cases, options):
    return [case for case in cases if not options.match or
            any(fnmatch.fnmatchcase(case.name, glob) or fnmatch.fnmatchcase(case.group, glob) for glob in options.match)]


# ---- all of them ----

def collect(options):
    """Records of the workers, as they come."""
    parts = set(options.parts.split(","))
    jobs = options.threads.split(",") if parts & {"rows", "growth", "self"} else []
    if "load" in parts:
        jobs.append("load")
    for job in jobs:
        command = [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--worker", job]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.startswith("{"):
                    record = json.loads(line)
                    print(report.line(record), file=sys.stderr, flush=True)
                    yield record
        if process.returncode:
            sys.exit(f"compare.py: the worker '{job}' ended with {process.returncode}")


def main():
    options = arguments()
    if options.worker == "load":
        import load
        load.measure(options, emit)
    elif options.worker:
        Worker(options, int(options.worker)).run()
    else:
        if options.from_json:
            with open(options.from_json) as file:
                records = json.load(file)
        else:
            records = list(collect(options))
        if options.json:
            with open(options.json, "w") as file:
                json.dump(records, file, indent=0)
        if options.write:
            report.write(records, options.write)
        else:
            print(report.text(records))


if __name__ == "__main__":
    main()
