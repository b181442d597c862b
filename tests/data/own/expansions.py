#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports expansions.pte with the real ExecuTorch: two inverted residual blocks, whose wide images only the next layer reads."""
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower

torch.manual_seed(1)
network = torch.nn.Sequential(
    torch.nn.Conv2d(8, 40, 1), torch.nn.ReLU6(),
    torch.nn.Conv2d(40, 40, 3, padding=1, groups=40), torch.nn.ReLU6(),
    torch.nn.Conv2d(40, 24, 1),
    torch.nn.Conv2d(24, 72, 1, bias=False), torch.nn.ReLU(),
    torch.nn.Conv2d(72, 72, 5, stride=2, padding=2, groups=72, bias=False)).eval()
program = to_edge_transform_and_lower(torch.export.export(network, (torch.zeros(2, 8, 21, 48),)),
                                      partitioner=[XnnpackPartitioner()]).to_executorch()
open("expansions.pte", "wb").write(program.buffer)
