#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports caches.pte with the real ExecuTorch: three caches, the second put at other positions than its neighbours."""
import torch
from executorch.exir import to_edge_transform_and_lower


class Caches(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for name in "abc":
            self.register_buffer(name, torch.zeros(1, 2, 8, 4))

    def forward(self, x, p, q):
        self.a[:, :, p] = x
        self.b[:, :, q] = x + 1
        self.c[:, :, p] = x + 2
        sum = self.c + self.a
        return self.a.unsqueeze(0) * 2, self.b + 1, torch.where(sum > 4, -1.0, sum) + self.b


inputs = torch.zeros(1, 2, 1, 4), torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long)
program = to_edge_transform_and_lower(torch.export.export(Caches(), inputs)).to_executorch()
open("caches.pte", "wb").write(program.buffer)
