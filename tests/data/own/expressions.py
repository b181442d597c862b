#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports expressions.pte with the real ExecuTorch: element-wise operators whose operands are broadcast along short rows, long
rows, across each other and from one element."""
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower


class Expressions(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.linspace(-1, 1, 700))

    def forward(self, x, y, cos, sin, rows, scale, column, line):
        rotary = x * cos - y * sin
        norm = rows * scale * self.weight
        crossed = torch.tanh((column + line) / scale[0, 0]) - line
        single = torch.maximum(column[0, 0, 0, 0] + x, y).abs()
        return rotary, norm, crossed, single


shapes = [(1, 61, 7, 29), (1, 61, 7, 29), (1, 61, 1, 29), (1, 61, 1, 29), (51, 700), (51, 1), (2, 1, 90, 1), (1, 5, 1, 30)]
program = to_edge_transform_and_lower(torch.export.export(Expressions(), tuple(torch.zeros(s) for s in shapes)),
                                      partitioner=[XnnpackPartitioner()]).to_executorch()
open("expressions.pte", "wb").write(program.buffer)
