#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes methods/ beside this file: a program of two methods with buffers of their own, called in turn, with the outputs of
the real ExecuTorch."""
import pathlib

import torch
from executorch.exir import to_edge
from executorch.extension.pybindings.portable_lib import _load_for_executorch_from_buffer


class Count(torch.nn.Module):
    def __init__(self, step):
        super().__init__()
        self.register_buffer("total", torch.zeros(3))
        self.step = step

    def forward(self, x):
        self.total.add_(x * self.step)
        return self.total + 1


torch.manual_seed(7)
inputs = [torch.randn(3) for _ in range(5)]
methods = {name: torch.export.export(Count(step), (inputs[0],)) for name, step in (("up", 1), ("down", -2))}
program = to_edge(methods).to_executorch()
loaded = _load_for_executorch_from_buffer(program.buffer)
folder = pathlib.Path(__file__).parent / "methods"
folder.mkdir(exist_ok=True)
(folder / "model.pte").write_bytes(program.buffer)
lines = ["#case folder method call inputs outputs atol rtol variant delegate_calls external_data tags".replace(" ", "\t")]
for call, (name, x) in enumerate(zip(("up", "down", "up", "down", "up"), inputs)):
    (output,) = loaded.run_method(name, (x,), clone_outputs=True)
    x.numpy().tofile(folder / f"call{call}_input_0.bin")
    output.numpy().tofile(folder / f"call{call}_output_0.bin")
    files = [f"call{call}_input_0.bin:f32:3", f"call{call}_output_0.bin:f32:3"]
    lines.append("\t".join(["methods", ".", name, str(call // 2), *files, "0", "1e-6", "portable", "0", "-", "stateful"]))
(folder / "cases.tsv").write_text("\n".join(lines) + "\n")
