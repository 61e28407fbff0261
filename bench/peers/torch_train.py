# SPDX-License-Identifier: Apache-2.0
"""Training speed of PyTorch on the CPU, on the shapes of cambium's presets; prints JSON.

    python torch_train.py --shape small --dtype bf16 --compile default

A step is forward, backward and AdamW on random tokens. Forward and backward of the model are
identical in meaning to `cambium bench train`; see README.md for the settings that are fastest.
"""

import argparse
import time

from host import (OthersCpu, cpu_name, peak_rss_gib, print_json, reset_peak_rss, restart_pinned,
                  summary)


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--shape", choices=["small", "gpt2", "tiny"], default="small")
    p.add_argument("--dtype", choices=["f32", "f32-bf16", "bf16", "bf16-pure"], default="bf16",
                   help="f32-bf16: f32 tensors, matmuls in bf16 inside oneDNN; bf16: autocast, f32 "
                   "weights and moments; bf16-pure: weights and moments in bf16 too, which loses "
                   "small updates and is no equal of the others")
    p.add_argument("--compile", default="none",
                   choices=["none", "default", "reduce-overhead", "max-autotune"])
    p.add_argument("--loss", choices=["plain", "chunked", "native"], default="plain")
    p.add_argument("--chunk-rows", type=int, default=1024, help="rows of logits at a time")
    p.add_argument("--micro-batches", type=int, default=1,
                   help="split the step's batch into so many, gradients summed: smaller tensors "
                   "stay in the cache")
    p.add_argument("--optimizer", choices=["fused", "foreach", "single"], default="fused")
    p.add_argument("--clip", type=float, default=0.0, help="gradient norm limit; 0: none")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--steps", type=int, default=10)
    p.add_argument("--warmup", type=int, default=3)
    p.add_argument("--seconds", type=float, default=0, help="stop after so long; 0: never")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--preload", action="append", metavar="LIB",
                   help="library to preload, an allocator or OpenMP; may be repeated")
    p.add_argument("--env", action="append", default=[], metavar="NAME=VALUE",
                   help="further environment for the process")
    p.add_argument("--phases", action="store_true", help="also time forward, backward, optimizer")
    for field in ("batch", "tokens", "channels", "layers", "heads", "kv_heads", "ffn", "vocab"):
        p.add_argument("--" + field.replace("_", "-"), type=int)
    p.add_argument("--untied", action="store_true")
    p.add_argument("--qk-norm", action="store_true")
    p.add_argument("--eps", type=float)
    return p.parse_args()


def main():
    args = arguments()
    pinning = restart_pinned(args.threads, args.preload,
                             dict(pair.split("=", 1) for pair in args.env))

    import torch
    from llama_model import Decoder, flops_per_token, num_parameters, shape_with
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    if args.dtype == "f32-bf16":
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"

    names = ("batch", "tokens", "channels", "layers", "heads", "kv_heads", "ffn", "vocab", "eps")
    shape = shape_with(args.shape, **{n: getattr(args, n) for n in names},
                       tied=False if args.untied else None, qk_norm=args.qk_norm or None)
    if args.micro_batches < 1 or shape.batch % args.micro_batches:
        raise SystemExit(f"--micro-batches {args.micro_batches} does not divide the batch of "
                         f"{shape.batch}")
    model = Decoder(shape, args.loss, args.chunk_rows)
    params = num_parameters(model)
    if args.dtype == "bf16-pure":
        model.to(torch.bfloat16)
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.95), eps=1e-8,
        fused=True if args.optimizer == "fused" else None,
        foreach={"foreach": True, "single": False}.get(args.optimizer))
    forward = model
    if args.compile != "none":
        forward = torch.compile(model, mode=args.compile, dynamic=False)

    # A few batches in turn, so that no step sees the tokens of the one before.
    size = (4, shape.batch, shape.tokens + 1)
    data = torch.randint(0, shape.vocab, size, generator=torch.Generator().manual_seed(args.seed))

    def step(index):
        seconds = [0.0, 0.0, 0.0]  # forward, backward, optimizer
        total_loss = 0.0
        for rows in data[index % len(data)].chunk(args.micro_batches):
            begin = time.perf_counter()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.dtype == "bf16"):
                loss = forward(rows[:, :-1], rows[:, 1:]) / args.micro_batches
            middle = time.perf_counter()
            loss.backward()
            end = time.perf_counter()
            seconds[0] += middle - begin
            seconds[1] += end - middle
            total_loss += loss.item()
        begin = time.perf_counter()
        if args.clip > 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds[2] = time.perf_counter() - begin
        return seconds, total_loss

    begin = time.perf_counter()
    losses = [step(i)[1] for i in range(max(1, args.warmup))]
    warmup_s = time.perf_counter() - begin
    peak_with_compiling = peak_rss_gib()
    reset_peak_rss()

    phases, disturbances = [], []
    begin = time.perf_counter()
    for i in range(args.steps):
        others = OthersCpu()
        seconds, loss = step(args.warmup + i)
        disturbances.append(others.stop())
        losses.append(loss)
        phases.append(seconds)
        if args.seconds and time.perf_counter() - begin > args.seconds:
            break
    step_s = [sum(s) for s in phases]
    tokens = shape.batch * shape.tokens
    rate = summary([tokens / s for s in step_s])
    quiet = [tokens / s for s, other in zip(step_s, disturbances) if other < 0.05 * s]
    result = {
        "peer": "pytorch", "shape": args.shape, "dtype": args.dtype, "compile": args.compile,
        "loss_kind": args.loss, "micro_batches": args.micro_batches,
        "optimizer": args.optimizer, "clip": args.clip,
        "tokens_per_s": rate,
        # The steps during which other processes and the host took under 5 % of one core.
        "tokens_per_s_undisturbed": {**summary(quiet), "steps": len(quiet)} if quiet else None,
        "ms_per_step": summary([1e3 * s for s in step_s]),
        "gflops_median": round(rate["median"] * flops_per_token(shape) / 1e9, 1),
        "peak_rss_gib": round(peak_rss_gib(), 2),
        "peak_rss_gib_with_warmup": round(peak_with_compiling, 2),
        "params": params, "tokens_per_step": tokens, "steps": len(step_s),
        "warmup_s": round(warmup_s, 1),
        "loss_first": round(losses[0], 4), "loss_last": round(losses[-1], 4),
        "threads": torch.get_num_threads(), "pinning": pinning,
        "other_cpu_s": round(sum(disturbances), 2),
        "cpu": cpu_name(), "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "versions": {"torch": torch.__version__,
                     "onednn": torch.__config__.show().partition("MKL-DNN v")[2].split(" ")[0]},
    }
    if args.phases:
        for i, name in enumerate(("forward", "backward", "optimizer")):
            result[name + "_ms"] = summary([1e3 * s[i] for s in phases])
    print_json(result)


if __name__ == "__main__":
    main()
