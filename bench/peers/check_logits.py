# SPDX-License-Identifier: Apache-2.0
"""Logits and losses of a Hugging Face folder (Llama, Qwen3, ...) by transformers in f32, as JSON.

    python check_logits.py --model DIR --ids 1,403,407,261
    python check_logits.py --model DIR --ids-file ids.json --top 5

An independent implementation to compare an exported model with. The ids are one sequence, or in a
file a JSON list of sequences; `nll` sums -log p of every token but the first of a sequence.
"""

import argparse
import json
import os

from host import print_json, restart_pinned


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--model", required=True, help="folder with config.json and *.safetensors")
    group = p.add_mutually_exclusive_group(required=True)
    group.add_argument("--ids", help="token ids, separated by commas")
    group.add_argument("--ids-file", help="JSON: a list of ids, or a list of such lists")
    p.add_argument("--top", type=int, default=0,
                   help="print only the so many highest logits of a position; 0: all logits")
    p.add_argument("--nll-only", action="store_true")
    p.add_argument("--f64", action="store_true", help="compute in double, to see who is closer")
    p.add_argument("--threads", type=int, default=2)
    return p.parse_args()


def sequences_of(args):
    if args.ids is not None:
        return [[int(i) for i in args.ids.split(",")]]
    with open(args.ids_file) as f:
        ids = json.load(f)
    sequences = ids if ids and isinstance(ids[0], list) else [ids]
    if not all(sequences):
        raise SystemExit(f"{args.ids_file}: a sequence is empty; give at least one token id")
    return sequences


def main():
    args = arguments()
    restart_pinned(args.threads, extra={"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"})
    if not os.path.isfile(os.path.join(args.model, "config.json")):
        raise SystemExit(f"{args.model}: no config.json there; --model needs a folder on this disk")
    sequences = sequences_of(args)

    import torch
    import transformers
    torch.set_num_threads(args.threads)
    dtype = torch.float64 if args.f64 else torch.float32
    model, loading = transformers.AutoModelForCausalLM.from_pretrained(
        args.model, dtype=dtype, attn_implementation="eager", local_files_only=True,
        output_loading_info=True)
    model.eval()
    vocab = model.config.vocab_size

    results = []
    for ids in sequences:
        outside = [i for i in ids if not 0 <= i < vocab]
        if outside:
            raise SystemExit(f"token id {outside[0]} is outside the vocabulary of {vocab}")
        with torch.no_grad():
            logits = model(torch.tensor([ids]), use_cache=False).logits[0].to(dtype)
        log_p = torch.log_softmax(logits.double(), dim=-1)
        nll = [-log_p[t, ids[t + 1]].item() for t in range(len(ids) - 1)]
        result = {"ids": ids, "nll": sum(nll), "nll_mean": sum(nll) / len(nll) if nll else None}
        if not args.nll_only:
            result["nll_per_token"] = nll
            if args.top > 0:
                best = torch.topk(logits, min(args.top, vocab), dim=-1)
                result["top_ids"] = best.indices.tolist()
                result["top_logits"] = best.values.tolist()
            else:
                result["logits"] = logits.tolist()
        results.append(result)

    total = sum(r["nll"] for r in results)
    predicted = sum(len(r["ids"]) - 1 for r in results)
    print_json({
        "peer": "transformers", "architecture": type(model).__name__, "vocab": vocab,
        "dtype": "f64" if args.f64 else "f32", "params": model.num_parameters(),
        # Not empty: the folder's tensors are not those the configuration asks for.
        "missing_keys": sorted(loading["missing_keys"]),
        "unexpected_keys": sorted(loading["unexpected_keys"]),
        "mismatched_keys": sorted(str(k) for k in loading["mismatched_keys"]),
        "nll": total, "nll_mean": total / predicted if predicted else None, "sequences": results,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    })


if __name__ == "__main__":
    main()
