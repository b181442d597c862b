#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports the whole models of docs/performance.md with the real ExecuTorch, for bench/compare.py.

    pip install executorch torch torchao
    bench/export_models.py DIR [NAME…]

Writes DIR/NAME.pte (all of them without NAME) and DIR/models.tsv with the inputs of each. Weights and inputs are random from
one seed: speed does not depend on them. Models are lowered as the tutorials do: XnnpackPartitioner for everything,
XNNPACKQuantizer for int8, torchao for 4 bits. Nothing but this script needs ExecuTorch; without it nothing is written.
"""
import argparse
import logging
import pathlib
import sys
import warnings

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer, get_symmetric_quantization_config)
    from executorch.exir import to_edge_transform_and_lower
    from torchao.quantization.granularity import PerGroup
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.quant_api import Int8DynamicActivationIntxWeightConfig, quantize_
except ImportError as missing:
    sys.exit(f"export_models.py: needs executorch, torch and torchao ({missing}); models stay unmade")


# ---- vision ----

def conv_bn(inputs, outputs, kernel, stride=1, groups=1, act=nn.Identity):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(outputs), act())


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expand):
        super().__init__()
        hidden = inputs * expand
        self.adds = stride == 1 and inputs == outputs
        self.body = nn.Sequential(*([conv_bn(inputs, hidden, 1, act=nn.ReLU6)] if expand > 1 else []),
                                  conv_bn(hidden, hidden, 3, stride, hidden, nn.ReLU6), conv_bn(hidden, outputs, 1))

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


class MobileNetV2(nn.Module):
    STAGES = (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)

    def __init__(self):
        super().__init__()
        layers, width = [conv_bn(3, 32, 3, 2, act=nn.ReLU6)], 32
        for expand, outputs, count, stride in self.STAGES:
            for i in range(count):
                layers.append(InvertedResidual(width, outputs, stride if i == 0 else 1, expand))
                width = outputs
        self.features = nn.Sequential(*layers, conv_bn(width, 1280, 1, act=nn.ReLU6))
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first, self.second = conv_bn(inputs, outputs, 3, stride, act=nn.ReLU), conv_bn(outputs, outputs, 3)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu(self.second(self.first(x)) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        widths = 64, 64, 64, 128, 128, 256, 256, 512, 512
        blocks = [BasicBlock(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])]
        self.features = nn.Sequential(conv_bn(3, 64, 7, 2, act=nn.ReLU), nn.MaxPool2d(3, 2, 1), *blocks)
        self.classifier = nn.Linear(512, 1000)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


# ---- encoders ----

class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, mask=None):
        q, k, v = (layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for layer in (self.query, self.key, self.value))
        return self.out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A transformer layer, normalised before (ViT) or after (BERT) each half."""

    def __init__(self, width, heads, before):
        super().__init__()
        self.before, self.attention = before, Attention(width, heads)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x, mask=None):
        if self.before:
            x = x + self.attention(self.norms[0](x), mask)
            return x + self.mlp(self.norms[1](x))
        x = self.norms[0](x + self.attention(x, mask))
        return self.norms[1](x + self.mlp(x))


class ViTTiny(nn.Module):
    WIDTH, HEADS, LAYERS, PATCH, IMAGE = 192, 3, 12, 16, 224

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, self.WIDTH, self.PATCH, self.PATCH)
        self.token = nn.Parameter(torch.randn(1, 1, self.WIDTH) * 0.02)
        self.position = nn.Parameter(torch.randn(1, (self.IMAGE // self.PATCH) ** 2 + 1, self.WIDTH) * 0.02)
        self.blocks = nn.Sequential(*(Block(self.WIDTH, self.HEADS, True) for _ in range(self.LAYERS)))
        self.norm, self.head = nn.LayerNorm(self.WIDTH), nn.Linear(self.WIDTH, 1000)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), 1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


class Bert(nn.Module):
    """BERT-medium: 8 layers of 512."""
    WIDTH, HEADS, LAYERS, VOCABULARY, LENGTH = 512, 8, 8, 8192, 128

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(self.VOCABULARY, self.WIDTH)
        self.positions = nn.Embedding(self.LENGTH, self.WIDTH)
        self.types = nn.Embedding(2, self.WIDTH)
        self.norm = nn.LayerNorm(self.WIDTH)
        self.blocks = nn.ModuleList(Block(self.WIDTH, self.HEADS, False) for _ in range(self.LAYERS))
        self.pooler = nn.Linear(self.WIDTH, self.WIDTH)

    def forward(self, ids, mask, types):
        x = self.norm(self.words(ids) + self.positions(torch.arange(ids.shape[1])) + self.types(types))
        mask = (1.0 - mask)[:, None, None, :] * -1e4
        for block in self.blocks:
            x = block(x, mask)
        return x, torch.tanh(self.pooler(x[:, 0]))


# ---- decoder ----

class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


class CachedAttention(nn.Module):
    """Keeps keys and values of all positions. `custom`: with ExecuTorch's own operators for the cache and the product."""

    def __init__(self, width, heads, context, custom):
        super().__init__()
        self.heads, self.custom, size = heads, custom, width // heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        shape = (1, context, heads, size) if custom else (1, heads, context, size)
        self.register_buffer("keys", torch.zeros(shape))
        self.register_buffer("values", torch.zeros(shape))

    def forward(self, x, cos, sin, positions):
        q, k, v = (layer(x).unflatten(-1, (self.heads, -1)) for layer in (self.query, self.key, self.value))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if self.custom:
            start = positions[0].item()
            torch._check_is_size(start)
            torch._check(start < self.keys.shape[1])
            torch.ops.llama.update_cache(k, self.keys, start)
            torch.ops.llama.update_cache(v, self.values, start)
            return self.out(torch.ops.llama.custom_sdpa(q, self.keys, self.values, start, None, 0.0, True).flatten(2))
        self.keys[:, :, positions] = k.transpose(1, 2)
        self.values[:, :, positions] = v.transpose(1, 2)
        mask = torch.arange(self.keys.shape[2])[None] <= positions[:, None]
        y = F.scaled_dot_product_attention(q.transpose(1, 2), self.keys, self.values, attn_mask=mask)
        return self.out(y.transpose(1, 2).flatten(2))


class DecoderBlock(nn.Module):
    def __init__(self, width, heads, hidden, context, custom):
        super().__init__()
        self.attention = CachedAttention(width, heads, context, custom)
        self.norms = nn.ModuleList(RMSNorm(width) for _ in range(2))
        self.gate, self.up = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin, positions):
        x = x + self.attention(self.norms[0](x), cos, sin, positions)
        y = self.norms[1](x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    """67 million parameters in its layers and head."""
    WIDTH, HEADS, LAYERS, HIDDEN, VOCABULARY, CONTEXT = 768, 12, 8, 2048, 12288, 256

    def __init__(self, custom=False):
        super().__init__()
        self.tokens = nn.Embedding(self.VOCABULARY, self.WIDTH)
        self.blocks = nn.ModuleList(DecoderBlock(self.WIDTH, self.HEADS, self.HIDDEN, self.CONTEXT, custom)
                                    for _ in range(self.LAYERS))
        self.norm, self.head = RMSNorm(self.WIDTH), nn.Linear(self.WIDTH, self.VOCABULARY, bias=False)
        size = self.WIDTH // self.HEADS
        angles = torch.outer(torch.arange(self.CONTEXT), 10000.0 ** (-torch.arange(0, size, 2) / size))[:, None]
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, tokens, positions):
        x, cos, sin = self.tokens(tokens), self.cos[positions], self.sin[positions]
        for block in self.blocks:
            x = block(x, cos, sin, positions)
        return self.head(self.norm(x))


# ---- quantization ----

def as_is(module, _):
    return module


def by_quantizer(dynamic):
    def quantize(module, inputs):
        config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=dynamic)
        prepared = prepare_pt2e(torch.export.export(module, inputs).module(), XNNPACKQuantizer().set_global(config))
        prepared(*inputs)
        return convert_pt2e(prepared)
    return quantize


def four_bits(module, _):
    quantize_(module, Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32)))
    return module


# ---- the list ----

def image():
    return (torch.randn(1, 3, 224, 224),)


def sentence():
    length = Bert.LENGTH
    ids, mask = torch.randint(0, Bert.VOCABULARY, (1, length)), torch.ones(1, length)
    mask[:, -length // 8:] = 0
    return ids, mask, torch.zeros(1, length, dtype=torch.long)


def tokens(first, count):
    return lambda: (torch.randint(0, Llama.VOCABULARY, (1, count)), torch.arange(first, first + count))


def custom_llama():
    from executorch.extension.llm.custom_ops import custom_ops  # noqa: F401  (registers llama::…)
    return Llama(custom=True)


STATIC, DYNAMIC = by_quantizer(False), by_quantizer(True)
MODELS = {
    "mobilenet_v2_f32": (MobileNetV2, image, as_is), "mobilenet_v2_int8": (MobileNetV2, image, STATIC),
    "resnet18_f32": (ResNet18, image, as_is), "resnet18_int8": (ResNet18, image, STATIC),
    "vit_tiny_f32": (ViTTiny, image, as_is), "vit_tiny_dynamic_int8": (ViTTiny, image, DYNAMIC),
    "bert_f32": (Bert, sentence, as_is), "bert_dynamic_int8": (Bert, sentence, DYNAMIC),
    "llama_4bit_decode": (Llama, tokens(127, 1), four_bits),
    "llama_4bit_prefill": (Llama, tokens(0, 128), four_bits),
    "llama_4bit_custom_decode": (custom_llama, tokens(127, 1), four_bits),
    "llama_4bit_custom_prefill": (custom_llama, tokens(0, 128), four_bits),
}


def export(name):
    build, example, quantize = MODELS[name]
    torch.manual_seed(7)
    module, inputs = build().eval(), example()
    module = quantize(module, inputs)
    exported = torch.export.export(module, inputs)
    return to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch().buffer, inputs


def describe(directory, name, inputs):
    """One line of models.tsv: the inputs in the spelling of cases.tsv, written beside the model."""
    spellings = []
    for i, tensor in enumerate(inputs):
        file = f"{name}.input_{i}.bin"
        tensor.numpy().tofile(directory / file)
        kind = {torch.float32: "f32", torch.int64: "i64"}[tensor.dtype]
        spellings.append(f"{file}:{kind}:{'x'.join(map(str, tensor.shape))}")
    return f"{name}.pte\t{';'.join(spellings)}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("name", nargs="*", metavar="NAME", help=", ".join(MODELS))
    arguments = parser.parse_args()
    unknown = set(arguments.name) - set(MODELS)
    if unknown:
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    index = arguments.directory / "models.tsv"
    lines = dict(line.split("\t", 1) for line in index.read_text().splitlines(True)[1:]) if index.exists() else {}
    for name in arguments.name or MODELS:
        program, inputs = export(name)
        (arguments.directory / f"{name}.pte").write_bytes(program)
        file, rest = describe(arguments.directory, name, inputs).split("\t", 1)
        lines[file] = rest
        index.write_text("# file\tinputs\n" + "".join(f"{file}\t{rest}" for file, rest in lines.items()))
        print(f"{name}.pte: {len(program) / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
