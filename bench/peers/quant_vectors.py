# SPDX-License-Identifier: Apache-2.0
"""Writes src/numerics/quant/quant_vectors.txt: what ggml makes of known blocks and floats.

  VENV/bin/python quant_vectors.py --ggml .../libggml-base.so > ../../src/numerics/quant/quant_vectors.txt

ggml is the one of llama.cpp, built as a shared library for plain x86-64 (GGML_NATIVE=OFF). Where the
gguf package has the same conversion in NumPy, both must agree, or the script says so on standard
error. The committed file was made with ggml 0.25.1, gguf 0.19.0 and NumPy 2.4.6.

Lines of the file, all numbers as little-endian bytes in hexadecimal:
  input NAME FLOATS                         256 f32
  importance NAME FLOATS                    256 f32
  blocks TYPE BLOCKS SHA256 FLOATS          dequantized f32: hash of all, and the first 16
  quantized TYPE INPUT IMPORTANCE BLOCKS    one row; IMPORTANCE is - where there is none
"""
import argparse
import ctypes
import hashlib
import math
import random
import struct
import sys

import gguf
import numpy as np

# Where a block has its f16 numbers.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82],
    "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ2_XXS": [0], "IQ2_XS": [0],
    "IQ2_S": [0], "IQ3_XXS": [0], "IQ3_S": [0], "IQ1_S": [0], "IQ4_NL": [0], "IQ4_XS": [0],
    "TQ1_0": [52], "TQ2_0": [64], "Q1_0": [0], "Q2_0": [0], "F16": [0],
}
TYPES = {
    "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q2_K": 10, "Q3_K": 11,
    "Q4_K": 12, "Q5_K": 13, "Q6_K": 14, "Q8_K": 15, "IQ2_XXS": 16, "IQ2_XS": 17, "IQ3_XXS": 18,
    "IQ1_S": 19, "IQ4_NL": 20, "IQ3_S": 21, "IQ2_S": 22, "IQ4_XS": 23, "IQ1_M": 29, "BF16": 30,
    "TQ1_0": 34, "TQ2_0": 35, "MXFP4": 39, "NVFP4": 40, "Q1_0": 41, "Q2_0": 42,
}
WRITTEN = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
           "Q6_K", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0", "MXFP4", "NVFP4", "Q1_0", "Q2_0"]
WITH_IMPORTANCE = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
                   "IQ4_XS"]


class Traits(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("block_size", ctypes.c_int64),
                ("interleave", ctypes.c_int64), ("block_bytes", ctypes.c_size_t),
                ("quantized", ctypes.c_bool), ("to_float", ctypes.c_void_p),
                ("from_float", ctypes.c_void_p)]


class Ggml:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        self.lib.ggml_get_type_traits.restype = ctypes.POINTER(Traits)
        self.lib.ggml_version.restype = ctypes.c_char_p
        self.lib.ggml_quantize_chunk.restype = ctypes.c_size_t
        self.lib.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
                                                 ctypes.c_int64, ctypes.c_int64, ctypes.c_int64,
                                                 ctypes.c_void_p]

    def traits(self, name):
        return self.lib.ggml_get_type_traits(TYPES[name]).contents

    def dequantize(self, name, data):
        traits = self.traits(name)
        count = len(data) // traits.block_bytes * traits.block_size
        out = np.zeros(count, dtype=np.float32)
        address = traits.to_float
        if name == "Q8_K":  # has a function but no entry in the table
            address = ctypes.cast(self.lib.dequantize_row_q8_K, ctypes.c_void_p).value
        function = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64)(address)
        function(data, out.ctypes.data, count)
        return out

    def quantize(self, name, row, importance):
        traits = self.traits(name)
        out = ctypes.create_string_buffer(len(row) // traits.block_size * traits.block_bytes)
        weights = None if importance is None else importance.ctypes.data
        self.lib.ggml_quantize_chunk(TYPES[name], row.ctypes.data, out, 0, 1, len(row), weights)
        return out.raw


def blocks_of(ggml, name, rng):
    """Some random blocks, then blocks with extreme scales; none with infinities or NaN."""
    size = ggml.traits(name).block_bytes
    wanted = 2 if size > 40 else 4
    blocks = []
    while len(blocks) < wanted:
        block = bytes(rng.randrange(256) for _ in range(size))
        if np.isfinite(ggml.dequantize(name, block)).all():
            blocks.append(block)
    blocks.append(bytes(size))
    for half in [0x0001, 0x8000, 0x7bff, 0xbc00, 0x83ff]:
        block = bytearray(rng.randrange(256) for _ in range(size))
        if name == "BF16":
            block[:] = struct.pack("<H", half)
        elif name == "Q8_K":
            block[:4] = struct.pack("<f", np.float16(struct.unpack("<e", struct.pack("<H", half))[0]))
        elif name == "IQ1_M":
            for n in range(4):
                block[48 + 2 * n + 1] = block[48 + 2 * n + 1] & 15 | ((half >> 4 * n) & 15) << 4
        elif name == "MXFP4":
            block[0] = {0x0001: 0, 0x8000: 1, 0x7bff: 2, 0xbc00: 252, 0x83ff: 127}[half]
        elif name == "NVFP4":
            block[:4] = bytes([0x7f, 0xff, 0x80 | half & 7, half & 0x7f])
        for offset in HALVES.get(name, []):
            block[offset:offset + 2] = struct.pack("<H", half)
        blocks.append(bytes(block))
    return blocks


def inputs(rng):
    def normal(scale, count=256):
        return [rng.gauss(0, 1) * scale for _ in range(count)]

    yield "normal", normal(0.02)
    yield "zero", [0.0] * 256
    yield "negative", [-abs(x) for x in normal(3)]
    yield "positive", [0.5 + abs(x) for x in normal(0.1)]
    yield "ties", [float(rng.randrange(-16, 17)) / 4 for _ in range(256)]
    yield "huge", normal(2000)
    yield "denormal", [math.ldexp(rng.randrange(-4096, 4097), -149) for _ in range(256)]
    mixed = normal(1e-3, 64) + [0.0] * 32 + normal(10, 32) + [0.25] * 32 + [-7.5] * 16
    mixed += [0.0] * 15 + [1.5] + normal(1e-7, 32) + normal(1, 32)
    yield "mixed", mixed


def show(values):
    return np.asarray(values, dtype="<f4").tobytes().hex()


def compare_with_gguf(name, kind, ours, call):
    try:
        theirs = call(gguf.GGMLQuantizationType[name])
    except (NotImplementedError, KeyError):
        return
    if theirs.tobytes() != ours:
        print(f"note: gguf {gguf_version()} differs from ggml: {kind} {name}", file=sys.stderr)


def gguf_version():
    import importlib.metadata
    return importlib.metadata.version("gguf")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ggml", required=True, help="libggml-base.so")
    ggml = Ggml(parser.parse_args().ggml)
    np.seterr(all="ignore")  # of the gguf package, for the extreme rows
    rng = random.Random(20260)
    print(f"# bench/peers/quant_vectors.py: ggml {ggml.lib.ggml_version().decode()}, "
          f"gguf {gguf_version()}, numpy {np.__version__}")
    rows = {name: np.array(values, dtype=np.float32) for name, values in inputs(rng)}
    for name, row in rows.items():
        print("input", name, show(row))
    importance = {
        "smooth": np.array([rng.random() for _ in range(256)], dtype=np.float32),
        "sparse": np.array([0.0 if rng.randrange(4) else rng.random() * 100 for _ in range(256)],
                           dtype=np.float32),
    }
    for name, row in importance.items():
        print("importance", name, show(row))
    for name in TYPES:
        for block in blocks_of(ggml, name, rng):
            floats = ggml.dequantize(name, block)
            print("blocks", name, block.hex(), hashlib.sha256(floats.tobytes()).hexdigest(),
                  show(floats[:16]))
            compare_with_gguf(name, "dequantize", floats.tobytes(), lambda kind: gguf.quants.dequantize(
                np.frombuffer(block, dtype=np.uint8).reshape(1, -1), kind))
    for name in WRITTEN:
        for row_name, row in rows.items():
            data = ggml.quantize(name, row, None)
            print("quantized", name, row_name, "-", data.hex())
            compare_with_gguf(name, f"quantize {row_name} to", data,
                              lambda kind: gguf.quants.quantize(row.reshape(1, -1), kind))
    for name in WITH_IMPORTANCE:
        for row_name, weights_name in [("normal", "smooth"), ("mixed", "sparse")]:
            data = ggml.quantize(name, rows[row_name], importance[weights_name])
            print("quantized", name, row_name, weights_name, data.hex())


if __name__ == "__main__":
    main()
