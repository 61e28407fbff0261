#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tiny random models of every supported family with the logits that transformers computes: the
expected results of tests/architectures_test.

    python3 generate.py [FAMILY ...]         writes FAMILY/{config.json, model.safetensors,
                                             tokenizer.json, expected.json, expected.safetensors}
    python3 generate.py --gguf LLAMA_CPP DIR converts every folder to DIR/FAMILY.gguf (F32) by the
                                             converter of that checkout of llama.cpp

Written with transformers 5.23.0, torch 2.15.0, tokenizers 0.22, Python 3.11, on x86-64. All is
computed in float32 on one thread. Weights are larger than trainers start with, so that attention
is sharp and a wrong rotation, window or scale shows in the logits.
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

HERE = pathlib.Path(__file__).parent
VOCAB = 256
PROMPT_LENGTH = 40
NUM_GREEDY = 8

SMALL = dict(
    vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
    bos_token_id=None, eos_token_id=None, pad_token_id=None, tie_word_embeddings=False,
    attn_implementation="eager",
)  # fmt: skip


def rope(**kwargs):
    return {"rope_theta": 10000.0, "rope_type": "default"} | kwargs


LLAMA3 = rope(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0,
              high_freq_factor=4.0, original_max_position_embeddings=32)  # fmt: skip
YARN = rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)


def long_rope(pairs, original=64, **kwargs):
    return rope(rope_type="longrope", original_max_position_embeddings=original,
                short_factor=[1.0 + 0.05 * i for i in range(pairs)],
                long_factor=[1.5 + 0.75 * i for i in range(pairs)], **kwargs)  # fmt: skip


FAMILIES = {
    "llama": ("Llama", dict(num_key_value_heads=4, rms_norm_eps=1e-5)),
    "llama3": ("Llama", dict(head_dim=16, rope_parameters=LLAMA3, tie_word_embeddings=True)),
    "llama_linear": ("Llama", dict(rope_parameters=rope(rope_type="linear", factor=4.0))),
    "mistral": ("Mistral", dict(sliding_window=9, head_dim=8)),
    "qwen2": ("Qwen2", dict(tie_word_embeddings=True)),
    "qwen3": ("Qwen3", dict(head_dim=16)),
    "qwen3_yarn": ("Qwen3", dict(head_dim=16, rope_parameters=YARN)),
    "gemma": ("Gemma", dict(head_dim=16, num_key_value_heads=1, tie_word_embeddings=True)),
    "gemma2": ("Gemma2", dict(head_dim=16, tie_word_embeddings=True, sliding_window=9,
                              num_hidden_layers=3, query_pre_attn_scalar=16,
                              attn_logit_softcapping=3.0, final_logit_softcapping=5.0)),
    "gemma3": ("Gemma3Text", dict(head_dim=16, tie_word_embeddings=True, sliding_window=9,
                                  num_hidden_layers=7, hidden_size=16, intermediate_size=32,
                                  query_pre_attn_scalar=16, rope_parameters={
                                      "full_attention": rope(rope_type="linear", factor=8.0,
                                                             rope_theta=1e6),
                                      "sliding_attention": rope()})),
    "phi3": ("Phi3", dict(rope_parameters=long_rope(4, partial_rotary_factor=1.0),
                          original_max_position_embeddings=64)),
    # A context beyond the original one, hence the long factors.
    "phi3_long": ("Phi3", dict(rope_parameters=long_rope(4, 16, partial_rotary_factor=1.0),
                               original_max_position_embeddings=16, sliding_window=21)),
    "phi4_mini": ("Phi3", dict(num_attention_heads=2, num_key_value_heads=1,
                               tie_word_embeddings=True, original_max_position_embeddings=64,
                               rope_parameters=long_rope(6, partial_rotary_factor=0.75))),
    "gpt2": ("GPT2", dict(n_embd=32, n_layer=2, n_head=4, n_positions=128, n_ctx=128, resid_pdrop=0.0,
                          embd_pdrop=0.0, attn_pdrop=0.0, tie_word_embeddings=True)),
    "olmo2": ("Olmo2", dict(num_key_value_heads=4)),
    "mixtral": ("Mixtral", dict(num_local_experts=4, num_experts_per_tok=2)),
    "qwen3_moe": ("Qwen3Moe", dict(head_dim=16, num_experts=8, num_experts_per_tok=3,
                                   moe_intermediate_size=24, norm_topk_prob=True,
                                   decoder_sparse_step=1, mlp_only_layers=[])),
    "olmoe": ("Olmoe", dict(intermediate_size=24, num_experts=8, num_experts_per_tok=3, num_key_value_heads=4,
                            norm_topk_prob=False)),
    "gpt_oss": ("GptOss", dict(head_dim=16, num_local_experts=4, num_experts_per_tok=2,
                               sliding_window=9, rope_parameters=rope(
                                   rope_type="yarn", rope_theta=150000.0, factor=4.0,
                                   beta_fast=32.0, beta_slow=1.0, truncate=False,
                                   original_max_position_embeddings=32))),
}  # fmt: skip
FAMILIES["gpt_oss_mxfp4"] = ("GptOss", FAMILIES["gpt_oss"][1] | dict(intermediate_size=32))


def quantize_experts(model, generator):
    """Random MXFP4 blocks for the experts of gpt-oss, as its published folders have them, and what
    transformers makes of them as the weights. Returns the tensors to save in their place."""
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    tensors = {}
    for name, parameter in model.named_parameters():
        if not name.endswith(("gate_up_proj", "down_proj")):
            continue
        experts, inner, outer = parameter.shape  # [E, in, out]; blocks are of [E, out, in]
        blocks = torch.randint(0, 256, (experts, outer, inner // 32, 16), generator=generator)
        scales = torch.randint(123, 126, (experts, outer, inner // 32), generator=generator)
        tensors[f"{name}_blocks"] = blocks.to(torch.uint8)
        tensors[f"{name}_scales"] = scales.to(torch.uint8)
        values = convert_moe_packed_tensors(
            blocks.to(torch.uint8), scales.to(torch.uint8), dtype=torch.float32)
        assert values.shape == parameter.shape
        parameter.data.copy_(values)
    return tensors


def replace_experts(folder, packed):
    tensors = load_file(folder / "model.safetensors")
    for name in packed:
        tensors.pop(name.removesuffix("_blocks").removesuffix("_scales"), None)
    save_file(tensors | packed, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "mxfp4"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def randomize(model, generator):
    """Sharp but tame: matrices keep the size of their input, norms lie around what they start
    with, biases and sinks matter."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name or ".ln_" in name:
            start = 0.0 if model.config.model_type.startswith("gemma") else 1.0
            start = 0.0 if name.endswith("bias") else start
            value = start + 0.2 * noise
        elif "embed" in name or ".wte." in name or ".wpe." in name:
            value = 0.5 * noise
        elif parameter.dim() == 1 or name.endswith("bias"):
            value = 0.3 * noise
        else:
            transposed = ".c_" in name or (model.config.model_type == "gpt_oss" and parameter.dim() == 3)
            fan_in = parameter.shape[-2 if transposed else -1]
            value = 1.5 * noise / fan_in**0.5
        parameter.data.copy_(value)


def write_tokenizer(folder):
    """Bytes as tokens, without merges."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))


def generate(family):
    kind, settings = FAMILIES[family]
    base = SMALL if kind != "GPT2" else {k: v for k, v in SMALL.items() if "token" in k or "attn" in k or k == "vocab_size"}
    config = getattr(transformers, f"{kind}Config")(**(base | settings))
    model_class = {"Gemma3Text": "Gemma3ForCausalLM", "GPT2": "GPT2LMHeadModel"}.get(
        kind, f"{kind}ForCausalLM")
    model = getattr(transformers, model_class)(config).float().eval()
    seed = sum(map(ord, family))
    generator = torch.Generator().manual_seed(seed)
    randomize(model, generator)
    packed = quantize_experts(model, generator) if family.endswith("mxfp4") else {}
    model.tie_weights()
    prompt = torch.randint(0, VOCAB, (PROMPT_LENGTH,), generator=generator).tolist()
    tokens = list(prompt)
    with torch.no_grad():
        logits = model(torch.tensor([prompt]), use_cache=False).logits[0]
        for _ in range(NUM_GREEDY):
            tokens.append(int(model(torch.tensor([tokens]), use_cache=False).logits[0, -1].argmax()))
    folder = HERE / family
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    if packed:
        replace_experts(folder, packed)
    (folder / "generation_config.json").unlink(missing_ok=True)
    write_tokenizer(folder)
    save_file({"logits": logits.contiguous()}, folder / "expected.safetensors")
    expected = {"prompt": prompt, "greedy": tokens[PROMPT_LENGTH:]}
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    size = sum(path.stat().st_size for path in folder.iterdir())
    names = sorted(load_file(folder / "model.safetensors"))
    print(f"{family}: {size} bytes, {len(names)} tensors, logits up to {logits.abs().max():.3f}")


def convert(llama_cpp, out, families):
    sys.path[:0] = [llama_cpp, f"{llama_cpp}/gguf-py"]
    import conversion
    import gguf
    from conversion.base import ModelBase, TextModel

    # The converter knows tokenizers by their hash, and ours is none that it could know.
    def get_vocab_base(self):
        vocab = json.loads((self.dir_model / "tokenizer.json").read_text())["model"]["vocab"]
        tokens = sorted(vocab, key=vocab.get)[:-1] + ["\u0100\u0100"]  # the result of the merge
        return tokens, [gguf.TokenType.NORMAL] * len(vocab), "gpt-2"

    def set_vocab(self):
        self._set_vocab_gpt2()
        self.gguf_writer.add_token_merges(["\u0100 \u0100"])  # llama.cpp wants one

    TextModel.get_vocab_base = get_vocab_base
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    for family in families:
        folder = HERE / family
        hparams = ModelBase.load_hparams(folder, False)
        model_class = conversion.get_model_class(hparams["architectures"][0])
        model_class.set_vocab = set_vocab
        with torch.inference_mode():
            path = pathlib.Path(out) / f"{family}.gguf"
            model_class(folder, gguf.LlamaFileType.ALL_F32, path).write()


def main():
    torch.set_num_threads(1)
    arguments = sys.argv[1:]
    if arguments[:1] == ["--gguf"]:
        convert(arguments[1], arguments[2], arguments[3:] or FAMILIES)
        return
    for family in arguments or FAMILIES:
        generate(family)


if __name__ == "__main__":
    main()
