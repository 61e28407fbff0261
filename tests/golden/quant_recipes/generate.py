#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The types that llama-quantize chooses for every tensor of small models of every family: the
expected results of RecipeState (formats/quant_recipe_test.cc).

    python3 generate.py LLAMA_CPP DIR                  writes recipes.txt beside this file; models
                                                       and quantised files go to DIR
    python3 generate.py LLAMA_CPP DIR --compare CAMBIUM MODEL...
                                                       quantises by that program, too, and compares
                                                       the bytes of every tensor

LLAMA_CPP is a checkout with build/bin/llama-quantize. Written with llama.cpp v0.5.0 (ggml 0.25.1),
transformers 5.23.0, torch 2.15.0, Python 3.11, on x86-64.

recipes.txt: a line "model NAME ARCHITECTURE LAYERS HEADS KV_HEADS EXPERTS plain|importance", then one
for each kind of tensor: name (N for the layer), shape (outermost first, the rows of a matrix do not
matter), and for each recipe of the line "recipes" the types of all layers, a letter each; a single
letter stands for as many as there are.
"""
import importlib.util
import pathlib
import re
import subprocess
import sys

import numpy as np
import torch
import transformers

sys.path.insert(0, f"{sys.argv[1]}/gguf-py")
import gguf

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("architectures", HERE.parent / "architectures/generate.py")
architectures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(architectures)

RECIPES = ("F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS "
           "Q3_K_L Q3_K_M Q3_K_S Q2_K").split()
COMPARED = "Q8_0 Q6_K Q5_K_M Q4_K_M Q4_K_S Q4_0".split()
LETTERS = {"F32": "F", "F16": "H", "BF16": "B", "Q8_0": "8", "Q6_K": "6", "Q5_K": "5", "Q4_K": "4",
           "Q3_K": "3", "Q2_K": "2", "Q4_0": "a", "Q4_1": "b", "Q5_0": "c", "Q5_1": "d",
           "IQ4_NL": "n", "IQ4_XS": "x"}  # fmt: skip

BASE = dict(vocab_size=256, hidden_size=256, intermediate_size=256, num_hidden_layers=9,
            num_attention_heads=8, num_key_value_heads=2, max_position_embeddings=128,
            bos_token_id=None, eos_token_id=None, pad_token_id=None, tie_word_embeddings=False)  # fmt: skip
NARROW = dict(hidden_size=96, intermediate_size=160, num_attention_heads=4, num_key_value_heads=2)
HEADS = dict(head_dim=32)
ROPE = dict(rope_type="default", rope_theta=10000.0)
OSS_ROPE = dict(rope_type="yarn", rope_theta=150000.0, factor=4.0, beta_fast=32.0, beta_slow=1.0,
                truncate=False, original_max_position_embeddings=32)  # fmt: skip
GPT2 = dict(vocab_size=256, n_embd=256, n_layer=9, n_head=4, n_inner=256, n_positions=128, n_ctx=128)  # fmt: skip

MODELS = {
    "llama": ("Llama", dict(num_hidden_layers=17)),
    "llama_own_keys": ("Llama", dict(num_key_value_heads=8, tie_word_embeddings=True)),
    "llama_narrow": ("Llama", NARROW),
    "llama_odd": ("Llama", dict(hidden_size=48, intermediate_size=80, num_attention_heads=4)),
    "mistral": ("Mistral", dict(num_key_value_heads=4)),
    "mixtral": ("Mixtral", dict(num_local_experts=8, num_experts_per_tok=2)),
    "mixtral_5": ("Mixtral", dict(num_local_experts=5, num_experts_per_tok=2)),
    "mixtral_narrow": ("Mixtral", NARROW | dict(num_local_experts=8, num_experts_per_tok=2)),
    "qwen2": ("Qwen2", dict(tie_word_embeddings=True)),
    "qwen2_narrow": ("Qwen2", dict(hidden_size=224, num_attention_heads=7, num_key_value_heads=1)),
    "qwen3": ("Qwen3", HEADS),
    "qwen3_moe": ("Qwen3Moe", HEADS | dict(num_experts=5, num_experts_per_tok=3, moe_intermediate_size=256,
                                           norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[])),
    "gemma": ("Gemma", HEADS | dict(num_key_value_heads=1, tie_word_embeddings=True)),
    "gemma2": ("Gemma2", HEADS | dict(tie_word_embeddings=True)),
    "gemma3": ("Gemma3Text", HEADS | dict(tie_word_embeddings=True)),
    "phi3": ("Phi3", dict(num_key_value_heads=8, rope_parameters=ROPE | dict(partial_rotary_factor=1.0))),
    "phi3_narrow": ("Phi3", NARROW | dict(rope_parameters=ROPE | dict(partial_rotary_factor=1.0))),
    "gpt2": ("GPT2", GPT2),
    "gpt2_narrow": ("GPT2", GPT2 | dict(n_embd=96, n_inner=None)),
    "olmo2": ("Olmo2", {}),
    "olmoe": ("Olmoe", dict(num_experts=5, num_experts_per_tok=3)),
    "gpt_oss": ("GptOss", HEADS | dict(num_local_experts=5, num_experts_per_tok=2, rope_parameters=OSS_ROPE)),
    "gpt_oss_narrow": ("GptOss", HEADS | dict(hidden_size=288, intermediate_size=288, num_local_experts=4,
                                              num_experts_per_tok=2, rope_parameters=OSS_ROPE)),
}  # fmt: skip
# Whose choices are also asked for with importances.
WITH_IMPORTANCE = ("llama", "mixtral", "phi3")


def make_model(name, folder):
    kind, settings = MODELS[name]
    config = getattr(transformers, f"{kind}Config")(**(settings if kind == "GPT2" else BASE | settings))
    model_class = {"Gemma3Text": "Gemma3ForCausalLM", "GPT2": "GPT2LMHeadModel"}.get(kind, f"{kind}ForCausalLM")
    model = getattr(transformers, model_class)(config).float()
    architectures.randomize(model, torch.Generator().manual_seed(sum(map(ord, name))))
    model.tie_weights()
    model.save_pretrained(folder)
    architectures.write_tokenizer(folder)


def write_importance(path, reader):
    """Of every matrix but embeddings and head, as llama-imatrix writes it."""
    writer = gguf.GGUFWriter(path, "")
    writer.add_string("general.type", "imatrix")
    writer.add_array("imatrix.datasets", ["none"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 512)
    random = np.random.default_rng(1)
    for tensor in reader.tensors:
        if not tensor.name.startswith("blk.") or len(tensor.shape) < 2 or tensor.name.endswith("bias"):
            continue
        experts = int(tensor.shape[2]) if len(tensor.shape) > 2 else 1
        sums = random.random((experts, int(tensor.shape[0])), dtype=np.float32)
        writer.add_tensor(f"{tensor.name}.in_sum2", sums)
        writer.add_tensor(f"{tensor.name}.counts", np.ones((experts, 1), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def chosen_types(llama_cpp, source, recipe, importance):
    """Name to letter."""
    command = [f"{llama_cpp}/build/bin/llama-quantize", "--dry-run"]
    command += ["--imatrix", importance] if importance else []
    log = subprocess.run(command + [source, recipe], check=True, capture_output=True, text=True).stderr
    line = re.compile(r"^\[ *\d+/ *\d+\] +(\S+) +- \[.*\], type = +(\w+), size = .*?(?:\((\w+)\))?$", re.M)
    return {name: LETTERS[(after or before).upper()] for name, before, after in line.findall(log)}


def compare(llama_cpp, cambium, source, recipe):
    theirs, ours = source.with_suffix(".theirs"), source.with_suffix(".ours")
    subprocess.run([f"{llama_cpp}/build/bin/llama-quantize", source, theirs, recipe, "2"],
                   check=True, capture_output=True)  # fmt: skip
    subprocess.run([cambium, "quantize", source, "--type", recipe, "--out", ours, "--quiet"],
                   check=True, capture_output=True)  # fmt: skip
    if ours.read_bytes() == theirs.read_bytes():
        return "same file"
    a, b = gguf.GGUFReader(ours), gguf.GGUFReader(theirs)
    assert [t.name for t in a.tensors] == [t.name for t in b.tensors], (source, recipe)
    for x, y in zip(a.tensors, b.tensors):
        assert x.tensor_type == y.tensor_type, (source, recipe, x.name, x.tensor_type, y.tensor_type)
        assert x.data.tobytes() == y.data.tobytes(), (source, recipe, x.name)
    return "same tensors"


def shape_of(tensor):
    """Rows are 2: what is chosen does not depend on them."""
    dims = [int(d) for d in tensor.shape]
    return "x".join(map(str, dims[2:] + ["2"] * (len(dims) > 1) + dims[:1]))


def table(reader, types):
    """One line for each kind of tensor; types: recipe -> name -> letter."""
    kinds = {}
    for tensor in reader.tensors:
        kind = re.sub(r"^blk\.\d+\.", "blk.N.", tensor.name), shape_of(tensor)
        kinds.setdefault(kind, []).append(tensor.name)
    for (kind, shape), names in sorted(kinds.items()):
        names.sort(key=lambda name: int(name.split(".")[1]) if name.startswith("blk.") else 0)
        cells = []
        for chosen in types.values():
            letters = "".join(chosen[name] for name in names)
            cells.append(letters[0] if len(set(letters)) == 1 else letters)
        yield f"{kind} {shape} {' '.join(cells)}"


def field(reader, name, default=0):
    found = reader.get_field(f"{reader.get_field('general.architecture').contents()}.{name}")
    return found.contents() if found else default


def model_lines(llama_cpp, work, name, cambium):
    source = work / f"{name}.gguf"
    if not source.exists():
        make_model(name, work / name)
        architectures.HERE = work
        architectures.convert(llama_cpp, work, [name])
    reader = gguf.GGUFReader(source)
    heads = field(reader, "attention.head_count")
    head = (f"model {name} {reader.get_field('general.architecture').contents()} {field(reader, 'block_count')} "
            f"{heads} {field(reader, 'attention.head_count_kv', heads)} {field(reader, 'expert_count')}")  # fmt: skip
    importance = work / f"{name}.imatrix"
    write_importance(importance, reader)
    for kind in ["plain"] + ["importance"] * (name in WITH_IMPORTANCE):
        given = importance if kind == "importance" else None
        types = {recipe: chosen_types(llama_cpp, source, recipe, given) for recipe in RECIPES}
        same = set()
        if cambium and kind == "plain":
            same = {compare(llama_cpp, cambium, source, recipe) for recipe in COMPARED}
        print(name, kind, *same, flush=True)
        yield f"{head} {kind}"
        yield from table(reader, types)


def main():
    torch.set_num_threads(1)
    llama_cpp, work, *rest = sys.argv[1:]
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    cambium = rest[1] if rest[:1] == ["--compare"] else None
    lines = [f"letters {' '.join(f'{letter}={name}' for name, letter in LETTERS.items())}",
             f"recipes {' '.join(RECIPES)}"]  # fmt: skip
    names = rest[2:] or list(MODELS)
    for name in names:
        lines += model_lines(llama_cpp, work, name, cambium)
    if names == list(MODELS):
        (HERE / "recipes.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
