#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports faults.pte with the real ExecuTorch: a method for each kind of index that an input can have out of range, each
behind a counter and a cache, whose new values it gives too."""
import torch
from executorch.exir import to_edge_transform_and_lower

X = torch.arange(12.0).reshape(3, 4)


class Stateful(torch.nn.Module):
    def __init__(self, pick):
        super().__init__()
        self.pick = pick
        self.register_buffer("count", torch.zeros(1))
        self.register_buffer("cache", torch.zeros(5, 2))

    def forward(self, index):
        self.count.add_(1)
        self.cache[index.reshape(-1)[:1]] = self.count.expand(1, 2)
        return self.pick(index), self.count.clone(), self.cache.clone()


class Plain(torch.nn.Module):
    def __init__(self, pick):
        super().__init__()
        self.pick = pick
        self.register_buffer("count", torch.zeros(1))

    def forward(self, index):
        self.count.add_(1)
        return self.pick(index), self.count.clone()


ROWS = torch.tensor([[0, 1]])
PICKS = {
    "embedding": lambda i: torch.nn.functional.embedding(i, X),
    "gather": lambda i: torch.gather(X, 1, i),
    "index_select": lambda i: torch.index_select(X, 0, i.reshape(-1)),
    "index": lambda i: X[i],
    "index_put": lambda i: torch.index_put(X, (i.reshape(-1),), torch.ones(2, 4)),
    "scatter": lambda i: torch.scatter(X, 1, i, torch.full((1, 2), 7.0)),
    "scatter_add": lambda i: torch.scatter_add(X, 1, i, torch.ones(1, 2)),
}
methods = {name: torch.export.export(Plain(pick), (ROWS,), strict=False) for name, pick in PICKS.items()}
methods["cache"] = torch.export.export(Stateful(lambda i: i + 1), (ROWS,), strict=False)
batch = {0: torch.export.Dim("batch", max=6)}
methods["bounded"] = torch.export.export(Plain(lambda x: x * 2), (torch.zeros(3, 2),), dynamic_shapes=(batch,))
program = to_edge_transform_and_lower(methods).to_executorch()
open("faults.pte", "wb").write(program.buffer)
