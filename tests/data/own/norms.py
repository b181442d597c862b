#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a program: two layer norms that follow each other, so that all means of the second are what rounding left."""
import sys

import torch
from executorch.exir import to_edge


class Norms(torch.nn.Module):
    def forward(self, x):
        x = torch.nn.functional.layer_norm(x, (32,))
        return torch.nn.functional.layer_norm(x, (32,)), x.mean(2)


torch.manual_seed(7)
exported = torch.export.export(Norms(), (torch.randn(2, 17, 32),))
with open(sys.argv[1], "wb") as file:
    file.write(to_edge(exported).to_executorch().buffer)
