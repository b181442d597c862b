# SPDX-License-Identifier: Apache-2.0
"""The second bar: torch (oneDNN, MKL, FBGEMM behind it) and onnxruntime on the same work, where they are installed.

They do not read .pte files, so they get the same operator and shape with weights of their own. What a call of theirs
costs from Python, measured with one element, is taken off.
"""
import itertools
import time
import warnings

import numpy


class Peer:
    """Another implementation of one case; the interface of runners.Side."""

    def __init__(self, label, call, overhead):
        self.label, self.call, self.overhead = label, call, overhead

    def turn(self, count):
        call = self.call
        start = time.perf_counter_ns()
        for _ in itertools.repeat(None, count):
            call()
        return max(1, time.perf_counter_ns() - start - self.overhead * count)

    def close(self):
        self.call = None


def call_cost(call):
    samples = []
    for _ in range(21):
        start = time.perf_counter_ns()
        for _ in itertools.repeat(None, 200):
            call()
        samples.append((time.perf_counter_ns() - start) / 200)
    return sorted(samples)[10]


class Torch:
    def __init__(self, threads):
        import torch
        self.torch = torch
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        warnings.filterwarnings("ignore", module="peers")
        one = torch.ones(1)
        self.overhead = call_cost(lambda: torch.relu(one))

    def sides(self, case):
        make = getattr(self, case.kind, None)
        for label, call in (make(case.types, *case.dims) if make else []):
            yield Peer(label, call, self.overhead)

    def quantized(self, make):
        """One callable per quantized engine of torch."""
        backends = self.torch.backends.quantized
        for engine in ("onednn", "fbgemm"):
            if engine in backends.supported_engines:
                backends.engine = engine
                yield f"torch {engine}", make()

    def int8_weights(self, shape):
        torch = self.torch
        scales = torch.full((shape[0],), 0.01)
        zeros = torch.zeros(shape[0], dtype=torch.int64)
        return torch.quantize_per_channel(torch.randn(shape) * 0.3, scales, zeros, 0, torch.qint8)

    def linear(self, types, m, k, n):
        torch = self.torch
        x, bias = torch.randn(m, k), torch.randn(n)
        if types in ("f32", "f16"):
            kind = torch.float32 if types == "f32" else torch.float16
            a, w, b = x.to(kind), torch.randn(n, k).to(kind), bias.to(kind)
            yield "torch", lambda: torch.nn.functional.linear(a, w, b)
            if types == "f32" and torch.backends.mkl.is_available():
                w = torch.randn(n, k)
                packed = torch.ops.mkl._mkl_reorder_linear_weight(w, m)
                yield "MKL", lambda: torch.ops.mkl._mkl_linear(a, packed, w, b, m)
        elif types == "qc8w":
            def dynamic():
                packed = torch.ops.quantized.linear_prepack(self.int8_weights((n, k)), bias)
                return lambda: torch.ops.quantized.linear_dynamic(x, packed, True)
            yield from self.quantized(dynamic)
        elif types == "pqs8":
            def static():
                packed = torch.ops.quantized.linear_prepack(self.int8_weights((n, k)), bias)
                return lambda: torch.ops.quantized.linear(torch.quantize_per_tensor(x, 0.02, 128, torch.quint8), packed, 0.1,
                                                          128).dequantize()
            yield from self.quantized(static)

    def bmm(self, types, b, m, k, n):
        torch = self.torch
        kind = torch.float32 if types == "f32" else torch.float16
        a, w = torch.randn(b, m, k).to(kind), torch.randn(b, k, n).to(kind)
        yield "torch", lambda: torch.bmm(a, w)

    def conv(self, types, cin, cout, size, kernel, stride, padding, groups):
        torch = self.torch
        x, bias = torch.randn(1, cin, size, size), torch.randn(cout)
        shape = (cout, cin // groups, kernel, kernel)
        if types == "f32":
            w = torch.randn(shape)
            yield "torch", lambda: torch.nn.functional.conv2d(x, w, bias, stride, padding, 1, groups)
        else:
            def static():
                packed = torch.ops.quantized.conv2d_prepack(self.int8_weights(shape), bias, [stride] * 2, [padding] * 2, [1, 1], groups)
                return lambda: torch.ops.quantized.conv2d(torch.quantize_per_tensor(x, 0.02, 128, torch.quint8), packed, 0.1,
                                                          128).dequantize()
            yield from self.quantized(static)


class OnnxRuntime:
    def __init__(self, threads):
        import onnx
        import onnxruntime
        self.onnx, self.ort = onnx, onnxruntime
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads, self.options.inter_op_num_threads = threads, 1
        self.options.log_severity_level = 3
        self.options.add_session_config_entry("session.force_spinning_stop", "1")
        self.overhead = call_cost(self.call([("Relu", ["x"], {})], {"x": numpy.ones(1, numpy.float32)}, {}))

    def sides(self, case):
        make = getattr(self, case.kind, None)
        call = make(case.types, *case.dims) if make else None
        if call:
            yield Peer("onnxruntime", call, self.overhead)

    def call(self, nodes, inputs, constants):
        """Runs a chain of nodes (operator, its inputs where "" is the result before, attributes), bound to its inputs."""
        helper, arrays = self.onnx.helper, self.onnx.numpy_helper
        graph, last = [], None
        for i, (operator, names, attributes) in enumerate(nodes):
            attributes = dict(attributes)
            domain = attributes.pop("domain", "")
            out = "y" if i + 1 == len(nodes) else f"t{i}"
            graph.append(helper.make_node(operator, [name or last for name in names], [out], domain=domain, **attributes))
            last = out
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()]
        kind = helper.np_dtype_to_tensor_dtype(next(iter(inputs.values())).dtype)
        model = helper.make_model(
            helper.make_graph(graph, "g", infos, [helper.make_tensor_value_info("y", kind, None)],
                              [arrays.from_array(a, n) for n, a in constants.items()]),
            opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)], ir_version=8)
        session = self.ort.InferenceSession(model.SerializeToString(), self.options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        binding.bind_output("y")
        return lambda: session.run_with_iobinding(binding)

    @staticmethod
    def random(*shape):
        return numpy.random.default_rng(0).standard_normal(shape, numpy.float32)

    def quantization(self, weights, axis):
        channels = weights.shape[axis]
        return {"w": (weights * 30).astype(numpy.int8), "ws": numpy.full(channels, 0.01, numpy.float32),
                "wz": numpy.zeros(channels, numpy.int8), "xs": numpy.float32(0.02), "xz": numpy.uint8(128),
                "ys": numpy.float32(0.1), "yz": numpy.uint8(128)}

    def linear(self, types, m, k, n):
        x, bias = self.random(m, k), self.random(n)
        if types == "f32":
            return self.call([("Gemm", ["x", "w", "b"], {})], {"x": x}, {"w": self.random(k, n), "b": bias})
        if types == "qc8w":
            constants = {"w": (self.random(k, n) * 30).astype(numpy.int8), "ws": numpy.full(n, 0.01, numpy.float32),
                         "wz": numpy.zeros(n, numpy.int8), "b": bias}
            return self.call([("DynamicQuantizeMatMul", ["x", "w", "ws", "wz", "b"], {"domain": "com.microsoft"})], {"x": x}, constants)
        if types == "pqs8":
            return self.call([("QuantizeLinear", ["x", "xs", "xz"], {}),
                              ("QLinearMatMul", ["", "xs", "xz", "w", "ws", "wz", "ys", "yz"], {}),
                              ("DequantizeLinear", ["", "ys", "yz"], {})], {"x": x}, self.quantization(self.random(k, n), 1))
        if types == "qb4w" and k % 32 == 0:
            constants = {"w": numpy.zeros((n, k // 32, 16), numpy.uint8) + 0x5a, "s": numpy.full(n * (k // 32), 0.01, numpy.float32)}
            return self.call([("MatMulNBits", ["x", "w", "s"], {"domain": "com.microsoft", "K": k, "N": n, "bits": 4, "block_size": 32,
                                                                "accuracy_level": 4})], {"x": x}, constants)
        return None

    def bmm(self, types, b, m, k, n):
        if types != "f32":
            return None
        return self.call([("MatMul", ["x", "z"], {})], {"x": self.random(b, m, k), "z": self.random(b, k, n)}, {})

    def conv(self, types, cin, cout, size, kernel, stride, padding, groups):
        x, weights = self.random(1, cin, size, size), self.random(cout, cin // groups, kernel, kernel)
        attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4, "group": groups}
        if types == "f32":
            return self.call([("Conv", ["x", "w", "b"], attributes)], {"x": x}, {"w": weights, "b": self.random(cout)})
        constants = self.quantization(weights, 0)
        constants["b"] = numpy.zeros(cout, numpy.int32)
        return self.call([("QuantizeLinear", ["x", "xs", "xz"], {}),
                          ("QLinearConv", ["", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], attributes),
                          ("DequantizeLinear", ["", "ys", "yz"], {})], {"x": x}, constants)


def available(threads):
    found = []
    for peer in (Torch, OnnxRuntime):
        try:
            found.append(peer(threads))
        except ImportError:
            pass
    return found
