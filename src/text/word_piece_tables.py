#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the character tables of word_piece_normalizer.cc, asked of Python's unicodedata.

    python3 word_piece_tables.py classes > word_piece_classes.cc
    python3 word_piece_tables.py bases > word_piece_bases.cc
"""
import sys
import unicodedata

from cpp_tables import CODES, emit, write_file


def emit_ranges(name, predicate):
    ranges = []
    for c in CODES:
        if predicate(chr(c)):
            if ranges and ranges[-1][1] == c - 1:
                ranges[-1][1] = c
            else:
                ranges.append([c, c])
    emit("CharRange", name, [(f"0x{a:X}", f"0x{b:X}") for a, b in ranges])


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
    emit("CharParts", "kBases", rows)


def emit_classes():
    emit_ranges("kNonspacingMarks", lambda ch: unicodedata.category(ch) == "Mn")
    emit_ranges("kPunctuation", lambda ch: unicodedata.category(ch)[0] == "P")
    emit_ranges("kOther", lambda ch: unicodedata.category(ch) in ("Cc", "Cf", "Co"))


TABLES = {"classes": emit_classes, "bases": emit_bases}
write_file("word_piece_tables.py", "text/word_piece_tables.h", "cambium", TABLES[sys.argv[1]])
