# SPDX-License-Identifier: Apache-2.0
# Writes a bundled program with ExecuTorch 1.4.1's exporter: two methods, four test cases, three batch sizes.
import sys

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.devtools import BundledProgram
from executorch.devtools.bundled_program.config import MethodTestCase, MethodTestSuite
from executorch.devtools.bundled_program.serialize import serialize_from_bundled_program_to_flatbuffer
from executorch.exir import to_edge_transform_and_lower


class Scores(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 4)

    def forward(self, x, n: int):
        return torch.tanh(self.linear(x)) * n, torch.cumsum(x, 1)


class Best(torch.nn.Module):
    def forward(self, x):
        return x.argmax(dim=1)


def case(module, *inputs):
    return MethodTestCase(inputs=list(inputs), expected_outputs=module(*inputs))


torch.manual_seed(7)
scores, best = Scores().eval(), Best().eval()
batch = {0: torch.export.Dim("batch", max=5)}
exported = {
    "forward": torch.export.export(scores, (torch.randn(3, 6), 3), dynamic_shapes=(batch, None)),
    "best": torch.export.export(best, (torch.randn(2, 5),)),
}
program = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch()
with torch.no_grad():
    suites = [
        MethodTestSuite("forward", [case(scores, torch.randn(n, 6), 3) for n in (3, 1, 5)]),
        MethodTestSuite("best", [case(best, torch.randn(2, 5))]),
    ]
    open(sys.argv[1], "wb").write(serialize_from_bundled_program_to_flatbuffer(BundledProgram(program, suites)))
