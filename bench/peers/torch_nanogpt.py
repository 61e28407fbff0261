# SPDX-License-Identifier: Apache-2.0
"""The shape of nanoGPT's published CPU recipe in PyTorch, on tiny Shakespeare by characters.

    python torch_nanogpt.py --data tinyshakespeare.txt --compile

A GPT-2-type decoder (LayerNorm without bias, learned positions, GELU, tied head), 4 layers, 4
heads, C=128, 64 tokens of context, batches of 12, 2000 AdamW steps, learning rate 1e-3 falling to
1e-4 by a cosine after 100 steps of warm-up, gradients clipped to 1. The recipe reports a validation loss of
1.88 nats per character (a mean over random batches; here it is the whole validation split).
Prints JSON. On ASCII text a character is a byte.
"""

import argparse
import math
import time

from host import OthersCpu, cpu_name, peak_rss_gib, print_json, restart_pinned


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--data", required=True, help="text file; its last tenth is held out")
    p.add_argument("--steps", type=int, default=2000)
    p.add_argument("--compile", action="store_true")
    p.add_argument("--dtype", choices=["f32", "bf16"], default="f32", help="bf16: autocast")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--preload", action="append", metavar="LIB")
    return p.parse_args()


def learning_rate(step, steps, highest=1e-3, lowest=1e-4, warmup=100):
    if step < warmup:
        return highest * (step + 1) / (warmup + 1)
    part = (step - warmup) / max(1, steps - warmup)
    return lowest + 0.5 * (1 + math.cos(math.pi * part)) * (highest - lowest)


def make_model(vocab, channels=128, layers=4, heads=4, tokens=64):
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1 = nn.LayerNorm(channels, bias=False)
            self.qkv = nn.Linear(channels, 3 * channels, bias=False)
            self.attention_out = nn.Linear(channels, channels, bias=False)
            self.norm2 = nn.LayerNorm(channels, bias=False)
            self.up = nn.Linear(channels, 4 * channels, bias=False)
            self.down = nn.Linear(4 * channels, channels, bias=False)

        def forward(self, x):
            B, T, C = x.shape
            qkv = self.qkv(self.norm1(x)).view(B, T, 3, heads, C // heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.attention_out(y.transpose(1, 2).reshape(B, T, C))
            return x + self.down(F.gelu(self.up(self.norm2(x))))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(vocab, channels)
            self.position = nn.Embedding(tokens, channels)
            self.blocks = nn.Sequential(*(Block() for _ in range(layers)))
            self.norm = nn.LayerNorm(channels, bias=False)
            for name, p in self.named_parameters():
                if p.dim() == 2:
                    residual = name.endswith(("attention_out.weight", "down.weight"))
                    nn.init.normal_(p, std=0.02 / math.sqrt(2 * layers) if residual else 0.02)

        def forward(self, x, targets):
            h = self.embedding(x) + self.position.weight[: x.shape[1]]
            logits = self.norm(self.blocks(h)) @ self.embedding.weight.t()
            return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    return Model()


def main():
    args = arguments()
    pinning = restart_pinned(args.threads, args.preload)
    begin_all = time.perf_counter()
    import torch
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    tokens, batch = 64, 12

    with open(args.data, encoding="utf-8", newline="") as f:
        text = f.read()
    characters = sorted(set(text))
    index = {c: i for i, c in enumerate(characters)}
    data = torch.tensor([index[c] for c in text])
    split = int(0.9 * len(data))
    train, held_out = data[:split], data[split:]
    window = torch.arange(tokens)

    model = make_model(len(characters))
    params = sum(p.numel() for p in model.parameters())
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
         {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.99), fused=True)
    forward = torch.compile(model, dynamic=False) if args.compile else model
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.dtype == "bf16")

    others = OthersCpu()
    begin = first = time.perf_counter()
    for step in range(args.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps)
        rows = torch.randint(len(train) - tokens, (batch, 1)) + window
        with autocast:
            loss = forward(train[rows], train[rows + 1])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step == 0:
            first = time.perf_counter()
    end = time.perf_counter()
    disturbed = others.stop()

    # Every target of the held-out split exactly once: whole windows, then the shorter last one.
    total, count = 0.0, 0
    with torch.no_grad(), autocast:
        num_windows = (len(held_out) - 1) // tokens
        x = held_out[: num_windows * tokens].view(-1, tokens)
        y = held_out[1 : num_windows * tokens + 1].view(-1, tokens)
        for rows in range(0, num_windows, 64):
            targets = y[rows : rows + 64]
            total += model(x[rows : rows + 64], targets).item() * targets.numel()
            count += targets.numel()
        rest = held_out[num_windows * tokens :]
        if len(rest) > 1:
            total += model(rest[None, :-1], rest[None, 1:]).item() * (len(rest) - 1)
            count += len(rest) - 1
    print_json({
        "peer": "pytorch", "recipe": "nanoGPT CPU, tiny Shakespeare", "compile": args.compile,
        "dtype": args.dtype, "steps": args.steps, "seed": args.seed, "params": params,
        "val_nats_per_character": round(total / count, 4),
        "val_bits_per_character": round(total / count / math.log(2), 4),
        "val_characters": count, "train_characters": len(train),
        "train_s": round(end - begin, 2),  # compiling is inside the first step
        "train_s_without_first_step": round(end - first, 2),
        "process_s": round(time.perf_counter() - begin_all, 2),  # with imports and validation
        "other_cpu_s": round(disturbed, 2), "peak_rss_gib": round(peak_rss_gib(), 2),
        "threads": torch.get_num_threads(), "pinning": pinning, "cpu": cpu_name(),
        "versions": {"torch": torch.__version__},
    })


if __name__ == "__main__":
    main()
