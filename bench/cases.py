# SPDX-License-Identifier: Apache-2.0
"""What is compared: shapes, the classes that they belong to, and the speed that each class is to reach."""
import glob
import os

# Class: (title, ExecuTorch's time over Mica's that is asked for; None: only that no row is slower).
CLASSES = {
    "linear_f32": ("linear f32, M ≥ 32", 1.6),
    "linear_f32_8": ("linear f32, M = 8", None),
    "linear_f32_1_l2": ("linear f32, M = 1, weights in L2", 1.15),
    "linear_f32_1": ("linear f32, M = 1, larger", 1.0),
    "f16": ("linear and bmm f16, M ≥ 8", 3.5),
    "linear_f16_1": ("linear f16, M = 1", 2.4),
    "linear_qc8w": ("linear qp8_f32_qc8w, M ≥ 8", 1.3),
    "linear_qc8w_1": ("linear qp8_f32_qc8w, M = 1", None),
    "pqs8": ("linear and conv pqs8_qc8w", 1.8),
    "linear_qb4w": ("linear qp8_f32_qb4w, M ≥ 8", 2.0),
    "linear_qb4w_1_l2": ("linear qp8_f32_qb4w, M = 1, weights in L2", 1.8),
    "linear_qb4w_1": ("linear qp8_f32_qb4w, M = 1, larger", None),
    "bmm_f32": ("bmm f32", 1.4),
    "conv_f32_1x1": ("conv f32 1×1", 1.3),
    "conv_f32_3x3": ("conv f32 3×3", 1.3),
    "first_f32": ("first layers 3×3 s2 and 7×7 s2, 3 channels, f32", None),
    "first_int8": ("first layers 3×3 s2 and 7×7 s2, 3 channels, int8", 2.0),
    "depthwise_f32": ("depthwise f32", 2.3),
    "depthwise_int8": ("depthwise int8", 4.0),
    "tiny_float": ("tiny: 1×256×256 and the tutorial's convolutions, float", 1.5),
    "tiny_int": ("tiny: the same, int8 and int4", 2.0),
    "fixtures_linear": ("every fixture: linear", None),
    "fixtures_conv2d": ("every fixture: conv2d", None),
    "fixtures_bmm": ("every fixture: bmm", None),
    "models": ("whole models", None),
}

VARIANTS = {"f32": "pf32_gemm", "f16": "pf16_gemm", "qc8w": "qp8_f32_qc8w_gemm", "pqs8": "pqs8_qc8w_gemm", "qb4w": "qp8_f32_qb4w_gemm"}
WEIGHT_BYTES = {"f32": 4, "f16": 2, "qc8w": 1, "pqs8": 1, "qb4w": 0.5625}
ARITHMETIC = {"f32": "f32", "f16": "f16", "qc8w": "int8", "pqs8": "int8", "qb4w": "int8"}

LINEAR = [(1, 256, 256), (1, 256, 768), (1, 1024, 1024), (1, 4096, 4096), (8, 1024, 1024), (32, 128, 256), (33, 129, 257), (32, 256, 256),
          (128, 1024, 1024), (256, 768, 3072)]
BMM = [(1, 256, 256, 256), (12, 128, 64, 128), (8, 512, 64, 512)]
# channels in and out, image, filter, stride, padding; of MobileNetV2 …
POINTWISE = [(32, 16, 112), (16, 96, 112), (96, 24, 56), (24, 144, 56), (144, 24, 56), (144, 32, 28), (32, 192, 28), (192, 32, 28),
             (192, 64, 14), (64, 384, 14), (384, 64, 14), (384, 96, 14), (96, 576, 14), (576, 96, 14), (576, 160, 7), (160, 960, 7),
             (960, 160, 7), (960, 320, 7), (320, 1280, 7)]
DEPTHWISE = [(32, 112, 1), (96, 112, 2), (144, 56, 1), (144, 56, 2), (192, 28, 1), (192, 28, 2), (384, 14, 1), (576, 14, 1),
             (576, 14, 2), (960, 7, 1)]
# … and of ResNet18
DENSE = [(64, 64, 56, 3, 1, 1), (64, 128, 56, 3, 2, 1), (64, 128, 56, 1, 2, 0), (128, 128, 28, 3, 1, 1), (128, 256, 28, 3, 2, 1),
         (128, 256, 28, 1, 2, 0), (256, 256, 14, 3, 1, 1), (256, 512, 14, 3, 2, 1), (256, 512, 14, 1, 2, 0), (512, 512, 7, 3, 1, 1)]
FIRST = [(3, 32, 224, 3, 2, 1), (3, 64, 224, 7, 2, 3)]


class Case:
    """One row. `make`: arguments of `mica make`; or `path` of a model with its `inputs` [(file, type, shape)] where recorded."""

    def __init__(self, name, group, make=None, path=None, inputs=None, kind=None, types=None, dims=None, macs=0, weights=0):
        self.name, self.group, self.make, self.path, self.inputs = name, group, make, path, inputs
        self.kind, self.types, self.dims, self.macs, self.weights = kind, types, dims, macs, weights


def linear(m, k, n, types, group=None):
    if not group:
        size = k * n * WEIGHT_BYTES[types]
        if (m, k, n) == (1, 256, 256) and types != "f32":
            group = "tiny_float" if types == "f16" else "tiny_int"
        elif types == "pqs8":
            group = "pqs8"
        elif m == 1:
            group = f"linear_{types}_1" + ("_l2" if types in ("f32", "qb4w") and size <= 1 << 20 else "")
        elif types == "f16":
            group = "f16"
        else:
            group = "linear_f32_8" if types == "f32" and m < 32 else f"linear_{types}"
    return Case(f"linear {types} {m}x{k}x{n}", group,
                ["linear", "--variant", VARIANTS[types], "--m", m, "--k", k, "--n", n],
                kind="linear", types=types, dims=(m, k, n), macs=m * k * n, weights=k * n * WEIGHT_BYTES[types])


def bmm(b, m, k, n, types):
    return Case(f"bmm {types} {b}x{m}x{k}x{n}", "f16" if types == "f16" else "bmm_f32",
                ["matmul", "--variant", VARIANTS[types], "--batch", b, "--m", m, "--k", k, "--n", n],
                kind="bmm", types=types, dims=(b, m, k, n), macs=b * m * k * n, weights=b * k * n * WEIGHT_BYTES[types])


def convolution(cin, cout, size, kernel, stride, padding, groups, types, group):
    out = (size + 2 * padding - kernel) // stride + 1
    weights = cout * (cin // groups) * kernel * kernel
    word = "depthwise" if groups > 1 else "conv"
    return Case(f"{word} {types} {cin}→{cout} {size}² {kernel}×{kernel}" + (f" s{stride}" if stride > 1 else ""), group,
                ["conv2d", "--variant", VARIANTS[types], "--in-channels", cin, "--out-channels", cout, "--height", size, "--width",
                 size, "--kernel", kernel, "--stride", stride, "--padding", padding, "--groups", groups],
                kind="conv", types=types, dims=(cin, cout, size, kernel, stride, padding, groups), macs=weights * out * out,
                weights=weights * WEIGHT_BYTES[types])


def synthetic():
    cases = [linear(*shape, types) for types in VARIANTS for shape in LINEAR if types != "qb4w" or shape[1] % 32 == 0]
    cases.append(linear(33, 160, 257, "qb4w"))
    cases.append(linear(1, 256, 256, "f32", "tiny_float"))
    cases += [bmm(*shape, types) for types in ("f32", "f16") for shape in BMM]
    for types in ("f32", "pqs8"):
        word = "f32" if types == "f32" else "int8"
        for cin, cout, size in POINTWISE:
            cases.append(convolution(cin, cout, size, 1, 1, 0, 1, types, "conv_f32_1x1" if types == "f32" else "pqs8"))
        for dense in DENSE:
            cases.append(convolution(*dense, 1, types, f"conv_f32_{dense[3]}x{dense[3]}" if types == "f32" else "pqs8"))
        for first in FIRST:
            cases.append(convolution(*first, 1, types, f"first_{word}"))
        for channels, size, stride in DEPTHWISE:
            cases.append(convolution(channels, channels, size, 3, stride, 1, channels, types, f"depthwise_{word}"))
    return cases


def fixtures(folder):
    """Recorded cases: the first call of each model whose operator is asked for, the tutorial's convolutions, whole models."""
    index = os.path.join(folder, "cases.tsv")
    if not os.path.exists(index):
        return []
    cases, seen = [], set()
    for line in open(index):
        if line.startswith("#"):
            continue
        name, place, method, call, inputs, _, _, _, variant, _, external, tags = line.rstrip("\n").split("\t")
        tags = tags.split(",")
        if place in seen or call != "0" or method != "forward" or external != "-" or "portable" in tags:
            continue
        parts = [part.split(":") for part in inputs.split(";")]
        if any(part[1][0] == "s" for part in parts):
            continue
        seen.add(place)
        root = place.split("/")[0]
        if root == "v1.0" and name.startswith("conv"):
            group = "tiny_int" if "qs8" in name else "tiny_float"
        elif root == "models":
            group = "models"
        else:
            group = next((f"fixtures_{kind}" for kind in ("linear", "conv2d", "bmm") if kind in tags), None)
        if group:
            base = os.path.join(folder, place)
            cases.append(Case(f"{root}/{name}", group, path=os.path.join(base, "model.pte"),
                              inputs=[(os.path.join(base, part[0]), part[1], part[2] if len(part) > 2 else "") for part in parts]))
    return cases


def models(folder):
    return [Case(os.path.basename(path)[:-4], "models", path=path) for path in sorted(glob.glob(os.path.join(folder, "*.pte")))]


# ---- how cost grows: a series is (title, what varies, its values, case of a value) ----

def growth():
    rows = [1, 2, 3, 4, 6, 8, 12, 16, 24, 31, 32, 33, 48, 63, 64, 65, 96, 128, 192, 256]
    odd = [64, 65, 96, 127, 128, 129, 192, 255, 256, 257, 384, 512, 513, 768, 1024, 1025, 1536, 2048]
    yield "Size of the model: linear f32 1×S×S", "S", [2 ** i for i in range(5, 13)], lambda size: linear(1, size, size, "f32", "growth")
    for types in ("f32", "qc8w"):
        yield f"M, linear {types} M×512×512", "M", rows, lambda m, t=types: linear(m, 512, 512, t, "growth")
        yield f"K, linear {types} 32×K×256", "K", odd, lambda k, t=types: linear(32, k, 256, t, "growth")
        yield f"N, linear {types} 32×256×N", "N", odd, lambda n, t=types: linear(32, 256, n, t, "growth")


# ---- what is loaded in fresh processes ----

RUNTIME = linear(1, 16, 16, "f32", "load")  # what it adds is the runtime itself


def loads():
    return [RUNTIME] + [linear(1, size, size, types, "load") for types in ("f32", "qc8w", "qb4w") for size in (1024, 4096)]
