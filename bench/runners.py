# SPDX-License-Identifier: Apache-2.0
"""The two runtimes that read .pte files, side by side in one process: load, set inputs, take turns.

Both are timed by the same C loop (turn.c). A run sets the inputs and executes.
"""
import ctypes as c
import importlib.util
import os
import shutil
import subprocess

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {0: numpy.uint8, 1: numpy.int8, 2: numpy.int16, 3: numpy.int32, 4: numpy.int64, 5: numpy.float16, 6: numpy.float32,
         7: numpy.float64, 11: numpy.bool_}
NUMBERS = {numpy.dtype(t): n for n, t in TYPES.items()}
MAX_RANK = 16
TENSOR = 1


class Tensor(c.Structure):
    _fields_ = [("type", c.c_int), ("rank", c.c_size_t), ("sizes", c.c_size_t * MAX_RANK), ("order", c.c_uint8 * MAX_RANK),
                ("data", c.c_void_p)]


class As(c.Union):
    _fields_ = [("tensor", Tensor), ("integer", c.c_int64), ("real", c.c_double), ("boolean", c.c_bool)]


class Value(c.Structure):
    _fields_ = [("kind", c.c_int), ("value", As)]


class ValueInfo(c.Structure):
    _fields_ = [("kind", c.c_int), ("type", c.c_int), ("rank", c.c_size_t), ("sizes", c.c_size_t * MAX_RANK),
                ("order", c.c_uint8 * MAX_RANK), ("dynamic", c.c_bool), ("constant", Value)]


class ContextOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("allocator", c.c_void_p), ("executor", c.c_void_p), ("threads", c.c_size_t),
                ("isa", c.c_char_p), ("kernels", c.c_int), ("memory_limit", c.c_size_t), ("no_fusion", c.c_bool)]


class CpuInfo(c.Structure):
    _fields_ = [("model", c.c_char * 64), ("architecture", c.c_char_p), ("isa", c.c_char_p), ("features", c.c_char * 256),
                ("cores", c.c_size_t), ("l1", c.c_size_t), ("l2", c.c_size_t), ("l3", c.c_size_t), ("vector_bits", c.c_size_t)]


class LimitInfo(c.Structure):
    _fields_ = [("name", c.c_char_p), ("threads", c.c_size_t), ("bytes", c.c_size_t), ("rate", c.c_double)]


class SideRun(c.Structure):
    _fields_ = [("set_input", c.c_void_p), ("run", c.c_void_p), ("method", c.c_void_p), ("count", c.c_size_t),
                ("inputs", c.c_void_p * MAX_RANK)]


def compile_shared(build, source, *options):
    """A shared library of one of the sources beside this file, made again when that is newer."""
    path = os.path.join(os.path.abspath(build), "bench_" + os.path.splitext(source)[0] + ".so")
    source = os.path.join(HERE, source)
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(source):
        compiler = os.environ.get("CXX", "c++") if source.endswith("pp") else os.environ.get("CC", "cc")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", *options, source, "-o", path], check=True)
    return path


def dim_order(array):
    """Dims as they lie in memory, outermost first."""
    return sorted(range(array.ndim), key=lambda i: -array.strides[i])


def tensor_value(array):
    """A value that borrows a numpy array."""
    value = Value(TENSOR)
    tensor = value.value.tensor
    tensor.type, tensor.rank, tensor.data = NUMBERS[array.dtype], array.ndim, array.ctypes.data
    for i, (size, dim) in enumerate(zip(array.shape, dim_order(array))):
        tensor.sizes[i], tensor.order[i] = size, dim
    return value


class Side:
    """One loaded model: `turn(n)` runs it n times and returns the nanoseconds that took."""

    def turn(self, count):
        status = c.c_int(0)
        elapsed = self.timer(self.run, self.argument, count, c.byref(status))
        if status.value:
            raise RuntimeError(f"{self.label}: status {status.value}")
        return elapsed


class Mica:
    def __init__(self, build, timer):
        self.library = lib = c.CDLL(os.path.join(build, "libmica.so"))
        for name in ("mica_context_error", "mica_status_text"):
            getattr(lib, name).restype = c.c_char_p
        self.timer = timer
        info = CpuInfo()
        lib.mica_cpu_query(c.byref(info))
        self.cpu = {"model": info.model.decode(), "architecture": info.architecture.decode(), "isa": info.isa.decode(),
                    "features": info.features.decode(), "cores": info.cores, "l1": info.l1, "l2": info.l2, "l3": info.l3}

    @staticmethod
    def options(threads, isa=None, kernels=0):
        return ContextOptions(c.sizeof(ContextOptions), None, None, threads, isa.encode() if isa else None, kernels, 0, False)

    def context(self, threads, isa=None, kernels=0):
        handle = c.c_void_p()
        options = self.options(threads, isa, kernels)
        status = self.library.mica_context_create(c.byref(options), c.byref(handle))
        if status:
            raise RuntimeError(self.library.mica_status_text(status).decode())
        return handle

    def limits(self, context):
        rates = {}
        for limit in range(7):
            info = LimitInfo()
            if self.library.mica_measure(context, limit, c.byref(info)) == 0:
                rates[info.name.decode()] = info.rate
        return rates

    def load(self, context, path):
        return MicaSide(self, context, path)


class MicaSide(Side):
    def __init__(self, mica, context, path):
        self.library, self.context, self.timer, self.label = mica.library, context, mica.timer, "Mica"
        self.run = self.timer.side_run
        self.program, self.handle = c.c_void_p(), c.c_void_p()
        self.check(self.library.mica_program_open(context, path.encode(), None, c.byref(self.program)))
        self.check(self.library.mica_method_load(context, self.program, None, c.byref(self.handle)))

    def check(self, status):
        if status:
            raise RuntimeError(self.library.mica_context_error(self.context).decode())

    def input_infos(self):
        """(type, shape) of every input, upper bounds where a size is dynamic."""
        return [(TYPES[info.type], tuple(info.sizes[:info.rank])) for info in self.value_infos()]

    def value_infos(self):
        infos = []
        index = self.library.mica_method_index(self.handle)
        for i in range(self.library.mica_program_input_count(self.program, c.c_size_t(index))):
            info = ValueInfo()
            self.check(self.library.mica_program_input_info(self.program, c.c_size_t(index), c.c_size_t(i), c.byref(info)))
            if info.kind != TENSOR:
                raise RuntimeError("an input is no tensor")
            infos.append(info)
        return infos

    def laid_out(self, arrays):
        """The same values, in memory as the model wants its inputs."""
        orders = [list(info.order[:info.rank]) for info in self.value_infos()]
        return [array if order == dim_order(array) else numpy.ascontiguousarray(array.transpose(order)).transpose(numpy.argsort(order))
                for array, order in zip(arrays, orders)]

    def set_inputs(self, arrays):
        self.inputs = arrays
        self.values = [tensor_value(array) for array in arrays]
        self.argument = SideRun(c.cast(self.library.mica_method_set_input, c.c_void_p), c.cast(self.library.mica_method_run, c.c_void_p),
                                self.handle, len(arrays))
        for i, value in enumerate(self.values):
            self.argument.inputs[i] = c.addressof(value)
            self.check(self.library.mica_method_set_input(self.handle, c.c_size_t(i), c.byref(value)))
        self.argument = c.pointer(self.argument)

    def output(self, index=0):
        """Of the last run, flat; None when it is no tensor."""
        value = Value()
        self.check(self.library.mica_method_output(self.handle, c.c_size_t(index), c.byref(value)))
        if value.kind != TENSOR:
            return None
        tensor = value.value.tensor
        count = int(numpy.prod(tensor.sizes[:tensor.rank], dtype=numpy.int64))
        kind = numpy.dtype(TYPES[tensor.type])
        return numpy.frombuffer(c.string_at(tensor.data, count * kind.itemsize), kind)

    def close(self):
        self.library.mica_method_destroy(self.handle)
        self.library.mica_program_close(self.program)


class ExecuTorch:
    """None of it is needed to build or test Mica: `available` says whether the Python package is there."""

    @staticmethod
    def available():
        return importlib.util.find_spec("executorch") is not None and shutil.which(os.environ.get("CXX", "c++")) is not None

    @staticmethod
    def module():
        """Its extension module, with the kernels that some models call."""
        from executorch.extension.pybindings import _portable_lib
        try:
            from executorch.extension.llm.custom_ops import custom_ops  # noqa: F401
        except (ImportError, OSError):
            pass
        return _portable_lib

    @classmethod
    def link(cls, build):
        """executorch.cpp, whose symbols are those of the extension module."""
        module = cls.module().__file__
        c.CDLL(module, mode=c.RTLD_GLOBAL)
        include = os.path.join(os.path.dirname(module), "..", "..", "include")
        return c.CDLL(compile_shared(build, "executorch.cpp", "-std=c++17", "-DC10_USING_CUSTOM_GENERATED_MACROS", f"-I{include}",
                                     f"-I{include}/executorch/runtime/core/portable_type/c10"))

    def __init__(self, build, timer, threads):
        self.library = self.link(build)
        self.module()._unsafe_reset_threadpool(threads)
        self.library.peer_load.restype = self.library.peer_output.restype = c.c_void_p
        self.timer = timer

    def load(self, path):
        return ExecuTorchSide(self, path)


class ExecuTorchSide(Side):
    def __init__(self, runtime, path):
        self.library, self.timer, self.label = runtime.library, runtime.timer, "ExecuTorch"
        self.run = c.cast(self.library.peer_run, c.c_void_p)
        self.handle = self.argument = c.c_void_p(self.library.peer_load(path.encode()))
        if not self.handle:
            raise RuntimeError("ExecuTorch cannot load it")

    def set_inputs(self, arrays):
        self.inputs = arrays
        for i, array in enumerate(arrays):
            sizes = (c.c_size_t * max(1, array.ndim))(*array.shape)
            order = (c.c_uint8 * max(1, array.ndim))(*dim_order(array))
            status = self.library.peer_set_input(self.handle, c.c_size_t(i), NUMBERS[array.dtype], c.c_size_t(array.ndim), sizes,
                                                 order, c.c_void_p(array.ctypes.data))
            if status:
                raise RuntimeError(f"ExecuTorch refuses input {i}: {status}")

    def output(self, index=0):
        size = c.c_size_t()
        data = self.library.peer_output(self.handle, c.c_size_t(index), c.byref(size))
        return c.string_at(data, size.value) if data else None

    def close(self):
        self.library.peer_free(self.handle)


def load_timer(build):
    library = c.CDLL(compile_shared(build, "turn.c"))
    timer = library.turn
    timer.restype = c.c_uint64
    timer.argtypes = [c.c_void_p, c.c_void_p, c.c_uint64, c.c_void_p]
    timer.side_run = c.cast(library.mica_side_run, c.c_void_p)
    return timer
