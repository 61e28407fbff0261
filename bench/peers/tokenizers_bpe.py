# SPDX-License-Identifier: Apache-2.0
"""Speed of Hugging Face tokenizers: training a byte-level BPE, and encoding with it. Prints JSON.

    python tokenizers_bpe.py --vocab 4096 --threads 2 FILE...

Files are UTF-8 text, or JSONL with a `text` field (.jsonl), either of them also as .zst or .gz.
They are read before the clock starts. Plain text is cut into pieces of about --piece-kib at line ends, which
is what gives the library something to do in parallel; a JSONL record is one piece.
"""

import argparse
import gzip
import hashlib
import json
import os
import time

from host import OthersCpu, cpu_name, peak_rss_gib, print_json, summary

# How GPT-4 cuts text before BPE (the pattern of cl100k_base).
GPT4_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
                r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("files", nargs="+")
    p.add_argument("--vocab", type=int, default=4096)
    p.add_argument("--pre", choices=["gpt2", "gpt4"], default="gpt4", help="pre-tokenizer")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--piece-kib", type=int, default=64)
    p.add_argument("--save", metavar="FILE", help="write the tokenizer.json here")
    return p.parse_args()


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    name = path
    if name.endswith(".zst"):
        import zstandard
        data, name = zstandard.ZstdDecompressor().decompressobj().decompress(data), name[:-4]
    elif name.endswith(".gz"):
        data, name = gzip.decompress(data), name[:-3]
    return data.decode("utf-8"), name.endswith(".jsonl")


def pieces_of(path, piece_bytes):
    text, jsonl = read(path)
    if jsonl:
        # Not splitlines(): it would also cut at the Unicode line separators inside a string.
        return [json.loads(line)["text"] for line in text.split("\n") if line.strip()]
    pieces, lines, size = [], [], 0
    for line in text.splitlines(keepends=True):
        lines.append(line)
        size += len(line)
        if size >= piece_bytes:
            pieces.append("".join(lines))
            lines, size = [], 0
    return pieces + (["".join(lines)] if lines else [])


def new_tokenizer(pre):
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    tokenizer = Tokenizer(models.BPE())
    if pre == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(GPT4_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def timed(call):
    others, begin = OthersCpu(), time.perf_counter()
    value = call()
    return value, time.perf_counter() - begin, others.stop()


def main():
    args = arguments()
    # The library's thread pool (rayon) reads these at its first use. It has no pinning of its own.
    os.environ["RAYON_NUM_THREADS"] = str(args.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if args.threads > 1 else "false"
    import tokenizers
    from tokenizers import pre_tokenizers, trainers

    pieces = [piece for path in args.files for piece in pieces_of(path, args.piece_kib * 1024)]
    total_mb = sum(len(piece.encode()) for piece in pieces) / 1e6

    train_s, encode_s, encode_one_s, other_s = [], [], [], 0.0
    for _ in range(args.repeats):
        tokenizer = new_tokenizer(args.pre)
        trainer = trainers.BpeTrainer(
            vocab_size=args.vocab, min_frequency=2, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
        _, seconds, other = timed(lambda: tokenizer.train_from_iterator(pieces, trainer))
        train_s.append(seconds)
        other_s += other
        encoded, seconds, other = timed(lambda: tokenizer.encode_batch_fast(pieces))
        encode_s.append(seconds)
        other_s += other
        _, seconds, other = timed(lambda: [tokenizer.encode(piece) for piece in pieces])
        encode_one_s.append(seconds)
        other_s += other

    model = json.loads(tokenizer.to_str())["model"]
    merges = [" ".join(m) if isinstance(m, list) else m for m in model["merges"]]
    num_tokens = sum(len(e) for e in encoded)
    round_trip = all(tokenizer.decode(e.ids, skip_special_tokens=False) == piece
                     for e, piece in zip(encoded[:200], pieces[:200]))
    if args.save:
        tokenizer.save(args.save)
    print_json({
        "peer": "tokenizers", "vocab": tokenizer.get_vocab_size(), "pre": args.pre,
        "merges": len(merges),
        "merges_sha256": hashlib.sha256("\n".join(merges).encode()).hexdigest(),
        "input_mb": round(total_mb, 3), "pieces": len(pieces), "repeats": args.repeats,
        "train_s": summary(train_s),
        "train_mb_per_s": summary([total_mb / s for s in train_s]),
        "encode_batch_mb_per_s": summary([total_mb / s for s in encode_s]),
        "encode_one_by_one_mb_per_s": summary([total_mb / s for s in encode_one_s]),
        "tokens": num_tokens, "bytes_per_token": round(1e6 * total_mb / num_tokens, 4),
        "round_trip": round_trip, "threads": args.threads, "other_cpu_s": round(other_s, 2),
        "peak_rss_gib": round(peak_rss_gib(), 2), "cpu": cpu_name(),
        "versions": {"tokenizers": tokenizers.__version__},
    })


if __name__ == "__main__":
    main()
