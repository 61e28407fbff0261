#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the character tables of word_piece_normalizer.cc, asked of Python's unicodedata.

    python3 word_piece_tables.py classes > word_piece_classes.cc
    python3 word_piece_tables.py bases > word_piece_bases.cc
"""
import sys
import unicodedata

CODES = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def emit(declaration, rows):
    print(f"{declaration}[] = {{")
    line = "   "
    for row in rows:
        text = " {" + ", ".join(row) + "},"
        if len(line) + len(text) > 100:
            print(line)
            line = "   "
        line += text
    print(line)
    print("};")


def emit_ranges(name, predicate):
    ranges = []
    for c in CODES:
        if predicate(chr(c)):
            if ranges and ranges[-1][1] == c - 1:
                ranges[-1][1] = c
            else:
                ranges.append([c, c])
    emit(f"const CharRange {name}", [(f"0x{a:X}", f"0x{b:X}") for a, b in ranges])
    print(f"const size_t {name}Size = {len(ranges)};")


def stripped(c):
    """Canonical decomposition without nonspacing marks."""
    parts = unicodedata.normalize("NFD", chr(c))
    return [ord(p) for p in parts if unicodedata.category(p) != "Mn"]


def emit_bases():
    rows = []
    for c in CODES:
        # Hangul syllables are taken apart by a formula, marks have a table.
        if 0xAC00 <= c <= 0xD7A3 or unicodedata.category(chr(c)) == "Mn":
            continue
        parts = stripped(c)
        if parts != [c]:
            assert 1 <= len(parts) <= 3, hex(c)
            rows.append((f"0x{c:X}", "{" + ", ".join(f"0x{p:X}" for p in parts) + "}"))
    emit("const CharParts kBases", rows)
    print(f"const size_t kBasesSize = {len(rows)};")


def main():
    version = sys.version.split()[0]
    print("// SPDX-License-Identifier: Apache-2.0")
    print(f"// Written by word_piece_tables.py with CPython {version},", end=" ")
    print(f"Unicode {unicodedata.unidata_version}.")
    print('#include "text/word_piece_tables.h"')
    print()
    print("namespace cambium {")
    print()
    print("// clang-format off")
    if sys.argv[1] == "classes":
        emit_ranges("kNonspacingMarks", lambda ch: unicodedata.category(ch) == "Mn")
        emit_ranges("kPunctuation", lambda ch: unicodedata.category(ch)[0] == "P")
        emit_ranges("kOther", lambda ch: unicodedata.category(ch) in ("Cc", "Cf", "Co"))
    else:
        emit_bases()
    print("// clang-format on")
    print()
    print("}  // namespace cambium")


main()
