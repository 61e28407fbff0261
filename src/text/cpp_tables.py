# SPDX-License-Identifier: Apache-2.0
"""Writing tables of Unicode as C++: what word_piece_tables.py and jinja/unicode_tables.py share."""
import sys
import unicodedata

# All code points that text may have: no surrogates.
CODES = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def emit(kind, name, rows):
    """An array of structs, given as rows of strings, and its size."""
    print(f"const {kind} {name}[] = {{")
    line = "   "
    for row in rows:
        text = " {" + ", ".join(row) + "},"
        if len(line) + len(text) > 100:
            print(line)
            line = "   "
        line += text
    print(line)
    print("};")
    print(f"const size_t {name}Size = {len(rows)};")


def write_file(script, header, namespace, emit_tables):
    """A source file of the tables that emit_tables() prints."""
    version = sys.version.split()[0]
    print("// SPDX-License-Identifier: Apache-2.0")
    print(f"// Written by {script} with CPython {version},", end=" ")
    print(f"Unicode {unicodedata.unidata_version}.")
    print(f'#include "{header}"')
    print()
    print(f"namespace {namespace} {{")
    print()
    print("// clang-format off")
    emit_tables()
    print("// clang-format on")
    print()
    print(f"}}  // namespace {namespace}")
