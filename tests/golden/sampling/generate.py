#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens that samplers draw, by plain formulas in float64: expected results of sampler_golden_test.

    python3 generate.py > expected.json

Needs numpy (written with 2.4, Python 3.11). Logits are whole numbers of 1/64, exact in every float
type. Options are chosen at random, each sampler alone and all of them together. A case is kept only
if its token does not change under small disturbances of logits and random number: what is left does
not hang on the rounding of f32, and must be the same token exactly.
"""
import json
import math

import numpy as np

SAMPLING, XTC = 3, 7  # purposes of random numbers
MASK = 0xFFFFFFFF


def philox(counter, key):
    """Philox 4x32-10, Salmon et al. 2011."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK, (a >> 32) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def uniform(seed, purpose, sequence, position):
    """[0, 1) with 53 bits, as base/philox.h: the purpose goes into the key by a block of its own."""
    mixed = philox([seed & MASK, seed >> 32, purpose, 0], [0x63616D62, 0x69756D31])
    block = philox([position & MASK, position >> 32, sequence & MASK, sequence >> 32], mixed[:2])
    return ((block[1] << 32 | block[0]) >> 11) * 2.0**-53


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def order(x):
    """Indices by descending score, then ascending index."""
    return np.lexsort((np.arange(len(x)), -x))


def keep(x, indices):
    out = np.full(len(x), -np.inf)
    out[indices] = x[indices]
    return out


def penalties(x, o, history):
    last = history[max(0, len(history) - o.get("repeat_last_n", 64)) :]
    repeat = o.get("repeat_penalty", 1.0)
    for t in set(last):
        x[t] = x[t] / repeat if x[t] > 0 else x[t] * repeat
        x[t] -= last.count(t) * o.get("frequency_penalty", 0.0) + o.get("presence_penalty", 0.0)
    return x


def dry(x, o, history):
    last = history[max(0, len(history) - o.get("dry_last_n", 10**9)) :]
    breakers = set(o.get("dry_breakers", []))
    for t in range(len(x)):
        if t in breakers:
            continue
        longest = 0
        for i in range(len(last)):  # t at i, and a match that ends before it
            if last[i] != t:
                continue
            n = 0
            while n < i and last[i - 1 - n] == last[-1 - n] and last[-1 - n] not in breakers:
                n += 1
            longest = max(longest, n)
        if longest >= o["dry_allowed_length"]:
            x[t] -= o["dry_multiplier"] * o["dry_base"] ** (longest - o["dry_allowed_length"])
    return x


def top_n_sigma(x, n):
    finite = x[np.isfinite(x)]
    return np.where(x >= x.max() - n * finite.std(), x, -np.inf)


def top_k(x, k):
    return keep(x, order(x)[:k])


def typical(x, p):
    probabilities = softmax(x)
    inside = np.isfinite(x) & (probabilities > 0)
    log = np.log(probabilities, where=inside, out=np.full(len(x), -np.inf))
    entropy = -(probabilities[inside] * log[inside]).sum()
    distance = np.where(inside, np.abs(-log - entropy), np.inf)
    ranked = np.lexsort((np.arange(len(x)), distance))
    count = int(np.searchsorted(np.cumsum(probabilities[ranked]), p)) + 1
    return keep(x, ranked[:count])


def top_p(x, p):
    ranked = order(x)
    count = int(np.searchsorted(np.cumsum(softmax(x)[ranked]), p)) + 1
    return keep(x, ranked[:count])


def min_p(x, p):
    probabilities = softmax(x)
    return np.where(probabilities >= p * probabilities.max(), x, -np.inf)


def xtc(x, probability, threshold, u):
    if u >= probability:
        return x
    top = [t for t in order(x) if softmax(x)[t] >= threshold]
    if len(top) < 2:
        return x
    x = x.copy()
    x[top[:-1]] = -np.inf
    return x


def temperature(x, o):
    t, spread = o.get("temperature", 1.0), o.get("dynatemp_range", 0.0)
    if spread > 0:
        p = softmax(x)[np.isfinite(x)]
        entropy = -sum(q * math.log(q) for q in p if q > 0)
        share = entropy / math.log(len(p)) if len(p) > 1 else 0.0
        low, high = max(0.0, t - spread), t + spread
        t = max(1e-3, low + (high - low) * share ** o.get("dynatemp_exponent", 1.0))
    return t


def sample(x, o, history, mu, sequence, nudge=0.0):
    """Token and next mu."""
    x = x.copy()
    position = len(history)
    for t, bias in o.get("logit_bias", []):
        x[t] += -np.inf if bias is None else bias
    x = penalties(x, o, history)
    if o.get("dry_multiplier", 0) > 0:
        x = dry(x, o, history)
    greedy = o.get("temperature", 1.0) == 0 and o.get("dynatemp_range", 0.0) == 0
    if "top_n_sigma" in o:
        x = top_n_sigma(x, o["top_n_sigma"])
    if "top_k" in o:
        x = top_k(x, o["top_k"])
    if "typical_p" in o:
        x = typical(x, o["typical_p"])
    if "top_p" in o:
        x = top_p(x, o["top_p"])
    if "min_p" in o:
        x = min_p(x, o["min_p"])
    if "xtc_probability" in o:
        u = uniform(o["seed"], XTC, sequence, position)
        x = xtc(x, o["xtc_probability"], o["xtc_threshold"], u)
    if greedy:
        return int(order(x)[0]), mu
    x = x / temperature(x, o)
    if "mirostat_tau" in o:
        with np.errstate(divide="ignore"):
            surprise = -np.log2(softmax(x))
        surprise[order(x)[0]] = -np.inf
        x = np.where(surprise > mu, -np.inf, x)
    p = softmax(x)
    u = uniform(o["seed"], SAMPLING, sequence, position) + nudge
    token = int(np.searchsorted(np.cumsum(p), u, side="right"))
    token = min(token, int(np.nonzero(p)[0][-1]))
    if "mirostat_tau" in o:
        mu -= o["mirostat_eta"] * (-math.log2(p[token]) - o["mirostat_tau"])
    return token, mu


SEVERAL = {
    "temperature": lambda r: [0.3, 0.7, 1.0, 1.5][r.integers(4)],
    "repeat_penalty": lambda r: [0.8, 1.1, 1.5, 2.0][r.integers(4)],
    "frequency_penalty": lambda r: [-0.5, 0.25, 1.0][r.integers(3)],
    "presence_penalty": lambda r: [-0.5, 0.5, 1.5][r.integers(3)],
    "dry": None,
    "top_n_sigma": lambda r: [0.5, 1.0, 2.0][r.integers(3)],
    "top_k": lambda r: [1, 3, 10, 40][r.integers(4)],
    "typical_p": lambda r: [0.2, 0.5, 0.9][r.integers(3)],
    "top_p": lambda r: [0.3, 0.8, 0.95][r.integers(3)],
    "min_p": lambda r: [0.02, 0.1, 0.5][r.integers(3)],
    "xtc": None,
    "dynatemp": None,
    "mirostat": None,
    "logit_bias": None,
}


def add_options(o, name, r, vocabulary):
    if name == "dry":
        o["dry_multiplier"] = [0.8, 2.0, 5.0][r.integers(3)]
        o["dry_base"] = [1.0, 1.75, 1.75, 2.5][r.integers(4)]
        o["dry_allowed_length"] = int(r.integers(1, 4))
        o["dry_breakers"] = [int(t) for t in r.choice(8, size=r.integers(3), replace=False)]
        if r.integers(3) == 0:
            o["dry_last_n"] = int(r.integers(5, 60))
    elif name == "xtc":
        o["xtc_probability"] = [0.5, 1.0][r.integers(2)]
        o["xtc_threshold"] = [0.02, 0.1, 0.3][r.integers(3)]
    elif name == "dynatemp":
        o["temperature"] = [0.8, 1.0][r.integers(2)]
        o["dynatemp_range"] = [0.5, 0.9][r.integers(2)]
        o["dynatemp_exponent"] = [0.5, 1.0, 2.0][r.integers(3)]
    elif name == "mirostat":
        o["mirostat_tau"] = [1.0, 3.0, 5.0][r.integers(3)]
        o["mirostat_eta"] = [0.1, 0.5][r.integers(2)]
    elif name == "logit_bias":
        tokens = r.choice(vocabulary, size=4, replace=False)
        o["logit_bias"] = [[int(t), [None, 4.0, -2.0, 1.5][i]] for i, t in enumerate(tokens)]
    elif name.endswith("_penalty"):
        o[name] = SEVERAL[name](r)
        if r.integers(2):
            o["repeat_last_n"] = int(r.integers(1, 30))
    else:
        o[name] = SEVERAL[name](r)


def stable(logits, o, history, mu, sequence, token):
    r = np.random.default_rng(7)
    for i in range(12):
        noisy = logits + r.normal(0, 2e-5, len(logits))
        if sample(noisy, o, history, mu, sequence, nudge=(-1) ** i * 2e-6)[0] != token:
            return False
    return True


def make_case(r, names):
    vocabulary = [40, 150, 300][r.integers(3)]
    o = {"seed": int(r.integers(2**32))}
    for name in names:
        add_options(o, name, r, vocabulary)
    if "logit_bias" not in names and r.integers(5) == 0:
        o["temperature"] = 0.0 if "dynatemp" not in names and "mirostat" not in names else 0.8
    sequence = int(r.integers(4))
    # A history over few tokens that repeats itself, to its last token.
    phrase = [int(t) for t in r.integers(0, 8, size=6)]
    history = []
    while len(history) < 40:
        history += [int(t) for t in r.integers(0, 8, size=r.integers(3))] + phrase[: r.integers(2, 7)]
    mu = 2 * o.get("mirostat_tau", 0.0)
    steps = []
    for _ in range(3):
        logits = np.round(r.normal(0, 2.5, vocabulary) * 64)
        logits[:8] += np.round(r.normal(128, 64, 8))
        if names == ["dry"]:  # where tokens that may be penalised are likely, and alike
            logits[:8] = 512 + np.round(r.normal(0, 32, 8))
        token, next_mu = sample(logits / 64, o, history, mu, sequence)
        if not stable(logits / 64, o, history, mu, sequence, token):
            break
        steps.append({"logits_x64": [int(x) for x in logits], "token": token})
        history.append(token)
        mu = next_mu
    if not steps:
        return None
    start = history[: len(history) - len(steps)]
    return {"options": o, "sequence": sequence, "history": start, "steps": steps}


def main():
    r = np.random.default_rng(2026)
    cases = []
    plans = [[name] for name in SEVERAL] * 3 + [["dry"]] * 12
    plans += [list(SEVERAL), ["top_k", "top_p", "min_p", "temperature"]] * 3
    for _ in range(10):
        plans.append([name for name in SEVERAL if r.integers(3) == 0])
    for names in plans:
        case = make_case(r, names)
        if case is not None:
            cases.append(case)
    print("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]")


if __name__ == "__main__":
    main()
