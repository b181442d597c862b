#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports renames.pte with the real ExecuTorch: transposes in a row, one that only renames, and reshaped outputs."""
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower


class Renames(torch.nn.Module):
    def forward(self, x):
        y = (x + 1).permute(0, 2, 1, 3).permute(2, 0, 3, 1)
        z = (x * 3).permute(1, 0, 2, 3)
        w = (z - 2).reshape(15, 4)
        return torch.sigmoid(y) * 2, z.reshape(5, 12), w, w.reshape(60)


program = to_edge_transform_and_lower(torch.export.export(Renames(), (torch.zeros(1, 5, 3, 4),)),
                                      partitioner=[XnnpackPartitioner()]).to_executorch()
open("renames.pte", "wb").write(program.buffer)
