# SPDX-License-Identifier: Apache-2.0
"""The Llama-type decoder that cambium trains, in PyTorch, written to be as fast as PyTorch allows.

RMSNorm, rotary positions (half-split pairs), grouped-query causal attention through
scaled_dot_product_attention, optional QK-norm, SwiGLU, no biases, tied or untied output head.

Legend: B batch, T tokens, C channels, H query heads, K key/value heads, D = C/H, F FFN width,
V vocabulary, L layers.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    channels: int
    layers: int
    heads: int
    kv_heads: int
    ffn: int
    vocab: int
    batch: int
    tokens: int
    tied: bool = True
    qk_norm: bool = False
    eps: float = 1e-5
    rope_base: float = 10000.0


SHAPES = {
    # The shapes of cambium's `--preset small` and `--preset gpt2`; batch x tokens is one step.
    "small": Shape(channels=256, layers=6, heads=8, kv_heads=8, ffn=1024, vocab=4096,
                   batch=32, tokens=256),
    "gpt2": Shape(channels=768, layers=12, heads=12, kv_heads=12, ffn=2048, vocab=50257,
                  batch=4, tokens=256),
    # Seconds, not minutes: for trying the script itself.
    "tiny": Shape(channels=64, layers=2, heads=4, kv_heads=2, ffn=128, vocab=256,
                  batch=4, tokens=32, qk_norm=True),
}


def shape_with(name, **changes):
    """The named shape with every change that is not None applied."""
    return replace(SHAPES[name], **{k: v for k, v in changes.items() if v is not None})


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        # The native operator, given a weight of x's type: mixed types leave its fast path.
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


def rope_tables(tokens, head_dim, base):
    """cos and sin, each (T, 1, D): the angles of the D/2 frequencies, twice."""
    frequency = base ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
    angle = torch.arange(tokens, dtype=torch.float64)[:, None] * frequency
    angle = torch.cat([angle, angle], dim=-1)[:, None, :]
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    """Rotary positions on x (B, T, H, D), pairing element i with i + D/2."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.head_dim = shape.channels // shape.heads
        kv = shape.kv_heads * self.head_dim
        self.split = [shape.channels, kv, kv]
        # One matmul for q, k and v: the same parameters, fewer and wider calls.
        self.qkv = nn.Linear(shape.channels, shape.channels + 2 * kv, bias=False)
        self.out = nn.Linear(shape.channels, shape.channels, bias=False)
        if shape.qk_norm:
            self.q_norm = RMSNorm(self.head_dim, shape.eps)
            self.k_norm = RMSNorm(self.head_dim, shape.eps)

    def forward(self, x, cos, sin):
        B, T, C = x.shape
        q, k, v = self.qkv(x).split(self.split, dim=-1)
        q = q.view(B, T, self.shape.heads, self.head_dim)
        k = k.view(B, T, self.shape.kv_heads, self.head_dim)
        v = v.view(B, T, self.shape.kv_heads, self.head_dim)
        if self.shape.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        y = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True,
            enable_gqa=self.shape.heads != self.shape.kv_heads)
        return self.out(y.transpose(1, 2).reshape(B, T, C))


class FeedForward(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_up = nn.Linear(shape.channels, 2 * shape.ffn, bias=False)
        self.down = nn.Linear(shape.ffn, shape.channels, bias=False)

    def forward(self, x):
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.attention_norm = RMSNorm(shape.channels, shape.eps)
        self.attention = Attention(shape)
        self.ffn_norm = RMSNorm(shape.channels, shape.eps)
        self.ffn = FeedForward(shape)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.attention_norm(x), cos, sin)
        return x + self.ffn(self.ffn_norm(x))


class ChunkedCrossEntropy(torch.autograd.Function):
    """Output head and mean cross-entropy over chunks of rows, so that the logits of the whole
    batch are never held. Both gradients are made in the forward pass, while a chunk's logits exist.
    """

    @staticmethod
    def forward(ctx, x, weight, targets, chunk_rows):
        dx = torch.empty_like(x)
        dweight = torch.zeros_like(weight)
        loss = torch.zeros((), dtype=torch.float32)
        for begin in range(0, x.shape[0], chunk_rows):
            rows = slice(begin, begin + chunk_rows)
            target = targets[rows, None]
            log_p = torch.log_softmax(x[rows] @ weight.t(), dim=-1, dtype=torch.float32)
            loss -= log_p.gather(1, target).sum()
            dlogits = log_p.exp_()
            dlogits.scatter_add_(1, target, dlogits.new_full((target.shape[0], 1), -1.0))
            dlogits = dlogits.div_(x.shape[0]).to(x.dtype)
            torch.mm(dlogits, weight, out=dx[rows])
            dweight.addmm_(dlogits.t(), x[rows])
        ctx.save_for_backward(dx, dweight)
        return loss / x.shape[0]

    @staticmethod
    def backward(ctx, dloss):
        dx, dweight = ctx.saved_tensors
        return dx * dloss.to(dx.dtype), dweight * dloss.to(dweight.dtype), None, None


class Decoder(nn.Module):
    """tokens (B, T), targets (B, T) -> mean loss in nats per token."""

    def __init__(self, shape, loss="plain", chunk_rows=1024):
        super().__init__()
        self.shape = shape
        self.loss = loss  # plain: all logits at once; native: PyTorch's chunks; chunked: the above
        self.chunk_rows = chunk_rows
        self.embedding = nn.Embedding(shape.vocab, shape.channels)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.channels, shape.eps)
        self.head = nn.Linear(shape.channels, shape.vocab, bias=False)
        if shape.tied:
            self.head.weight = self.embedding.weight
        cos, sin = rope_tables(shape.tokens, shape.channels // shape.heads, shape.rope_base)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                residual = name.endswith(("attention.out.weight", "ffn.down.weight"))
                std = 0.02 / (2 * shape.layers) ** 0.5 if residual else 0.02
                nn.init.normal_(p, std=std)

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        if torch.is_autocast_enabled("cpu"):
            x = x.to(torch.get_autocast_dtype("cpu"))  # residual stream in bf16 too: less traffic
        cos, sin = self.cos.to(x.dtype), self.sin.to(x.dtype)
        for block in self.blocks:
            x = block(x, cos, sin)
        x = self.norm(x).flatten(0, 1)
        targets = targets.flatten()
        if self.loss == "plain":
            return F.cross_entropy(self.head(x).float(), targets)
        weight = self.head.weight.to(x.dtype)
        if self.loss == "chunked":
            return ChunkedCrossEntropy.apply(x, weight, targets, self.chunk_rows)
        return F.linear_cross_entropy(x, weight, targets, options=nn.LinearCrossEntropyOptions())


def num_parameters(model):
    return sum(p.numel() for p in model.parameters())  # a tied matrix counts once


def flops_per_token(shape):
    """Forward and backward: 6 per matmul parameter (output head included), and full attention."""
    head_dim = shape.channels // shape.heads
    kv = shape.kv_heads * head_dim
    per_layer = shape.channels * (2 * shape.channels + 2 * kv) + 3 * shape.channels * shape.ffn
    matmul = shape.layers * per_layer + shape.vocab * shape.channels
    return 6 * matmul + 12 * shape.layers * shape.channels * shape.tokens
