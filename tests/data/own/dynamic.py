#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes dynamic/ beside this file: convolutions whose inputs are quantized while they run, with the outputs of the real
ExecuTorch: image by image, but pixel by pixel where a filter is a fully connected layer."""
import pathlib

import torch
from executorch.backends.xnnpack.partition.config.xnnpack_config import ConfigPrecisionType
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from executorch.exir import to_edge_transform_and_lower
from executorch.extension.pybindings.portable_lib import _load_for_executorch_from_buffer
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

torch.manual_seed(7)
MODELS = {
    "padded": (torch.nn.ConvTranspose2d(4, 6, 3, 2, 1, 1), torch.randn(2, 4, 5, 4)),
    "groups": (torch.nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), groups=2), torch.randn(1, 4, 5, 4)),
    "pixels": (torch.nn.Conv2d(4, 6, 1), torch.randn(2, 4, 5, 3) * torch.tensor([1.0, 4.0, 9.0])),
    "strided": (torch.nn.Conv2d(4, 6, 1, 2), torch.randn(2, 4, 5, 3) * torch.tensor([1.0, 4.0, 9.0])),
}
for name, (model, image) in MODELS.items():
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True))
    prepared = prepare_pt2e(torch.export.export(model.eval(), (image,)).module(), quantizer)
    prepared(image)
    exported = torch.export.export(convert_pt2e(prepared), (image,))
    partitioner = XnnpackPartitioner(config_precisions=ConfigPrecisionType.DYNAMIC_QUANT, per_op_mode=True)
    program = to_edge_transform_and_lower(exported, partitioner=[partitioner, XnnpackPartitioner()]).to_executorch()
    folder = pathlib.Path(__file__).parent / "dynamic" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.pte").write_bytes(program.buffer)
    (output,) = _load_for_executorch_from_buffer(program.buffer).forward([image])
    image.numpy().tofile(folder / "input_0.bin")
    output.contiguous().numpy().tofile(folder / "output_0.bin")
