#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes calls.txt: calls of portable kernels with the results that PyTorch (2.13, any CPU) gives.

A line is  kernel | arguments -> results.  Tensors are type[sizes]{elements in C order, complex ones as two}; (…) is a list of ints, d(…) of
doubles, <…> of tensors; "…" a string; ! stands before an argument that the kernel writes. A result of a size a/b has size a
and the bound b."""
import math
import pathlib

import torch

NAMES = {
    torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16", torch.float64: "f64", torch.int8: "i8",
    torch.uint8: "u8", torch.int16: "i16", torch.int32: "i32", torch.int64: "i64", torch.bool: "bool",
    torch.complex64: "c64", torch.complex128: "c128",
}
TYPES = {name: dtype for dtype, name in NAMES.items()}
lines = []


class Doubles(list):
    pass


class Written:
    """An argument that the kernel writes."""

    def __init__(self, tensor):
        self.tensor = tensor


class Bound:
    """A result in a tensor of larger bounds."""

    def __init__(self, tensor, bounds):
        self.tensor, self.bounds = tensor, bounds


def number(x):
    if isinstance(x, bool):
        return "1" if x else "0"
    if isinstance(x, int):
        return str(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return format(x, ".9g")


def text(x):
    if x is None:
        return "none"
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, int):
        return str(x)
    if isinstance(x, float):
        shown = format(x, ".17g")
        return shown if any(c in shown for c in ".einf") else shown + ".0"
    if isinstance(x, str):
        return f'"{x}"'
    if isinstance(x, Written):
        return "!" + text(x.tensor)
    if isinstance(x, Bound):
        sizes = ",".join(f"{a}/{b}" for a, b in zip(x.tensor.shape, x.bounds))
        return text(x.tensor).replace("[" + ",".join(map(str, x.tensor.shape)) + "]", "[" + sizes + "]")
    if isinstance(x, torch.Tensor):
        parts = torch.view_as_real(x) if x.is_complex() else x
        elements = " ".join(number(e) for e in parts.reshape(-1).tolist())
        return f"{NAMES[x.dtype]}[{','.join(map(str, x.shape))}]{{{elements}}}"
    if isinstance(x, Doubles):
        return "d(" + " ".join(text(float(e)) for e in x) + ")"
    if isinstance(x, (list, tuple)):
        if any(isinstance(e, torch.Tensor) for e in x) or any(e is None for e in x):
            return "<" + " ".join(text(e) for e in x) + ">"
        return "(" + " ".join(str(int(e)) for e in x) + ")"
    raise TypeError(type(x))


def case(name, args, results):
    shown = " ".join(text(a) for a in args)
    lines.append(f"{name} | {shown} -> " + (results if isinstance(results, str) else " ".join(text(r) for r in results)))


def aten(name, *args, out=None, bounds=None):
    """A kernel of ATen: arguments in schema order without outs; `out` the types of the results, else the first tensor's."""
    family, _, overload = name.partition(".")
    op = getattr(getattr(torch.ops.aten, family), overload)
    schema = op._schema.arguments
    inputs = [a for a in schema if not (a.alias_info and a.alias_info.is_write)]
    outs = [a for a in schema if a.alias_info and a.alias_info.is_write]
    plain = [a.tensor if isinstance(a, Written) else a for a in args]
    positional = [p for a, p in zip(inputs, plain) if not a.kwarg_only]
    keyword = {a.name: p for a, p in zip(inputs, plain) if a.kwarg_only}
    first = next((a for a in plain if isinstance(a, torch.Tensor)), None)
    if first is None:
        first = next((a[0] for a in plain if isinstance(a, (list, tuple)) and len(a) and isinstance(a[0], torch.Tensor)),
                     torch.zeros(1))
    types = [TYPES[t] for t in out] if out else [first.dtype] * len(outs)
    if len(outs) == 1 and "List" in str(outs[0].type):  # a list of tensors
        raise ValueError(name)
    made = {a.name: torch.empty(0, dtype=t) for a, t in zip(outs, types)}
    given = [a.clone() if isinstance(a, torch.Tensor) else a for a in positional]
    op(*given, **keyword, **made)
    results = list(made.values())
    if bounds:
        results[0] = Bound(results[0], bounds)
    case("aten::" + name, args, results)


def seq(*shape, dtype=torch.float32, start=-2.0, step=0.5):
    count = math.prod(shape)
    return (start + step * torch.arange(count, dtype=torch.float64)).to(dtype).reshape(shape)


def mixed(*shape, dtype=torch.float32, scale=0.25, low=-9, high=9):
    count = math.prod(shape)
    values = torch.tensor([low + (i * 7 + 3) % (high - low + 1) for i in range(count)], dtype=torch.float64)
    return (values * (1 if not dtype.is_floating_point else scale)).to(dtype).reshape(shape)


FLOATS = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
INTS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
special = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 0.0, 1.5, -2.5, 3.0])

# ---- element-wise ----
in_range = {"acos": 0.05, "asin": 0.05, "atanh": 0.05}
for op in ("abs acos acosh asin asinh atan atanh ceil cos cosh erf exp expm1 floor log log10 log1p log2 neg reciprocal "
           "round rsqrt sigmoid sin sinh sqrt tan tanh trunc").split():
    for dtype in FLOATS:
        aten(op + ".out", mixed(2, 5, dtype=dtype, scale=in_range.get(op, 0.25)))
for op in "abs neg sign".split():
    aten(op + ".out", mixed(7, dtype=torch.int32))
for op in "sin sqrt reciprocal sigmoid".split():
    aten(op + ".out", mixed(7, dtype=torch.int64, low=1, high=9), out=["f32"])
for op in "exp sigmoid tanh ceil floor round trunc abs neg".split():
    aten(op + ".out", special)
aten("sign.out", special[1:])
case("aten::relu.out", [special[1:]], [torch.relu(special[1:])])
case("aten::relu.out", [mixed(6, dtype=torch.int16)], [torch.relu(mixed(6, dtype=torch.int16))])
aten("isinf.out", special, out=["bool"])
aten("isnan.out", special, out=["bool"])
aten("isnan.out", mixed(3, dtype=torch.int32), out=["bool"])
aten("_conj_physical.out", mixed(4))
aten("logical_not.out", mixed(4), out=["bool"])
aten("bitwise_not.out", mixed(5, dtype=torch.int8))
aten("bitwise_not.out", torch.tensor([True, False]))
for op in ("add", "sub"):
    for dtype in FLOATS + INTS:
        aten(op + ".out", mixed(2, 3, dtype=dtype), mixed(3, dtype=dtype), 2)
    aten(op + ".out", mixed(2, 1, 3), mixed(4, 1), 1)
    aten(op + ".out", mixed(2, 3), torch.tensor(0.5, dtype=torch.float64), 1, out=["f32"])
    aten(op + ".Scalar_out", mixed(5), 0.75, 2)
    aten(op + ".Scalar_out", mixed(5, dtype=torch.int32), 3, 2)
    aten(op + ".Scalar_out", mixed(5, dtype=torch.int32), 0.5, 1, out=["f32"])
aten("add.out", torch.tensor([True, False, True]), torch.tensor([True, True, False]), 1, out=["bool"])
aten("add.out", mixed(3, dtype=torch.int64), mixed(3), 1, out=["f32"])
aten("add.out", seq(0, 3), seq(3), 1)
aten("add.out", mixed(2, 3), mixed(3), 1, bounds=[4, 3])
aten("rsub.Scalar_out", mixed(5), 0.75, 2)
for op in ("mul", "div"):
    for dtype in FLOATS:
        aten(op + ".out", mixed(2, 3, dtype=dtype), mixed(3, dtype=dtype))
    aten(op + ".Scalar_out", mixed(5), 0.75)
    aten(op + ".Scalar_out", mixed(5, dtype=torch.float16), 3)
aten("mul.out", mixed(2, 3, dtype=torch.int64), mixed(3, dtype=torch.int64))
aten("div.out", mixed(2, 3, dtype=torch.int64), mixed(3, dtype=torch.int32, low=1), out=["f32"])
for mode in ("trunc", "floor", None):
    aten("div.out_mode", mixed(2, 4), mixed(4, low=1), mode)
    aten("div.Scalar_mode_out", mixed(2, 4), 0.75, mode)
for mode in ("trunc", "floor"):
    aten("div.out_mode", mixed(9, dtype=torch.int32), mixed(9, dtype=torch.int32, low=-4, high=-1), mode)
aten("floor_divide.out", mixed(9), mixed(9, low=1, high=5))
aten("floor_divide.out", mixed(9, dtype=torch.int64), mixed(9, dtype=torch.int64, low=-4, high=-1))
for op in ("remainder", "fmod"):
    aten(op + ".Tensor_out", mixed(9), mixed(9, low=-5, high=-1))
    aten(op + ".Scalar_out", mixed(9), 0.75)
    # ExecuTorch gives integers the remainder of C in both.
    x, y = mixed(9, dtype=torch.int32), mixed(9, dtype=torch.int32, low=-5, high=-1)
    case(f"aten::{op}.Tensor_out", [x, y], [torch.fmod(x, y)])
    case(f"aten::{op}.Scalar_out", [x, 4], [torch.fmod(x, 4)])
aten("pow.Tensor_Scalar_out", mixed(5), 3)
aten("pow.Tensor_Scalar_out", mixed(5, dtype=torch.int32), 3)
aten("pow.Tensor_Scalar_out", mixed(5, low=1), 0.5)
aten("pow.Tensor_Tensor_out", mixed(5, low=1), mixed(5))
aten("pow.Tensor_Tensor_out", mixed(5, dtype=torch.int64), mixed(5, dtype=torch.int64, low=0, high=4))
aten("pow.Scalar_out", 2.0, mixed(5))
for op in ("maximum", "minimum"):
    aten(op + ".out", mixed(2, 3), mixed(3, low=-4, high=4))
    aten(op + ".out", mixed(5, dtype=torch.int32), mixed(5, dtype=torch.int32, low=-2, high=2))
    aten(op + ".out", special, torch.ones(8))
aten("atan2.out", mixed(5), mixed(5, low=-3, high=3))
aten("clamp.out", mixed(6), -1.0, 1.25)
aten("clamp.out", mixed(6), None, 0.5)
aten("clamp.out", mixed(6, dtype=torch.int32), -2, None)
aten("clamp.out", special, -1.0, 1.0)
aten("clamp.Tensor_out", mixed(2, 3), mixed(3, low=-3, high=0), mixed(1, low=2, high=4))
aten("clamp.Tensor_out", mixed(2, 3), None, mixed(1, low=2, high=4))
aten("hardtanh.out", mixed(6), -1, 1)
aten("hardtanh.out", mixed(6, dtype=torch.float16), -0.5, 1.5)
aten("leaky_relu.out", mixed(6), 0.25)
aten("leaky_relu.out", mixed(6, dtype=torch.bfloat16), 0.25)
aten("elu.out", mixed(6), 1.5, 2.0, 0.5)
for approximate in ("none", "tanh"):
    for dtype in FLOATS:
        aten("gelu.out", mixed(6, dtype=dtype), approximate)
    aten("gelu.out", torch.tensor([-math.inf, math.nan]), approximate)
for bounds in ((math.nan, 1.0), (-1.0, math.nan)):
    aten("clamp.out", mixed(3), *bounds)
aten("clamp.Tensor_out", mixed(3), torch.tensor([math.nan, 0.0, 0.0]), torch.tensor([9.0, math.nan, 9.0]))
for x in (-2.5, 2.5, 0.0):
    aten("floor_divide.out", torch.full((5,), x), torch.tensor([math.inf, -math.inf, 0.5, math.nan, 1e-30]))
aten("logit.out", mixed(6, scale=0.05, low=1), None)
aten("logit.out", mixed(6, scale=0.1, low=1), 0.25)
mask = torch.tensor([True, False, True])
for dtype in (torch.float32, torch.float16, torch.int64, torch.uint8):
    aten("where.self_out", mask, mixed(2, 3, dtype=dtype), mixed(2, 1, dtype=dtype), out=[NAMES[dtype]])
aten("where.self_out", mask, mixed(3, dtype=torch.int32), mixed(3), out=["f32"])
aten("where.self_out", mask, torch.tensor([True, True, False]), torch.tensor([False, False, True]))
aten("masked_fill.Scalar_out", mixed(2, 3), mask, -float("inf"))
aten("masked_fill.Scalar_out", mixed(2, 3, dtype=torch.int64), mask, 7)
for op in "eq ne ge gt le lt".split():
    aten(op + ".Scalar_out", mixed(9, low=-2, high=2, scale=1), 1, out=["bool"])
    aten(op + ".Scalar_out", mixed(9, dtype=torch.int64, low=-2, high=2), 0.5, out=["bool"])
    aten(op + ".Tensor_out", mixed(3, 3, low=-2, high=2), mixed(3, low=-2, high=2), out=["bool"])
    aten(op + ".Tensor_out", mixed(3, dtype=torch.float16), mixed(3, dtype=torch.float16), out=["bool"])
for op in "and or xor".split():
    aten(f"logical_{op}.out", mixed(6, low=-1, high=1), mixed(6, low=0, high=1), out=["bool"])
    aten(f"bitwise_{op}.Tensor_out", mixed(6, dtype=torch.int32), mixed(6, dtype=torch.int32, low=-3, high=5))
    aten(f"bitwise_{op}.Tensor_out", torch.tensor([True, False, True]), mask)
    aten(f"bitwise_{op}.Scalar_out", mixed(6, dtype=torch.int64), 5)
for op in ("left", "right"):
    aten(f"bitwise_{op}_shift.Tensor_out", mixed(6, dtype=torch.int32), mixed(6, dtype=torch.int32, low=0, high=6))
    aten(f"bitwise_{op}_shift.Tensor_Scalar_out", mixed(6, dtype=torch.uint8, low=0, high=200), 3)

# ---- complex numbers ----
complexes, y = torch.complex(mixed(2, 3), mixed(2, 3, low=-5)), torch.complex(mixed(3), mixed(3, low=-3))
aten("mul.out", complexes, y)
aten("add.out", complexes, y, 2)
aten("sub.out", complexes.to(torch.complex128), y.to(torch.complex128), 1)
aten("abs.out", complexes, out=["f32"])
aten("view_as_real_copy.out", complexes, out=["f32"])
aten("permute_copy.out", complexes, [1, 0])
aten("slice_copy.Tensor_out", complexes.to(torch.complex128), 1, 0, 3, 2)
aten("cat.out", [complexes, complexes], 1)
aten("_conj_physical.out", complexes)
for dims, keep in (([1], False), ([0], True), ([], False), (None, True)):
    aten("sum.IntList_out", complexes, dims, keep, None)
aten("sum.IntList_out", complexes.to(torch.complex128), [-1], False, None)
for dtype in (torch.complex64, torch.complex128):
    aten("bmm.out", complexes.to(dtype).reshape(2, 1, 3), complexes.to(dtype).repeat(2, 2).reshape(2, 3, 4))
    aten("index_select.out", complexes.to(dtype), 1, torch.tensor([2, 0]))
    aten("index.Tensor_out", complexes.to(dtype), [None, torch.tensor([[1, -1]])])
case("dim_order_ops::_to_dim_order_copy.out", [mixed(2, 3), False, None], [mixed(2, 3).to(torch.complex64)])
case("dim_order_ops::_to_dim_order_copy.out", [complexes, False, None], [complexes.to(torch.complex128)])

norms = ["backward", "ortho", "forward"]  # of the inverse: the other way round
for norm in range(3):
    x = mixed(2, 6)
    case("aten::_fft_r2c.out", [x, [1], norm, True], [torch.fft.rfft(x, norm=norms[norm])])
x = mixed(2, 7, dtype=torch.float64)
case("aten::_fft_r2c.out", [x, [-1], 0, False], [torch.fft.fft(x)])
x = mixed(4, 2, 5)
case("aten::_fft_r2c.out", [x, [0, 2], 0, True], [torch.fft.rfftn(x, dim=(0, 2))])
x = mixed(8, 2)
case("aten::_fft_r2c.out", [x, [0], 0, True], [torch.fft.rfft(x, dim=0)])
x = torch.complex(mixed(2, 4), mixed(2, 4, low=-5))
for norm, length in ((0, 7), (1, 6), (2, 6)):
    x = x.to(torch.complex128 if norm == 1 else torch.complex64)
    case("aten::_fft_c2r.out", [x, [1], norm, length], [torch.fft.irfft(x, length, norm=norms[2 - norm])])
x = torch.complex(mixed(3, 4, 2), mixed(3, 4, 2, low=-5))
case("aten::_fft_c2r.out", [x, [0, 1], 1, 6], [torch.fft.irfftn(x, (3, 6), (0, 1), "ortho")])

# ---- copies and views ----
aten("clone.out", mixed(2, 3, dtype=torch.int16), None)
for name in ("alias_copy.out", "detach_copy.out", "lift_fresh_copy.out"):
    aten(name, mixed(2, 3))
for dtype in FLOATS + INTS + [torch.bool]:
    for other in (torch.float32, torch.int64, torch.bool, torch.float16, torch.int32, torch.uint8, torch.bfloat16):
        values = mixed(5, dtype=torch.float64, scale=1, low=0, high=9).to(dtype)
        case("dim_order_ops::_to_dim_order_copy.out", [values, False, None], [values.to(other)])
case("aten::_to_copy.out", [mixed(4), False, None], [mixed(4).to(torch.int8)])
case("dim_order_ops::_clone_dim_order.out", [mixed(2, 3), False, [0, 1]], [mixed(2, 3)])
case("et_copy::_h2d_copy.out", [mixed(2, 3)], [mixed(2, 3)])
case("et_copy::_d2h_copy.out", [mixed(2, 3)], [mixed(2, 3)])
case("llama::fallback.out", [mixed(2, 3)], [mixed(2, 3)])
aten("copy.out", mixed(2, 3), mixed(3, dtype=torch.int32), False)
case("aten::copy_", [Written(mixed(2, 3)), mixed(3, dtype=torch.float16), False], [mixed(3).expand(2, 3)])
aten("view_copy.out", mixed(2, 6), [3, -1])
aten("view_copy.out", mixed(2, 6, dtype=torch.bool), [12])
aten("view_copy.out", seq(0, 4), [2, 0])
aten("permute_copy.out", mixed(2, 3, 4), [2, 0, -2])
aten("permute_copy.out", mixed(5, 6, dtype=torch.int8), [1, 0])
aten("transpose_copy.int_out", mixed(2, 3, 4), -1, 0)
aten("t_copy.out", mixed(2, 3))
aten("t_copy.out", mixed(3))
aten("unsqueeze_copy.out", mixed(2, 3), 1)
aten("unsqueeze_copy.out", mixed(2, 3), -1)
aten("squeeze_copy.dim_out", mixed(2, 1, 3), 1)
aten("squeeze_copy.dim_out", mixed(2, 1, 3), 0)
aten("squeeze_copy.dims_out", mixed(1, 2, 1), [0, -1])
aten("expand_copy.out", mixed(2, 1), [3, -1, 4], False)
aten("expand_copy.out", torch.tensor(1.5), [2, 2], False)
aten("slice_copy.Tensor_out", mixed(2, 7), 1, 1, 6, 2)
aten("slice_copy.Tensor_out", mixed(7), 0, -3, 9223372036854775807, 1)
aten("slice_copy.Tensor_out", mixed(7), 0, None, None, 3)
aten("slice_copy.Tensor_out", mixed(7), 0, 5, 2, 1)
aten("select_copy.int_out", mixed(2, 3), 1, -1)
aten("narrow_copy.out", mixed(2, 6), 1, 2, 3)
aten("diagonal_copy.out", mixed(3, 4), 1, 0, 1)
aten("diagonal_copy.out", mixed(3, 4, 2), -1, 0, 1)
aten("unfold_copy.out", mixed(2, 7), 1, 3, 2)
aten("flip.out", mixed(2, 3, 2), [0, -1])
aten("as_strided_copy.out", mixed(12), [2, 3], [1, 2], 3)
aten("pixel_shuffle.out", mixed(1, 8, 2, 3), 2)
aten("pixel_unshuffle.out", mixed(1, 2, 4, 6), 2)
aten("cat.out", [mixed(2, 2), mixed(2, 3)], -1)
aten("cat.out", [mixed(2, dtype=torch.int64), mixed(1, dtype=torch.int64), mixed(0, dtype=torch.int64)], 0)
aten("stack.out", [mixed(2, 2), seq(2, 2)], 1)
for name, size, x in (("split_copy.Tensor_out", 2, mixed(5, 2)), ("split_with_sizes_copy.out", [1, 4], mixed(5, 2))):
    case("aten::" + name, [x, size, 0], [list(torch.split(x, size, 0))])
x = mixed(2, 6)
case("aten::split_with_sizes_copy.out", [x, [2, 1, 3], -1], [list(torch.split(x, [2, 1, 3], 1))])
case("aten::unbind_copy.int_out", [x, 0], [list(torch.unbind(x, 0))])
aten("repeat.out", mixed(2, 3), [2, 1, 2])
aten("roll.out", mixed(3, 4), [1, -2], [0, 1])
aten("roll.out", mixed(3, 4), [5], [])
aten("constant_pad_nd.out", mixed(2, 3), [1, 2], 0.5)
aten("constant_pad_nd.out", mixed(2, 3), [-1, 1, 0, 1], 7)
aten("constant_pad_nd.out", mixed(2, 3, dtype=torch.int64), [1, 0, 1, 0], 3)
aten("select_scatter.out", mixed(2, 3), seq(2), 1, 1)
aten("slice_scatter.out", mixed(2, 5), seq(2, 2), 1, 0, 4, 2)
aten("tril.out", mixed(3, 4), 0)
aten("tril.out", mixed(2, 3, 3), -1)
aten("tril.out", mixed(3, 4, dtype=torch.int32), 2)

# ---- creation ----
aten("full.out", [2, 3], 1.5, out=["f32"])
aten("full.out", [2], 7, out=["i64"])
aten("full.out", [2], True, out=["bool"])
aten("full_like.out", mixed(2, 3), -0.5, None)
aten("fill.Scalar_out", mixed(2, 3), 2)
aten("fill.Tensor_out", mixed(2, 3), torch.tensor(0.75))
aten("zeros.out", [2, 3], out=["f16"])
aten("ones.out", [2, 3], out=["i32"])
case("aten::empty.out", [[2, 2], None], [torch.zeros(2, 2)])
case("dim_order_ops::_empty_dim_order.out", [[2, 2], None], [torch.zeros(2, 2)])
aten("scalar_tensor.out", 2.5, out=["f64"])
aten("scalar_tensor.out", 3, out=["i64"])
aten("arange.out", 5, out=["i64"])
aten("arange.start_out", 1.0, 3.0, 0.5, out=["f32"])
aten("arange.start_out", 7, 0, -2, out=["i32"])

# ---- indices ----
aten("embedding.out", mixed(5, 3), torch.tensor([[1, 4], [0, 1]]), -1, False, False)
aten("embedding.out", mixed(5, 3, dtype=torch.float16), torch.tensor([3], dtype=torch.int32), -1, False, False)
aten("index_select.out", mixed(2, 4, 3), 1, torch.tensor([3, 0, 3]))
aten("gather.out", mixed(3, 4), 1, torch.tensor([[0, 3], [1, 1], [2, 0]]), False)
aten("gather.out", mixed(3, 4), 0, torch.tensor([[0, 2, 1]]), False)
aten("scatter.src_out", torch.zeros(3, 4), 1, torch.tensor([[0, 3], [1, 1]]), mixed(2, 2))
aten("scatter.value_out", mixed(3, 4), 0, torch.tensor([[0, 2, 1]]), 9.5)
aten("scatter_add.out", mixed(3, 4), 1, torch.tensor([[0, 3], [1, 1]]), mixed(2, 2))
aten("scatter_add.out", mixed(5, dtype=torch.int64), 0, torch.tensor([0, 3, 0]), mixed(3, dtype=torch.int64))
rows, columns = torch.tensor([0, 2, -1]), torch.tensor([1, 0, 3])
aten("index.Tensor_out", mixed(3, 4), [rows])
aten("index.Tensor_out", mixed(3, 4), [rows, columns])
aten("index.Tensor_out", mixed(3, 4), [None, columns])
aten("index.Tensor_out", mixed(2, 3, 4), [torch.tensor([1, 0, 1]), None, columns])
aten("index.Tensor_out", mixed(3, 4), [rows.reshape(3, 1), columns])
aten("index.Tensor_out", mixed(3, 4), [torch.tensor([True, False, True])])
aten("index.Tensor_out", mixed(2, 3), [torch.tensor([[True, False, True], [False, True, False]])])
aten("index_put.out", mixed(3, 4), [rows], seq(3, 4), False)
aten("index_put.out", mixed(3, 4), [torch.tensor([0, 0]), torch.tensor([1, 1])], seq(2), True)
aten("index_put.out", mixed(3, 4), [None, torch.tensor([2])], torch.tensor(5.0), False)
x = mixed(3, 4)
y = x.clone()
y[:, torch.tensor([1, 3])] = seq(3, 2)
case("aten::index_put_", [Written(x), [None, torch.tensor([1, 3])], seq(3, 2), False], [y])
aten("masked_select.out", mixed(2, 3), torch.tensor([True, False, True]), bounds=[6])
aten("masked_scatter.out", mixed(2, 3), torch.tensor([True, False, True]), seq(5))
aten("nonzero.out", mixed(3, 3, low=-1, high=1), out=["i64"], bounds=[9, 2])
aten("repeat_interleave.Tensor_out", torch.tensor([2, 0, 3]), 5)

# ---- reductions ----
for dtype in FLOATS:
    aten("sum.IntList_out", mixed(2, 3, 4, dtype=dtype), [1], False, None)
    aten("mean.out", mixed(2, 3, 4, dtype=dtype), [0, -1], True, None)
    aten("amax.out", mixed(2, 3, dtype=dtype), [1], False)
    aten("var.correction_out", mixed(2, 4, dtype=dtype), [1], None, False)
aten("sum.IntList_out", mixed(2, 3, dtype=torch.int32), None, False, None, out=["i64"])
aten("sum.IntList_out", mixed(2, 3), [], True, None)
aten("sum.IntList_out", seq(0, 3), [0], False, None)
aten("sum.IntList_out", mixed(6, low=-1, high=1).to(torch.bool), [0], False, None, out=["i64"])
aten("mean.dtype_out", mixed(2, 3), None)
aten("prod.int_out", mixed(2, 3, low=1), 1, False, None)
aten("prod.int_out", mixed(2, 3, dtype=torch.int64), 0, True, None)
aten("prod.out", mixed(5, low=1, high=4), None)
aten("amax.out", mixed(2, 3, dtype=torch.int32), [], False)
aten("amax.out", special, [0], False)
aten("amin.out", mixed(2, 3), [0, 1], True)
aten("amin.out", mixed(2, 3, dtype=torch.uint8, low=3), [0], True)
case("aten::max.unary_out", [mixed(2, 3)], [mixed(2, 3).max()])
case("aten::min.unary_out", [mixed(2, 3)], [mixed(2, 3).min()])
aten("max.dim_max", mixed(2, 5), 1, False, out=["f32", "i64"])
aten("max.dim_max", mixed(2, 5, dtype=torch.int32), 0, True, out=["i32", "i64"])
aten("min.dim_min", mixed(2, 5), -1, True, out=["f32", "i64"])
aten("argmax.out", mixed(2, 5), 1, False, out=["i64"])
aten("argmax.out", mixed(2, 5), None, False, out=["i64"])
aten("argmin.out", mixed(2, 5, dtype=torch.int16), 0, True, out=["i64"])
aten("any.out", mixed(2, 3, low=-1, high=1), 1, True, out=["bool"])
aten("any.out", torch.tensor([[False, False], [False, True]]), -1, False)
aten("any.dims_out", mixed(2, 3, low=0, high=1), [0, 1], False, out=["bool"])
aten("any.all_out", torch.zeros(4), out=["bool"])
aten("var.out", mixed(2, 4), [1], False, True)
aten("var.correction_out", mixed(2, 4), None, 0, False)
aten("var_mean.correction_out", mixed(2, 4), [1], 1, True)
aten("cumsum.out", mixed(2, 4), 1, None)
aten("cumsum.out", mixed(3, 2, dtype=torch.int32), 0, None, out=["i64"])
aten("topk.values", torch.tensor([[3.0, 1.0, 4.0, 1.5, 9.0], [2.0, 6.0, 5.0, 3.5, 8.0]]), 3, 1, True, True,
     out=["f32", "i64"])
aten("topk.values", torch.tensor([[3, 7], [1, 5], [4, 2]]), 2, 0, False, True, out=["i64", "i64"])
# Of equal elements, those that the C++ library leaves in front.
for length, k in ((6, 3), (40, 5), (40, 24), (40, 40), (70, 1), (130, 2)):
    x = torch.tensor([[i * i % 11 // 2 for i in range(length)], [i * 7 % 5 for i in range(length)]])
    for largest, ordered in ((True, True), (False, True), (True, False)):
        aten("topk.values", x.to(torch.uint8), k, -1, largest, ordered, out=["u8", "i64"])

# ---- norms ----
for dtype in FLOATS:
    aten("_softmax.out", mixed(2, 5, dtype=dtype), 1, False)
    aten("_log_softmax.out", mixed(2, 5, dtype=dtype), -1, False)
aten("_softmax.out", mixed(2, 3, 2), 1, False)
for dtype in (torch.float32, torch.float64):
    aten("native_layer_norm.out", mixed(2, 3, 4, dtype=dtype), [3, 4], mixed(3, 4, dtype=dtype, low=1),
         seq(3, 4, dtype=dtype), 1e-5)
    aten("native_layer_norm.out", mixed(2, 19, dtype=dtype), [19], None, None, 1e-5)
aten("native_group_norm.out", mixed(2, 4, 3), mixed(4, low=1), mixed(4), 2, 4, 3, 2, 1e-5)
aten("native_group_norm.out", mixed(1, 4, 5), None, None, 1, 4, 5, 4, 1e-5)
x, mean, variance = mixed(2, 3, 2, 2), mixed(3), mixed(3, low=1)
normal = torch.nn.functional.batch_norm(x, mean, variance, mixed(3, low=2), mixed(3), False, 0.1, 1e-5)
empty = torch.zeros(0)
case("aten::_native_batch_norm_legit_no_training.out",
     [x, mixed(3, low=2), mixed(3), mean, variance, 0.1, 1e-5], [normal, empty, empty])
case("aten::_native_batch_norm_legit.out", [x, mixed(3, low=2), mixed(3), mean, variance, False, 0.1, 1e-5],
     [normal, empty, empty])
aten("_native_batch_norm_legit.no_stats_out", x, None, None, True, 0.1, 1e-5)
aten("glu.out", mixed(2, 6), -1)

# ---- products and windows ----
for dtype in FLOATS + [torch.int64]:
    aten("mm.out", mixed(3, 5, dtype=dtype), seq(5, 2, dtype=dtype))
    aten("addmm.out", mixed(2, dtype=dtype), mixed(3, 5, dtype=dtype), seq(5, 2, dtype=dtype), 1, 1)
aten("addmm.out", mixed(3, 2), mixed(3, 5), seq(5, 2), 0.5, 2.0)
aten("bmm.out", mixed(2, 3, 5), seq(2, 5, 2))
aten("linear.out", mixed(2, 3, 5), seq(4, 5), mixed(4))
aten("linear.out", mixed(5, dtype=torch.float16), seq(4, 5, dtype=torch.float16), None)
for dtype in (torch.float32, torch.float64):
    aten("convolution.out", mixed(1, 2, 5, 4, dtype=dtype), mixed(3, 2, 3, 2, dtype=dtype), mixed(3, dtype=dtype),
         [1, 1], [1, 0], [1, 1], False, [0, 0], 1)
aten("convolution.out", mixed(2, 4, 5, 5), mixed(4, 2, 3, 3), None, [2, 1], [1, 2], [1, 2], False, [0, 0], 2)
aten("convolution.out", mixed(1, 3, 7), mixed(2, 3, 3), mixed(2), [2], [1], [1], False, [0], 1)
aten("convolution.out", mixed(1, 2, 3, 3), mixed(2, 3, 2, 2), mixed(3), [2, 2], [0, 0], [1, 1], True, [1, 1], 1)
aten("convolution.out", mixed(1, 4, 3, 3), mixed(4, 2, 3, 3), None, [2, 1], [1, 0], [1, 1], True, [1, 0], 2)
aten("avg_pool2d.out", mixed(1, 2, 5, 6), [3, 2], [2, 2], [1, 0], False, True, None)
aten("avg_pool2d.out", mixed(1, 2, 5, 6), [2, 2], [], [0, 0], True, False, None)
aten("avg_pool2d.out", mixed(2, 4, 4), [2, 2], [2, 2], [1, 1], False, False, 3)
aten("_adaptive_avg_pool2d.out", mixed(1, 2, 5, 7), [3, 2])
aten("max_pool2d_with_indices.out", mixed(1, 2, 5, 6), [3, 2], [2, 2], [1, 1], [1, 1], False, out=["f32", "i64"])
aten("max_pool2d_with_indices.out", mixed(1, 1, 6, 6), [2, 2], [], [0, 0], [2, 2], True, out=["f32", "i64"])
aten("upsample_bilinear2d.vec_out", mixed(1, 2, 3, 4), [5, 6], False, None)
aten("upsample_bilinear2d.vec_out", mixed(1, 2, 3, 4), None, True, Doubles([2.0, 1.5]))
aten("upsample_nearest2d.vec_out", mixed(1, 2, 3, 4), None, Doubles([2.0, 1.5]))
aten("upsample_nearest2d.vec_out", mixed(1, 2, 3, 4), [7, 2], None)
aten("_upsample_bilinear2d_aa.out", mixed(1, 2, 7, 6), [3, 4], False, None, None)
grid = mixed(1, 2, 3, 2, scale=0.13)
for mode in (0, 1, 2):
    for padding in (0, 1, 2):
        aten("grid_sampler_2d.out", mixed(1, 2, 4, 5), grid, mode, padding, padding == 1)
for k, pads in ((1, [2, 1]), (2, [2, 1, 1, 2]), (3, [1, 1, 1, 0, 0, 1])):
    x = mixed(*([1, 2] + [3, 4, 3][:k]))
    aten(f"reflection_pad{k}d.out", x, pads)
    aten(f"replication_pad{k}d.out", x, pads)
for p in (0.0, 1.0, 2.0, 3.0, float("inf")):
    aten("_cdist_forward.out", mixed(1, 3, 2), seq(2, 4, 2), p, None)
    aten("_pdist_forward.out", mixed(4, 3), p)

# ---- numbers ----
case("aten::sym_size.int", [mixed(2, 3), -1], "3")
case("aten::sym_numel", [mixed(2, 3)], "6")
case("aten::_local_scalar_dense", [torch.tensor(2.5)], "2.5")
case("aten::_local_scalar_dense", [torch.tensor([7])], "7")
case("aten::_local_scalar_dense", [torch.tensor(True)], "true")
binary = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "truediv": lambda a, b: a / b,
    "floordiv": lambda a, b: a // b, "eq": lambda a, b: a == b, "gt": lambda a, b: a > b, "lt": lambda a, b: a < b,
    "ge": lambda a, b: a >= b, "le": lambda a, b: a <= b,
}
for name, f in binary.items():
    for a, b in ((7, 2), (-7, 2), (7.5, 2), (3, 0.5)):
        case(f"executorch_prim::{name}.Scalar", [a, b], text(f(a, b)))
case("executorch_prim::mod.Scalar", [7, 3], "1")
case("executorch_prim::mod.int", [-7, 3], "-1")
case("executorch_prim::floordiv.int", [-7, 2], "-3")
case("executorch_prim::sym_max.Scalar", [3, -5], "3")
case("executorch_prim::sym_min.Scalar", [3, -5], "-5")
case("executorch_prim::neg.Scalar", [3], "-3")
case("executorch_prim::neg.Scalar", [2.5], "-2.5")
case("executorch_prim::sym_not.Scalar", [True], "false")
case("executorch_prim::sym_float.Scalar", [3], "3.0")
case("executorch_prim::sym_int.Scalar", [-2.75], "-2")
case("executorch_prim::ceil.Scalar", [2.25], "3")
case("executorch_prim::round.Scalar", [2.5], "2")
case("executorch_prim::trunc.Scalar", [-2.75], "-2")
case("executorch_prim::sym_ite.Scalar", [True, 5, 2.5], "5")
case("executorch_prim::sym_ite.Scalar", [False, 5, 2.5], "2.5")
x = torch.zeros(2, 3)
y = x.clone()
y[1] = mixed(3)
case("executorch_prim::et_copy_index.tensor", [Written(x), mixed(3), 1], [y])
case("executorch_prim::et_view.default", [mixed(2, 6), [4, -1]], [mixed(2, 6).reshape(4, 3)])

# ---- quantized ----
import torch.ao.quantization.fx._decomposed  # noqa: E402, F401

Q = "quantized_decomposed::"
d = torch.ops.quantized_decomposed
x = mixed(3, 4)
scale, zero = torch.tensor([0.05, 0.1, 0.2], dtype=torch.float64), torch.tensor([1, -3, 5])
per_tensor = d.quantize_per_tensor(x, 0.05, 3, -128, 127, torch.int8)
per_channel = d.quantize_per_channel(x, scale, zero, 0, -128, 127, torch.int8)
int8, f32 = 1, 6  # numbers of types
case(Q + "quantize_per_tensor.out", [x, 0.05, 3, -128, 127, int8], [per_tensor])
case(Q + "quantize_per_tensor.Tensor_out", [x, scale[:1], zero[:1], 0, 255, 0],
     [d.quantize_per_tensor(x, 0.05, 1, 0, 255, torch.uint8)])
case(Q + "quantize_per_channel.out", [x, scale, zero, 0, -128, 127, int8], [per_channel])
case(Q + "quantize_per_token.out", [x, scale.reshape(3, 1), zero.reshape(3, 1), -128, 127, int8], [per_channel])
case(Q + "dequantize_per_tensor.out", [per_tensor, 0.05, 3, -128, 127, int8, None],
     [d.dequantize_per_tensor(per_tensor, 0.05, 3, -128, 127, torch.int8)])
case(Q + "dequantize_per_tensor.Tensor_out", [per_tensor, scale[:1], zero[:1], -128, 127, int8, None],
     [d.dequantize_per_tensor(per_tensor, 0.05, 1, -128, 127, torch.int8)])
real = d.dequantize_per_channel(per_channel, scale.float(), zero, 0, -128, 127, torch.int8)
case(Q + "dequantize_per_channel.out", [per_channel, scale, zero, 0, -128, 127, int8, None], [real])
case(Q + "dequantize_per_channel.out", [per_channel.t().contiguous(), scale.float(), None, 1, -128, 127, int8, None],
     [(per_channel.float() * scale.float().reshape(3, 1)).t().contiguous()])
case(Q + "dequantize_per_token.out", [per_channel, scale.reshape(3, 1), zero.reshape(3, 1), -128, 127, int8, f32],
     [real])
low, high = min(0.0, float(x.min())), max(0.0, float(x.max()))
s = (high - low) / 255
z = round(-128 - low / s)
case(Q + "choose_qparams.Tensor_out", [x, -128, 127, 1e-5, int8],
     [torch.tensor([s], dtype=torch.float64), torch.tensor([z])])
s = [(max(0.0, float(r.max())) - min(0.0, float(r.min()))) / 255 for r in x]
z = [round(-128 - min(0.0, float(r.min())) / t) for r, t in zip(x, s)]
case(Q + "choose_qparams_per_token_asymmetric.out", [x, int8],
     [torch.tensor(s, dtype=torch.float64).reshape(3, 1), torch.tensor(z).reshape(3, 1)])
a, b = mixed(6, dtype=torch.uint8, low=0, high=255), mixed(6, dtype=torch.uint8, low=9, high=200)
total = (a.float() - 3) * 0.1 + (b.float() - 7) * 0.2
case(Q + "add.out", [a, 0.1, 3, 0, 255, b, 0.2, 7, 0, 255, 0.3, 5, 0, 255],
     [(5 + torch.round(total * (1 / 0.3))).clamp(0, 255).to(torch.uint8)])
where = torch.tensor([2, 0])
for bits, weight in ((8, mixed(3, 4, dtype=torch.int8)), (4, mixed(3, 2, dtype=torch.uint8, low=0, high=255)),
                     (2, mixed(3, 1, dtype=torch.uint8, low=0, high=255))):
    if bits == 8:
        values = weight.float()
    elif bits == 4:
        values = torch.stack([weight >> 4, weight & 15], -1).reshape(3, 4).float() - 8
    else:
        values = torch.stack([weight >> 2 * i & 3 for i in range(4)], -1).reshape(3, 4).float() - 2
    scales = mixed(3, 2, low=1)
    zeros = mixed(3, 2, scale=1)
    name = Q + ("embedding_byte" if bits == 8 else f"embedding_{bits}bit")
    grouped = (values.reshape(3, 2, 2) * scales.reshape(3, 2, 1)).reshape(3, 4)
    shifted = ((values.reshape(3, 2, 2) - zeros.reshape(3, 2, 1)) * scales.reshape(3, 2, 1)).reshape(3, 4)
    case(name + ".out", [weight, scales, None, -128, 127, where], [grouped[where]])
    case(name + ".dtype_out", [weight, scales, zeros, -128, 127, where, None], [shifted[where]])
w = mixed(4, 2, dtype=torch.int8)
case(Q + "mixed_mm.out", [x, w, mixed(4, low=1), None], [x @ (w.float() * mixed(4, low=1).reshape(4, 1))])
case(Q + "mixed_linear.out", [x, w.t().contiguous(), mixed(2, low=1), None, None],
     [x @ w.float() * mixed(2, low=1)])

# ---- attention ----
L = "llama::"
q = mixed(1, 2, 4, 8)  # batch, position, head, element
cache_k, cache_v = mixed(1, 6, 2, 8, low=-5, high=5), mixed(1, 6, 2, 8, low=-3, high=7)


def attend(q, k, v, start, mask, causal, scale=None):
    q, k, v = (t.double().transpose(1, 2) for t in (q, k, v))
    count = start + q.shape[2] if mask is None else k.shape[2]
    k, v = (t[:, :, :count].repeat_interleave(q.shape[1] // t.shape[1], 1) for t in (k, v))
    scores = q @ k.transpose(-1, -2) * (scale or 1 / math.sqrt(q.shape[-1]))
    if mask is not None:
        scores = scores + mask
    if causal:
        hidden = torch.arange(count).reshape(1, -1) > start + torch.arange(q.shape[2]).reshape(-1, 1)
        scores = scores.masked_fill(hidden, -float("inf"))
    return (torch.softmax(scores, -1) @ v).transpose(1, 2).float()


case(L + "custom_sdpa.out", [q, cache_k, cache_v, 3, None, 0.0, True, None],
     [attend(q, cache_k, cache_v, 3, None, True)])
mask = mixed(2, 6)
case(L + "custom_sdpa.out", [q, cache_k, cache_v, 0, mask, 0.0, False, 0.5],
     [attend(q, cache_k, cache_v, 0, mask, False, 0.5)])
new_k, new_v = mixed(1, 2, 2, 8, low=-4, high=4), mixed(1, 2, 2, 8, low=-2, high=2)
all_k, all_v = cache_k.clone(), cache_v.clone()
all_k[:, 2:4], all_v[:, 2:4] = new_k, new_v
case(L + "sdpa_with_kv_cache.out",
     [q, new_k, new_v, Written(cache_k), Written(cache_v), 2, 2, None, 0.0, True, None],
     [all_k, all_v, attend(q, all_k, all_v, 2, None, True)])
q8, k8, v8 = (mixed(1, n, h, 8, dtype=torch.int8) for n, h in ((2, 4), (6, 2), (6, 2)))
parameters, real = [], []
for t in (q8, k8, v8):
    z, s = mixed(*t.shape[:3], 1, dtype=torch.int8, low=-2, high=2), mixed(*t.shape[:3], 1, low=1, scale=0.05)
    parameters += [z, s]
    real.append((t.float() - z.float()) * s)
case(L + "custom_quantized_sdpa.out", [q8, k8, v8, 3, None, 0.0, True, None] + parameters + [False],
     [attend(*real, 3, None, True)])
hadamard = torch.ones(1, 1)
for _ in range(3):
    hadamard = torch.kron(hadamard, torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
case(L + "fast_hadamard_transform.out", [mixed(2, 8)], [mixed(2, 8) @ hadamard / math.sqrt(8)])
# Of order 28, the transforms of the first element of each block, which are shifts of the others'.
rows = """+--------++++--+-++-+-++--++ ++----++------+--++---+-++-+
          +-+--+--++--+++------++----+ +--++--+-+--+---++++-+------""".split()
one = torch.zeros(4, 56)
one[[0, 1, 2, 3], [0, 14, 28, 42]] = 1
shown = torch.tensor([[1.0 if sign == "+" else -1.0 for sign in row] for row in rows]) / math.sqrt(2)
case(L + "fast_hadamard_transform.out", [one], [shown.repeat_interleave(2, 1)])
case(L + "fast_hadamard_transform.out", [mixed(2, 12)], "SHAPE f32[2,12]")
case(L + "update_cache.out", [new_k, Written(cache_k), 2], [all_k, torch.zeros(1)])
moved = cache_k.clone()
moved[:, 5], moved[:, 1] = new_k[:, 0], new_k[:, 1]
case(L + "update_cache_with_indices.out", [new_k, Written(cache_k), 0, torch.tensor([[5, 1]])],
     [moved, torch.zeros(1)])

ones = torch.ones(2, 3, dtype=torch.bool)
case("aten::native_dropout.out", [mixed(2, 3), 0.5, False], [mixed(2, 3), ones])
case("aten::native_dropout.out", [mixed(2, 3), 0.0, None], [mixed(2, 3), ones])
case("aten::native_dropout.out", [mixed(2, 3), 1.0, True], [torch.zeros(2, 3), ~ones])

# ---- gradients ----
every = [True, True, True]
aten("convolution_backward.out", mixed(2, 4, 3, 2), mixed(2, 6, 6, 4), mixed(4, 3, 3, 2), [4], [2, 1], [1, 0], [1, 2],
     False, [0, 0], 2, every)
aten("convolution_backward.out", mixed(1, 3, 5), mixed(1, 2, 3), mixed(2, 3, 3), [3], [2], [1], [1], True, [0], 1, every)
aten("convolution_backward.out", mixed(2, 4, 3), mixed(2, 2, 5), mixed(4, 2, 3), [4], [1], [0], [1], False, [0], 1, every)
pooled, where = torch.ops.aten.max_pool2d_with_indices(mixed(2, 4, 6), [3, 3], [1, 2], [1, 1])
aten("max_pool2d_with_indices_backward.grad_input", mixed(*pooled.shape), mixed(2, 4, 6), [3, 3], [1, 2], [1, 1], [1, 1],
     False, where)

# ---- what is refused ----
case("aten::exp.out", [complexes], "TYPE f32[2,3]")
case("aten::add.out", [complexes, mixed(3), 1], "TYPE c64[2,3]")
case("aten::sum.IntList_out", [complexes, [1], False, None], "TYPE f32[2]")
case("aten::sum.IntList_out", [mixed(2, 3), [1], False, None], "TYPE c64[2]")
case("aten::bmm.out", [complexes.reshape(2, 3, 1), mixed(2, 1, 3)], "TYPE c64[2,3,3]")
case("aten::_fft_r2c.out", [mixed(2, 0), [1], 0, True], "SHAPE c64[2,1]")
case("aten::_fft_r2c.out", [mixed(2, 4, dtype=torch.float16), [1], 0, True], "TYPE c64[2,3]")
case("aten::_fft_r2c.out", [mixed(2, 4), [2], 0, True], "VALUE c64[2,3]")
case("aten::_fft_c2r.out", [complexes, [1], 0, 8], "SHAPE f32[2,8]")
case("aten::max_pool2d_with_indices_backward.grad_input",
     [mixed(1, 1, 1), mixed(1, 2, 2), [2, 2], [2, 2], [0, 0], [1, 1], False, torch.tensor([[[4]]])], "VALUE f32[1,2,2]")
case("aten::add.out", [mixed(2, 3), mixed(2), 1], "SHAPE f32[2,3]")
case("aten::add.out", [mixed(3), mixed(3), 1], "TYPE i32[3]")
case("aten::add.out", [mixed(3), mixed(3), 1], "SHAPE f32[4]")
case("aten::add.out", [mixed(5), mixed(5), 1], "SHAPE f32[1/4]")
case("aten::add.out", [mixed(3), "x", 1], "TYPE f32[3]")
case("aten::bitwise_and.Tensor_out", [mixed(3), mixed(3)], "TYPE f32[3]")
case("aten::remainder.Scalar_out", [mixed(3, dtype=torch.int32), 0], "VALUE i32[3]")
case("aten::div.out_mode", [mixed(3), mixed(3), "up"], "VALUE f32[3]")
case("aten::gelu.out", [mixed(3), "exact"], "VALUE f32[3]")
case("aten::permute_copy.out", [mixed(2, 3), [0, 0]], "VALUE f32[2,3]")
case("aten::permute_copy.out", [mixed(2, 3), [0, 2]], "VALUE f32[2,3]")
case("aten::permute_copy.out", [mixed(2, 3), [1]], "SHAPE f32[3,2]")
case("aten::view_copy.out", [mixed(2, 3), [4, -1]], "SHAPE f32[4,1]")
case("aten::view_copy.out", [mixed(2, 3), [6]], "TYPE i32[6]")
case("aten::expand_copy.out", [mixed(2, 3), [4, 3], False], "SHAPE f32[4,3]")
case("aten::slice_copy.Tensor_out", [mixed(7), 0, 0, 5, 0], "VALUE f32[5]")
case("aten::select_copy.int_out", [mixed(2, 3), 1, 3], "VALUE f32[2]")
case("aten::narrow_copy.out", [mixed(6), 0, 4, 3], "VALUE f32[3]")
case("aten::as_strided_copy.out", [mixed(12), [2, 3], [4, 4], 0], "VALUE f32[2,3]")
case("aten::as_strided_copy.out", [mixed(12), [2, 2], [1, -1], 3], "VALUE f32[2,2]")
case("aten::cat.out", [[mixed(2, 2), mixed(3, 3)], 0], "SHAPE f32[5,2]")
case("aten::roll.out", [mixed(4), [1, 2], [0]], "VALUE f32[4]")
case("aten::constant_pad_nd.out", [mixed(3), [-2, -2], 0], "VALUE f32[1]")
case("aten::embedding.out", [mixed(5, 3), torch.tensor([5]), -1, False, False], "VALUE f32[1,3]")
case("aten::embedding.out", [mixed(5, 3), torch.tensor([-1]), -1, False, False], "VALUE f32[1,3]")
case("aten::embedding.out", [mixed(5, 3), torch.tensor([1.0]), -1, False, False], "TYPE f32[1,3]")
case("aten::index_select.out", [mixed(4), 0, torch.tensor([4])], "VALUE f32[1]")
case("aten::gather.out", [mixed(3, 4), 1, torch.tensor([[4]]), False], "VALUE f32[1,1]")
case("aten::scatter.src_out", [mixed(3), 0, torch.tensor([3]), mixed(1)], "VALUE f32[3]")
case("aten::index.Tensor_out", [mixed(3, 4), [torch.tensor([3])]], "VALUE f32[1,4]")
case("aten::index.Tensor_out", [mixed(3, 4), [torch.tensor([-4])]], "VALUE f32[1,4]")
case("aten::index.Tensor_out", [mixed(3), [torch.tensor([True, False])]], "SHAPE f32[1]")
case("aten::index_put.out", [mixed(3), [torch.tensor([3])], mixed(1), False], "VALUE f32[3]")
case("aten::masked_scatter.out", [mixed(3), torch.tensor([True, True, True]), mixed(2)], "SHAPE f32[3]")
case("aten::amax.out", [seq(0, 3), [0], False], "VALUE f32[3]")
case("aten::sum.IntList_out", [mixed(2, 3), [0, 0], False, None], "VALUE f32[3]")
case("aten::topk.values", [mixed(3), 4, 0, True, True], "VALUE f32[4] i64[4]")
case("aten::native_layer_norm.out", [mixed(2, 3), [4], None, None, 1e-5], "SHAPE f32[2,3] f32[2,1] f32[2,1]")
case("aten::mm.out", [mixed(2, 3), mixed(2, 3)], "SHAPE f32[2,3]")
case("aten::bmm.out", [mixed(2, 2, 3), mixed(3, 3, 2)], "SHAPE f32[2,2,2]")
case("aten::convolution.out", [mixed(1, 2, 3, 3), mixed(1, 3, 2, 2), None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1],
     "SHAPE f32[1,1,2,2]")
case("aten::convolution.out", [mixed(1, 2, 3, 3), mixed(1, 2, 2, 2), None, [0, 1], [0, 0], [1, 1], False, [0, 0], 1],
     "VALUE f32[1,1,2,2]")
case("aten::convolution.out", [mixed(1, 2, 3, 3), mixed(1, 2, 4, 4), None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1],
     "SHAPE f32[1,1,1,1]")
case("aten::max_pool2d_with_indices.out", [mixed(1, 1, 2, 2), [3, 3], [], [0, 0], [1, 1], False],
     "SHAPE f32[1,1,1,1] i64[1,1,1,1]")
case("aten::reflection_pad1d.out", [mixed(1, 3), [3, 0]], "VALUE f32[1,6]")
case("aten::sym_size.int", [mixed(2, 3), 2], "VALUE")
case("executorch_prim::floordiv.Scalar", [3, 0], "VALUE")
case("executorch_prim::mod.int", [3, 0], "VALUE")
case("executorch_prim::et_copy_index.tensor", [Written(mixed(2, 3)), mixed(3), 2], "SHAPE")
case(L + "update_cache.out", [new_k, Written(cache_k), 5], "VALUE f32[1,6,2,8] f32[1]")
case(L + "custom_sdpa.out", [q, cache_k, cache_v, 5, None, 0.0, True, None], "VALUE f32[1,2,4,8]")
case(Q + "embedding_4bit.out", [weight, mixed(3, 1, low=1), None, -8, 7, torch.tensor([3])], "VALUE f32[1,2]")

(pathlib.Path(__file__).parent / "calls.txt").write_text("\n".join(lines) + "\n")
