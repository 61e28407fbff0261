#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Hugging Face `tokenizers` makes of texts: the expected results of hf_tokenizer_golden_test.

    python3 generate.py                 writes expected.json
    python3 generate.py --train         first trains the tokenizers of this folder anew, NAME.json
                                        (not the same every time: trainers break ties at random)
    python3 generate.py DIR COUNT       writes DIR/expected.json with COUNT random texts for every
                                        DIR/*.json: put DIR at SHARED/data/tokenizer-cases and the
                                        test reads these too

Needs tokenizers (written with 0.23.3). The tokenizers are small ones of our own, put together like
those of the model families that they are named after.
"""
import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
SYMBOL = "\u2581"
CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"


def o200k(contraction, numbers):
    return (rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{contraction}"
            rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{contraction}|{numbers}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


DEEPSEEK3 = (r"[!" '"' r"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
             "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")

WORDS = """the of and to in a is that it was for on with as his they at be this from have or by one
had not but what all were when we there can an your which their said if do will each about how up out
them then she many some so these would other into has more her two like him see time could no make than
first been its who now people my made over did down only way find use may water long little very after
words called just where most know get through back much before go good new write our used me man too any
day same right look think also around another came come work three word must because does part even place
well such here take why things help put years different away again off went old number great tell men say
small every found still between name should home big give air line set own under read last never us left
end along while might next sound below saw something thought both few those always looked show large often
Zürich naïve café über straße Mädchen señor élève façade Ελλάδα привет мир здравствуйте 東京 日本語 中文
世界 你好 한국어 서울 العربية שלום हिन्दी ไทย 🙂 🚀 👍🏽 don't we'll I'm they've it's can't He's DON'T
x=1; foo(bar) if(a<b){ return a+b; } def f(x): # comment // http://a.b/c?d=e&f 3.14159 2,000 100%""".split()

FRAGMENTS = [" ", "  ", "   ", "        ", "\n", "\n\n", "\r\n", "\t", "\t\t", "a", "aa", "aaaa", "1",
             "12", "123", "1234567", "!", "!!", "...", "'", "'s", "'LL", "\"", "-", "_", "/", "\u00a0",
             "\u3000", "\u2009", "\u0301", "e\u0301", "\u200d", "\u00ad", "\u2581", "\u2581\u2581", "\x00",
             "\x07", "\ufffd", "\u4e00", "\u3042", "\uac00\u11a8", "\U0001f600", "\U0001d400", "²", "½",
             "Ⅷ", "ﬁ", "İ", "ß", "Σ", "ς", "<0x41>", "##", "[", "]", "$", "^", "`", "|", "~", "+", "£",
             "。", "、", "「", "؟", "।", "\U0002f800", "\uf900"]
SPECIALS = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|end|>", "[CLS]", "[SEP]", "[MASK]", "<new>"]


def random_text(rng):
    parts = []
    for _ in range(rng.choice([1, 2, 3, 5, 8, 13, 30])):
        kind = rng.random()
        if kind < 0.5:
            parts.append(rng.choice(WORDS))
            if rng.random() < 0.7:
                parts.append(" ")
        elif kind < 0.85:
            parts.append(rng.choice(FRAGMENTS))
        elif kind < 0.93:
            code = rng.choice([rng.randrange(0x20, 0x250), rng.randrange(0x370, 0x2000),
                               rng.randrange(0x2000, 0x3100), rng.randrange(0x1F300, 0x1F700)])
            parts.append(chr(code))
        else:
            parts.append(rng.choice(SPECIALS))
    return "".join(parts)


def corpus():
    rng = random.Random(1)
    return [" ".join(rng.choice(WORDS) for _ in range(12)) for _ in range(600)]


def add_ends(tokenizer, template, names):
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template, special_tokens=[(name, tokenizer.token_to_id(name)) for name in names])


def sentence_piece(bytes_too, prefix, split=None, specials=(), fuse=True):
    """Trained on words; put together again as BPE over the whole text."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SYMBOL, prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<unk>", "<s>", "</s>"],
                                  limit_alphabet=90, show_progress=False)
    trained.train_from_iterator(corpus(), trainer)
    model = json.loads(trained.to_str())["model"]
    vocab, merges = model["vocab"], [tuple(m) for m in model["merges"]]
    # SentencePiece's vocabularies have runs of spaces, and every way to make a token is a merge.
    for n in (2, 3, 4, 8):
        vocab[SYMBOL * n] = len(vocab)
    order = {}
    for left, right in merges:
        order.setdefault(left + right, len(order))
    for n in (2, 3, 4, 8):
        order[SYMBOL * n] = len(order)
    pairs = []
    for token, rank in order.items():
        cuts = [(token[:i], token[i:]) for i in range(1, len(token))]
        pairs += [(rank, vocab[a], vocab[b], a, b) for a, b in cuts if a in vocab and b in vocab]
    merges = [(a, b) for _, _, _, a, b in sorted(pairs)]
    if bytes_too:
        for byte in range(256):
            vocab[f"<0x{byte:02X}>"] = len(vocab)
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=fuse,
                                     byte_fallback=bytes_too))
    steps = [decoders.Replace(SYMBOL, " "), decoders.ByteFallback(), decoders.Fuse()]
    if prefix == "prepend":
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend(SYMBOL), normalizers.Replace(" ", SYMBOL)])
    elif prefix is None:
        tokenizer.normalizer = normalizers.Replace(" ", SYMBOL)
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SYMBOL, prepend_scheme=prefix,
                                                           split=split)
    if prefix not in (None, "never"):
        steps.append(decoders.Strip(" ", 1, 0))
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True)
                                  for name in ("<unk>", "<s>", "</s>")])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True, rstrip=rstrip)
                                  for name, rstrip in specials])
    add_ends(tokenizer, "<s> $A", ["<s>"])
    return tokenizer


def byte_level(pre_tokenizer, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=520, special_tokens=["<|im_start|>", "<|end|>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_tokens([AddedToken("<new>", normalized=False, lstrip=True)])
    return tokenizer


def split(*patterns):
    parts = [pre_tokenizers.Split(Regex(p), "isolated", invert=False) for p in patterns]
    return pre_tokenizers.Sequence(parts + [pre_tokenizers.ByteLevel(False, use_regex=False)])


def word_piece(**options):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer(**options)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=500, limit_alphabet=120, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.train_from_iterator(corpus(), trainer)
    add_ends(tokenizer, "[CLS] $A [SEP]", ["[CLS]", "[SEP]"])
    return tokenizer


def make_all():
    plain = pre_tokenizers.ByteLevel(False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    return {
        "llama_2": sentence_piece(True, "prepend"),
        "phi_3": sentence_piece(True, "prepend", specials=[("<|end|>", True)]),
        "mistral": sentence_piece(True, "first", split=False, specials=[("<|im_start|>", False)]),
        "gemma": sentence_piece(True, None, specials=[("<|end|>", False)]),
        "unknown_words": sentence_piece(False, "always", split=True),
        "unknown_chars": sentence_piece(False, "prepend", fuse=False),
        "gpt_2": byte_level(plain),
        "smollm": byte_level(pre_tokenizers.Sequence([digits, plain])),
        "falcon": byte_level(pre_tokenizers.Sequence(
            [pre_tokenizers.Punctuation("contiguous"), plain,
             pre_tokenizers.Digits(individual_digits=False),
             pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])),
        "llama_3": byte_level(split(LLAMA3), ignore_merges=True),
        "qwen_2": byte_level(split(QWEN2)),
        "gpt_4o": byte_level(split(o200k(CONTRACTION + "?", r"\p{N}{1,3}"))),
        "tekken": byte_level(split(o200k("", r"\p{N}")), ignore_merges=True),
        "deepseek_3": byte_level(split(r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", DEEPSEEK3)),
        "bert": word_piece(lowercase=True),
        "bert_cased": word_piece(lowercase=False, strip_accents=False),
    }


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 2 else HERE
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    if sys.argv[1:] == ["--train"]:
        for name, tokenizer in make_all().items():
            compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False)
            (HERE / f"{name}.json").write_text(compact + "\n")
    expected = {}
    for path in sorted(folder.glob("*.json")):
        if path.name == "expected.json":
            continue
        tokenizer = Tokenizer.from_file(str(path))
        rng = random.Random(path.name)
        texts = ["", " ", "Hello world", " Hello", "<s>Hello</s> there"]
        texts += [random_text(rng) for _ in range(count)]
        expected[path.stem] = [
            {"text": text,
             "ids": tokenizer.encode(text, add_special_tokens=False).ids,
             "with_ends": tokenizer.encode(text).ids,
             "decoded": tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids,
                                         skip_special_tokens=False)}
            for text in texts]
    lines = ",\n".join(
        json.dumps(name) + ": [\n" + ",\n".join(json.dumps(case) for case in cases) + "]"
        for name, cases in expected.items())
    (folder / "expected.json").write_text("{\n" + lines + "\n}\n")


main()
