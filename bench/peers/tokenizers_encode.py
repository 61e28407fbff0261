# SPDX-License-Identifier: Apache-2.0
"""Speed of Hugging Face tokenizers at encoding, on one thread, as bench/tokenizer_speed.cc has it.

    RAYON_NUM_THREADS=1 python tokenizers_encode.py TOKENIZER.json TEXT [ROUNDS]
"""
import json
import os
import sys
import time

os.environ.setdefault("RAYON_NUM_THREADS", "1")
from tokenizers import Tokenizer  # noqa: E402


def pieces_of(text):
    """Pieces of about 64 KiB that end with lines, as bytes are counted."""
    pieces = []
    while text:
        end = text.find(b"\n", min(64 << 10, len(text) - 1))
        size = len(text) if end < 0 else end + 1
        pieces.append(text[:size].decode())
        text = text[size:]
    return pieces


def main():
    tokenizer = Tokenizer.from_file(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        text = file.read()
    pieces = pieces_of(text)
    speeds = []
    for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 3):
        start = time.perf_counter()
        tokens = sum(len(tokenizer.encode(piece, add_special_tokens=False).ids) for piece in pieces)
        speeds.append(len(text) / 1e6 / (time.perf_counter() - start))
    speeds.sort()
    print(json.dumps({"tokens": tokens, "mb_per_second": round(speeds[len(speeds) // 2], 2),
                      "best": round(speeds[-1], 2)}))


main()
