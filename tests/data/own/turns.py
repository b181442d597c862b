#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports turns.pte with the real ExecuTorch: int8 planes that are turned to pixels before they become floats."""
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


class Turns(torch.nn.Module):
    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        return (x + x).permute(0, 2, 3, 1)


image = torch.randn(2, 18, 21, 20)
quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config())
prepared = prepare_pt2e(torch.export.export(Turns(), (image,)).module(), quantizer)
prepared(image)
program = to_edge_transform_and_lower(torch.export.export(convert_pt2e(prepared), (image,)),
                                      partitioner=[XnnpackPartitioner()]).to_executorch()
open("turns.pte", "wb").write(program.buffer)
