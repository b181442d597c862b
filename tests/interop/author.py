#!/usr/bin/env python3
"""Models that mica makes, in the real ExecuTorch.

    tests/interop/author.py MICA [COUNT]

Makes the tutorial's models and COUNT random ones (200), runs each in ExecuTorch and in mica with the same inputs, and opens
its ETRecord in the Inspector. Bundled programs are written and read both ways, external weights loaded. Then exports
layers with PyTorch's and torchao's quantizers and compares all constants with mica's, made of the same weights and samples, bit
for bit. Needs ExecuTorch's Python package.
"""
import glob
import logging
import os
import random
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import numpy as np  # noqa: E402
import torch  # noqa: E402
from executorch.devtools import BundledProgram, Inspector  # noqa: E402
from executorch.devtools.bundled_program.config import MethodTestCase, MethodTestSuite  # noqa: E402
from executorch.devtools.bundled_program.serialize import (  # noqa: E402
    serialize_from_bundled_program_to_flatbuffer,
)
from executorch.exir._serialize._program import deserialize_pte_binary  # noqa: E402
from executorch.extension.pybindings.portable_lib import (  # noqa: E402
    _load_bundled_program_from_buffer,
    _load_for_executorch,
)

TYPES = {5: torch.float16, 6: torch.float32}
# Of the largest output: float sums in another order; a quantum of int8 that falls to the other side.
ROOM = {"pf32_gemm": 1e-5, "pf16_gemm": 1e-2, "pqs8_qc8w_gemm": 2e-2, "qp8_f32_qc8w_gemm": 1e-2, "qp8_f32_qb4w_gemm": 1e-2,
        "qp8_f32_qc4w_gemm": 1e-2}


def make(mica, out, words):
    subprocess.run([mica, "make", *words, "-o", out], check=True)


def random_words(dice):
    op = dice.choice(["linear", "linear", "conv2d", "conv2d", "matmul"])
    variants = {"linear": list(ROOM), "conv2d": list(ROOM)[:3], "matmul": list(ROOM)[:2]}[op]
    variant = dice.choice(variants)
    size = lambda most: str(dice.randint(1, most))  # noqa: E731
    words = [op, "--variant", variant, "--seed", size(10**6)]
    if op == "linear":
        k = 32 * dice.randint(1, 8) if "4w" in variant else dice.randint(1, 300)
        words += ["--m", size(20), "--k", str(k), "--n", size(300)]
    elif op == "matmul":
        words += ["--batch", size(4), "--m", size(60), "--k", size(60), "--n", size(60)]
    else:
        groups = dice.choice([1, 1, 1, 2, 3])
        kernel = dice.randint(1, 3)
        words += ["--batch", size(2), "--in-channels", str(groups * dice.randint(1, 8)), "--groups", str(groups)]
        words += ["--out-channels", str(groups * dice.randint(1, 8)), "--height", str(dice.randint(5, 20))]
        words += ["--width", str(dice.randint(3, 20)), "--kernel", str(kernel), "--stride", size(2)]
        words += ["--padding", str(dice.randint(0, kernel // 2)), "--dilation", dice.choice(["1", "1", "2x1"])]
        words += ["--per-tensor"] if "pqs8" in variant and dice.random() < 0.3 else []
    words += ["--no-bias"] if op != "matmul" and dice.random() < 0.3 else []
    return words, ROOM[variant]


def random_chain(dice):
    """A small network, and what it may differ by: a quantum of one layer moves the next ones."""
    size = lambda most: dice.randint(1, most)  # noqa: E731
    act = lambda: dice.choice(["", " act=relu", " act=relu6"])  # noqa: E731
    lines = [f"x = input {size(2)}x{size(6) + 1}x{size(9) + 5}x{size(9) + 5}"]
    for _ in range(size(4)):
        quant = dice.choice(["none", "static", "per-tensor", "dynamic"])
        kernel = dice.choice([1, 1, 2, 3])
        window = f"kernel={kernel} padding={kernel // 2} stride={dice.choice([1, 1, 2])}"
        kind = dice.randint(0, 5)
        if kind == 0:
            lines.append(f"depthwise {window} quant={'static' if quant == 'dynamic' else quant}{act()}")
        elif kind == 1:
            name = f"y{len(lines)}"
            lines += [f"{name} = {dice.choice(['sigmoid', 'tanh', 'hardswish', 'abs'])}", f"add {name}"]
        else:
            lines.append(f"conv2d channels={size(12) + 1} {window} quant={quant}{act()}")
    lines += ["globalavgpool", "flatten", f"linear n=64{act()} quant={dice.choice(['none', 'static', 'dynamic'])}"]
    for _ in range(dice.randint(0, 2)):
        lines.append(f"linear n=64 quant={dice.choice(['int4', 'int4-channels', 'dynamic'])}{act()}")
    lines += ["softmax"] if dice.random() < 0.3 else []
    return "\n".join(lines) + "\n"


def inputs_of(method):
    meta = method.method_meta("forward")
    tensors = [meta.input_tensor_meta(i) for i in range(meta.num_inputs())]
    return [torch.randn(list(t.sizes())).to(TYPES[t.dtype()]) for t in tensors]


def agrees(mica, model, room, folder):
    """Runs both with the same inputs; the run of mica leaves its profile in the folder."""
    method = _load_for_executorch(model)
    inputs = inputs_of(method)
    want = method.forward(inputs)[0].numpy().astype(np.float64)
    command = [mica, "run", model, "--output-dir", folder, "--quiet", "--etdump-path", f"{folder}/run.etdump"]
    for i, value in enumerate(inputs):
        np.save(f"{folder}/{i}.npy", value.numpy())
        command += ["--input", f"{folder}/{i}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    got = np.load(f"{folder}/output_0.npy").astype(np.float64)
    return got.shape == want.shape and np.abs(got - want).max() <= room * max(np.abs(want).max(), 1e-3)


def inspected(model, folder):
    blocks = Inspector(etdump_path=f"{folder}/run.etdump", etrecord=model[:-3] + "etrecord").event_blocks
    return any(event.op_types for block in blocks for event in block.events)


def same_bundles(mica, folder):
    """mica's bundle is verified by ExecuTorch, and not when it is damaged; ExecuTorch's is verified by mica."""
    failed, model = 0, f"{folder}/bundled.pte"
    for words in (["linear"], ["conv2d", "--variant", "pqs8_qc8w_gemm"], ["matmul", "--m", "5"]):
        make(mica, model, [*words, "--bundle", "2"])
        with open(model[:-3] + "bpte", "rb") as file:
            data = file.read()
        bundle = _load_bundled_program_from_buffer(data)
        for case in range(2):
            bundle.verify_result_with_bundled_expected_output("forward", case, 1e-2, 2e-2)
        subprocess.run([mica, "run", model[:-3] + "bpte", "--bundled"], check=True, stdout=subprocess.DEVNULL)
        method = _load_for_executorch(model)
        inputs = inputs_of(method)
        for scale in (1, 2):
            outputs = [value * scale for value in method.forward(inputs)]
            suite = MethodTestSuite("forward", [MethodTestCase(inputs, outputs)])
            with open(f"{folder}/theirs.bpte", "wb") as file:
                theirs = BundledProgram(None, [suite], pte_file_path=model)
                file.write(serialize_from_bundled_program_to_flatbuffer(theirs))
            run = subprocess.run([mica, "run", f"{folder}/theirs.bpte", "--bundled", "--rtol", "1e-2", "--atol", "2e-2"],
                                 capture_output=True)
            failed += run.returncode != scale - 1
    make(mica, f"{folder}/apart.pte", ["linear", "--external-weights"])
    apart = _load_for_executorch(f"{folder}/apart.pte", f"{folder}/apart.ptd")
    failed += list(apart.forward(inputs_of(apart))[0].shape) != [1, 256]
    print(f"bundled programs and external weights, both ways: {failed} differ")
    return failed


def named(model):
    with open(model, "rb") as file:
        data = deserialize_pte_binary(file.read()).named_data
    return {bytes(data.buffers[entry.buffer_index]) for entry in data.pte_data.values()}


def export(module, example, path):
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    program = torch.export.export(module, (example,))
    lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    with open(path, "wb") as file:
        file.write(lowered.buffer)


def pt2e(module, example, **options):
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(**options))
    prepared = prepare_pt2e(torch.export.export(module, (example,)).module(), quantizer)
    prepared(example)
    return convert_pt2e(prepared)


def int4(module, granularity):
    from torchao.quantization.quant_api import Int8DynamicActivationIntxWeightConfig, quantize_

    config = Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=granularity)
    quantized = torch.nn.Sequential(module)
    quantize_(quantized, config)
    return quantized


def same_bits(mica, folder):
    """For each way to quantize: how many constants the two files share, of how many that must."""
    from torchao.quantization.granularity import PerAxis, PerGroup

    torch.manual_seed(5)
    rows, image = torch.randn(3, 64), torch.randn(1, 3, 16, 16)
    linear = lambda: torch.nn.Linear(64, 24)  # noqa: E731
    conv = lambda: torch.nn.Conv2d(3, 6, 3)  # noqa: E731
    shape = ["linear", "--m", "3", "--k", "64", "--n", "24", "--variant"]
    ways = [  # and how many constants there are: weights, scales where they are a vector, biases with theirs
        ("float", linear, rows, lambda m: m, [*shape, "pf32_gemm"], 2),
        ("half", lambda: linear().half(), rows.half(), lambda m: m, [*shape, "pf16_gemm"], 2),
        ("static", linear, rows, lambda m: pt2e(m, rows, is_per_channel=True), [*shape, "pqs8_qc8w_gemm"], 4),
        ("dynamic", linear, rows, lambda m: pt2e(m, rows, is_per_channel=True, is_dynamic=True),
         [*shape, "qp8_f32_qc8w_gemm"], 3),
        ("dynamic int4", linear, rows, lambda m: pt2e(m, rows, is_per_channel=True, is_dynamic=True, weight_qmin=-8,
         weight_qmax=7), [*shape, "qp8_f32_qc4w_gemm"], 3),
        ("int4 blocks", linear, rows, lambda m: int4(m, PerGroup(32)), [*shape, "qp8_f32_qb4w_gemm"], 3),
        ("int4 rows", linear, rows, lambda m: int4(m, PerAxis(0)),
         [*shape, "qp8_f32_qb4w_gemm", "--group-size", "64"], 3),
        ("convolution", conv, image, lambda m: pt2e(m, image, is_per_channel=True),
         ["conv2d", "--variant", "pqs8_qc8w_gemm"], 4),
        ("per tensor", conv, image, lambda m: pt2e(m, image, is_per_channel=False),
         ["conv2d", "--variant", "pqs8_qc8w_gemm", "--per-tensor"], 2),
    ]
    failed = 0
    for name, build, example, quantize, words, expected in ways:
        module = build().eval()
        np.save(f"{folder}/w.npy", module.weight.detach().float().numpy())
        np.save(f"{folder}/b.npy", module.bias.detach().float().numpy())
        export(quantize(module), example, f"{folder}/theirs.pte")
        words += ["--weights", f"{folder}/w.npy", f"--bias={folder}/b.npy"]
        if "pqs8_qc8w_gemm" in words:
            np.save(f"{folder}/x.npy", example.numpy())
            words += ["--calibration", f"{folder}/x.npy"]
        make(mica, f"{folder}/ours.pte", words)
        shared = len(named(f"{folder}/theirs.pte") & named(f"{folder}/ours.pte"))
        if shared != expected:
            failed += 1
            print(f"{name}: {shared} constants are the same, {expected} must be")
    print(f"{len(ways)} exported layers compared, {failed} differ")
    return failed


def main(mica, count="200"):
    dice, failed, chains = random.Random(1), 0, int(count) // 3
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        make(mica, f"{folder}/all", ["--all"])
        models = [(path, 2e-2) for path in sorted(glob.glob(f"{folder}/all/*.pte"))]
        for i in range(int(count)):
            words, room = random_words(dice)
            if i < chains:
                with open(f"{folder}/{i}.txt", "w") as file:
                    file.write(random_chain(dice))
                words, room = ["chain", f"{folder}/{i}.txt", "--seed", str(i)], 5e-2
            make(mica, f"{folder}/{i}.pte", words)
            models.append((f"{folder}/{i}.pte", room))
        for model, room in models:
            good = agrees(mica, model, room, folder)
            if not (inspected(model, folder) and good):
                failed += 1
                print(f"differs: {model}")
        print(f"{len(models)} models run and inspected, {chains} of them networks, {failed} differ")
        failed += same_bundles(mica, folder)
        failed += same_bits(mica, folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
