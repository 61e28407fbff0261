#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what Python's str methods know of Unicode, asked of Python itself (CPython 3.11).

    python3 unicode_tables.py classes > unicode_class_tables.cc
    python3 unicode_tables.py cases > unicode_case_tables.cc
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cpp_tables import CODES, emit, write_file


def strided(codes):
    """Sorted codes as (first, last, stride) with stride 1 or 2."""
    ranges = []
    i = 0
    while i < len(codes):
        stride = codes[i + 1] - codes[i] if i + 1 < len(codes) else 1
        j = i
        if stride in (1, 2):
            while j + 1 < len(codes) and codes[j + 1] - codes[j] == stride:
                j += 1
        # Two codes at a distance of 2 are more often the end of one range and the start of another.
        if stride == 2 and j == i + 1:
            j = i
        ranges.append((codes[i], codes[j], 1 if j == i else stride))
        i = j + 1
    return ranges


def emit_class(name, predicate):
    ranges = strided([c for c in CODES if predicate(chr(c))])
    emit("CodeRange", name, [(f"0x{a:X}", f"0x{b:X}", str(s)) for a, b, s in ranges])


def emit_map(name, function, is_listed):
    """Single code point to single code point, as ranges of one difference."""
    by_delta = {}
    for c in CODES:
        to = function(chr(c))
        if len(to) == 1 and is_listed(chr(c), to):
            by_delta.setdefault(ord(to) - c, []).append(c)
    rows = sorted((a, b, s, d) for d, codes in by_delta.items() for a, b, s in strided(codes))
    # Ranges of stride 2 may lie in each other; the search needs them apart.
    apart = []
    for a, b, s, d in rows:
        if apart and a <= apart[-1][1]:
            raise SystemExit(f"{name}: ranges overlap at {a:X}")
        apart.append((a, b, s, d))
    emit("CodeMapping", name, [(f"0x{a:X}", f"0x{b:X}", str(s), str(d)) for a, b, s, d in apart])


def emit_special(name, function):
    rows = []
    for c in CODES:
        to = function(chr(c))
        if len(to) > 1:
            utf8 = "".join(f"\\x{b:02x}" for b in to.encode())
            rows.append((f"0x{c:X}", f'"{utf8}"'))
    emit("SpecialMapping", name, rows)


def cased(ch):
    return (ch + "\u03a3").lower().endswith("\u03c2")


def case_ignorable(ch):
    return not cased(ch) and ("A" + ch + "\u03a3").lower().endswith("\u03c2")


def emit_classes():
    emit_class("kAlpha", str.isalpha)
    emit_class("kDecimal", str.isdecimal)
    emit_class("kDigit", str.isdigit)
    emit_class("kNumeric", str.isnumeric)
    emit_class("kPrintable", str.isprintable)


def emit_cases():
    emit_class("kLower", str.islower)
    emit_class("kUpper", str.isupper)
    emit_class("kTitle", lambda ch: ch.istitle() and not ch.isupper())
    emit_class("kCased", cased)
    emit_class("kCaseIgnorable", case_ignorable)
    emit_map("kToLower", str.lower, lambda ch, to: to != ch)
    emit_map("kToUpper", str.upper, lambda ch, to: to != ch)
    # Only what differs from the upper case, which may be the character itself.
    emit_map("kToTitle", str.title, lambda ch, to: to != ch.upper())
    emit_special("kSpecialUpper", str.upper)
    emit_special("kSpecialTitle", str.title)


TABLES = {"classes": emit_classes, "cases": emit_cases}
write_file("unicode_tables.py", "text/jinja/unicode_tables.h", "cambium::jinja",
           TABLES[sys.argv[1]])
