#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of legacy encodings out of the WHATWG Encoding Standard's own files.

    make_encoding_tables.py [DATA] [--check]

DATA is the folder, or the .tar.zst of it, with index-*.txt and encodings.json (https://encoding.spec.whatwg.org/, as in
github.com/whatwg/encoding); default $ATLAS_TEST_DATA/suites/whatwg-encoding.tar.zst. Writes include/atlas/text/single_byte_tables.hpp and include/atlas/text/label_table.hpp; with
--check writes nothing, and exits with 1 if one of them is not what it would write, with 77 if DATA is not there.

IBM855, which the standard does not have, is taken from Python's codec of that name, which was made from Unicode's
CP855.TXT.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEXT = ROOT / "include/atlas/text"

# In the order of text_encoding, from its first single-byte encoding on; new ones go to the end. ISO-8859-8-I, which
# follows there, is told apart from ISO-8859-8 by nothing but the direction in which it was typed.
SINGLE_BYTE = [
    "IBM866", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8",
    "ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "KOI8-R", "KOI8-U", "macintosh",
    "windows-874", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255",
    "windows-1256", "windows-1257", "windows-1258", "x-mac-cyrillic", "x-user-defined", "IBM855", "ISO-8859-8-I",
]
# What the standard leaves out and people write.
MORE_LABELS = {"IBM855": ["855", "cp855", "csibm855", "ibm855"], "UTF-32LE": ["utf-32", "utf-32le"], "UTF-32BE": ["utf-32be"]}


def value_name(name):
    """The standard's name as a value of text_encoding."""
    lowered = name.lower()
    for wide in ("utf-8", "utf-16", "utf-32"):
        if lowered.startswith(wide):
            return wide.replace("-", "") + ("_" + lowered[len(wide):] if lowered != wide else "")
    return lowered.replace("-", "_")


def read_index(folder, name):
    """Code points of bytes 0x80 to 0xFF, 0 where there is none."""
    table = [0] * 128
    for line in (folder / f"index-{name.lower()}.txt").read_text(encoding="utf-8").split("\n"):  # U+0085 ends no line
        if line.strip() and not line.startswith("#"):
            pointer, code_point = line.split()[:2]
            table[int(pointer)] = int(code_point, 16)
    return table


def table_of(folder, name):
    if name == "x-user-defined":
        return [0xF780 + pointer for pointer in range(128)]
    if name == "IBM855":
        return [ord(bytes([0x80 + pointer]).decode("cp855")) for pointer in range(128)]
    return read_index(folder, name)


def banner(name, what, room, origin):
    guard = f"ATLAS_TEXT_{name.upper()}_HPP"
    return [
        "// SPDX-License-Identifier: Apache-2.0",
        f"// include/atlas/text/{name}.hpp -- {what}",
        "//",
        f"// Room:      {room}",
        f"// Source:    {origin}",
        "//            Written by cmake/make_encoding_tables.py; not to be changed by hand.",
        "// Depends:   text/text_encoding.hpp.",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <atlas/text/text_encoding.hpp>  // text_encoding",
        "",
        "namespace atlas { inline namespace ATLAS_ABI { namespace detail {",
        "",
    ], ["", "}}}  // namespace atlas::ATLAS_ABI::detail", "", f"#endif  // {guard}", ""]


def single_byte_header(folder):
    head, tail = banner(
        "single_byte_tables", "what bytes 0x80 to 0xFF mean in each single-byte encoding.", "numbers, nothing else.",
        "index-*.txt of the WHATWG Encoding Standard (BSD-3-Clause for code); IBM855 from Unicode's CP855.TXT.")
    tables = [name for name in SINGLE_BYTE if name != "ISO-8859-8-I"]
    lines = head + [
        "/// A code point for each byte from 0x80 on, 0 where the encoding has none. In the order of text_encoding, from",
        "/// ibm866 on, without iso_8859_8_i, which is iso_8859_8.",
        f"inline constexpr char16_t single_byte_tables[{len(tables)}][128] = {{"]
    for name in tables:
        lines.append(f"    {{  // {name}")
        numbers = [f"0x{code_point:04X}" if code_point else "0" for code_point in table_of(folder, name)]
        for start in range(0, 128, 16):
            lines.append("        " + ", ".join(numbers[start:start + 16]) + ",")
        lines.append("    },")
    lines.append("};")
    for number, name in enumerate(tables):
        lines.append(f"static_assert(static_cast<int>(text_encoding::{value_name(name)}) - first_single_byte == {number});")
    return "\n".join(lines + tail)


def label_header(folder):
    head, tail = banner(
        "label_table", "the names that files and protocols give to encodings.",
        "the labels of the standard in the order of their bytes, each with its encoding.",
        "encodings.json of the WHATWG Encoding Standard (BSD-3-Clause for code); what it lacks is added.")
    labels = {}
    for group in json.loads((folder / "encodings.json").read_text(encoding="utf-8")):
        for encoding in group["encodings"]:
            # "replacement" stands for encodings that the standard refuses to decode.
            value = "unknown" if encoding["name"] == "replacement" else value_name(encoding["name"])
            labels.update({label: value for label in encoding["labels"]})
    for name, more in MORE_LABELS.items():
        labels.update({label: value_name(name) for label in more})
    lines = head + [
        "struct encoding_label {",
        "  const char* label = nullptr;  ///< lower case",
        "  text_encoding encoding = text_encoding::unknown;  ///< unknown: the standard knows it, and decodes none of it",
        "};",
        "",
        f"inline constexpr encoding_label encoding_labels[{len(labels)}] = {{"]
    row = "   "
    for label in sorted(labels):
        entry = f' {{"{label}", text_encoding::{labels[label]}}},'
        if len(row) + len(entry) > 120:
            lines.append(row)
            row = "   "
        row += entry
    lines += [row, "};"]
    return "\n".join(lines + tail)


def unpacked(data, scratch):
    """The folder with the standard's files, or None."""
    if data.is_file():
        if subprocess.run(["tar", "-I", "zstd", "-xf", data, "-C", scratch], check=False, capture_output=True).returncode:
            return None
        data = pathlib.Path(scratch)
    found = sorted(data.rglob("encodings.json")) if data.is_dir() else []
    return found[0].parent if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    suites = pathlib.Path(os.environ.get("ATLAS_TEST_DATA", ".")) / "suites"
    parser.add_argument("data", type=pathlib.Path, nargs="?", default=suites / "whatwg-encoding.tar.zst")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpacked(options.data, scratch)
        if folder is None:
            print(f"skipped: no encodings.json in {options.data}, or tar cannot unpack zstd here")
            return 77
        wanted = {"single_byte_tables.hpp": single_byte_header(folder), "label_table.hpp": label_header(folder)}
    if not options.check:
        for name, text in wanted.items():
            (TEXT / name).write_text(text, encoding="utf-8")
        return 0
    stale = [name for name, text in wanted.items()
             if not (TEXT / name).is_file() or (TEXT / name).read_text(encoding="utf-8") != text]
    for name in stale:
        print(f"include/atlas/text/{name} is not what cmake/make_encoding_tables.py writes")
    print(f"{len(wanted)} tables, {len(stale)} findings")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
