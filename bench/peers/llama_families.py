# SPDX-License-Identifier: Apache-2.0
"""Perplexity of every family of tests/golden/architectures in llama.cpp and in cambium, from the same GGUF.

    python3 llama_families.py --cambium build/release/cambium --llama LLAMA_CPP/build/bin --text FILE

cambium writes the GGUF of each folder (F32) and both programs read it: windows of 64 tokens, the
second half scored, keys and values in f32. Prints a line per family and, last, how many differ by
more than --tolerance; exit code 1 if any does that is not known to (KNOWN).
"""

import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

# Families in which llama.cpp computes something else than transformers, and what. cambium follows
# transformers (tests/architectures_test.cc).
KNOWN = {
    "mistral": "llama.cpp ignores the sliding window of Mistral",
    "gpt_oss": "llama.cpp truncates the range of YaRN's ramp",
    "gpt_oss_mxfp4": "llama.cpp truncates the range of YaRN's ramp",
    "phi4_mini": "llama.cpp uses LongRoPE's long factors in a short context",
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--cambium", required=True)
    p.add_argument("--llama", required=True, help="folder of llama-perplexity")
    p.add_argument("--text", required=True)
    p.add_argument("--tolerance", type=float, default=2e-4, help="relative, of the perplexity")
    return p.parse_args()


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def llama_perplexity(a, model):
    done = run(pathlib.Path(a.llama) / "llama-perplexity", "-m", model, "-f", a.text, "-c", 64, "-b", 64,
               "-t", 1, "-fa", "off", "-ctk", "f32", "-ctv", "f32")
    found = re.search(r"PPL = ([0-9.]+)", done.stdout + done.stderr)
    if found:
        return float(found[1]), ""
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    return None, errors[0].split("error", 1)[1].strip(": ") if errors else f"exit {done.returncode}"


def cambium_perplexity(a, model):
    done = run(a.cambium, "eval", "loss", "--model", model, "--data", a.text, "--chunks", "--context", 64,
               "--compute", "f32", "--json")
    if done.returncode != 0:
        return None, done.stderr.strip().splitlines()[-1]
    return json.loads(done.stdout)["perplexity"], ""


def main():
    a = arguments()
    families = sorted(pathlib.Path(__file__).parents[2].glob("tests/golden/architectures/*/config.json"))
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        for family in (f.parent for f in families):
            model = pathlib.Path(scratch) / f"{family.name}.gguf"
            done = run(a.cambium, "convert", family, "--out", model, "--quiet")
            if done.returncode != 0:
                print(f"{family.name:14} not converted: {done.stderr.strip()}")
                bad += 1
                continue
            ours, our_error = cambium_perplexity(a, model)
            theirs, their_error = llama_perplexity(a, model)
            if ours is None or theirs is None:
                print(f"{family.name:14} cambium: {our_error or round(ours, 4)}, "
                      f"llama.cpp: {their_error or round(theirs, 4)}")
                bad += ours is None
                continue
            difference = theirs / ours - 1
            differs = not math.isfinite(difference) or abs(difference) > a.tolerance
            why = KNOWN.get(family.name, "DIFFERS") if differs else ""
            bad += differs and family.name not in KNOWN
            print(f"{family.name:14} cambium {ours:12.4f} llama.cpp {theirs:12.4f} {difference:+.1e} {why}")
    print(f"{len(families)} families, {bad} that should not differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
