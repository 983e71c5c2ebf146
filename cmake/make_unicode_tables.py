#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes include/atlas/text/unicode_tables.hpp from the files of the Unicode Character Database.

    make_unicode_tables.py UCD_FOLDER           prints the header
    make_unicode_tables.py UCD_FOLDER --write   writes it where it is committed
    make_unicode_tables.py UCD_FOLDER --check   exits with 1 if what is committed is something else

UCD_FOLDER is the folder `ucd` of a Unicode version, or Debian's /usr/share/unicode (package unicode-data). Its files
must be of one version.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "include/atlas/text/unicode_tables.hpp"
CODE_POINTS = 0x110000
ROW = 16       # code points a row
PAGE = 32      # rows a page
COLUMNS = 128  # of a line of numbers

# What a property's values are called in include/atlas/text/break_properties.hpp.
GRAPHEME = {
    "CR": "cr", "LF": "lf", "Control": "control", "Extend": "extend", "ZWJ": "zwj",
    "Regional_Indicator": "regional_indicator", "Prepend": "prepend", "SpacingMark": "spacing_mark", "L": "l", "V": "v",
    "T": "t", "LV": "lv", "LVT": "lvt",
}
WORD = {
    "CR": "cr", "LF": "lf", "Newline": "newline", "Extend": "extend", "ZWJ": "zwj", "Format": "format",
    "Regional_Indicator": "regional_indicator", "Katakana": "katakana", "Hebrew_Letter": "hebrew_letter",
    "ALetter": "aletter", "Single_Quote": "single_quote", "Double_Quote": "double_quote", "MidNumLet": "mid_num_let",
    "MidLetter": "mid_letter", "MidNum": "mid_num", "Numeric": "numeric", "ExtendNumLet": "extend_num_let",
    "WSegSpace": "wseg_space",
}
SENTENCE = {
    "CR": "cr", "LF": "lf", "Sep": "sep", "Extend": "extend", "Format": "format", "Sp": "sp", "Lower": "lower",
    "Upper": "upper", "OLetter": "oletter", "Numeric": "numeric", "ATerm": "aterm", "SContinue": "scontinue",
    "STerm": "sterm", "Close": "close",
}
# What must stand beside the data.
LICENCE = """\
// Copyright (C) 1991-2022 Unicode, Inc. All rights reserved.
// Distributed under the Terms of Use in https://www.unicode.org/copyright.html.
// Permission is hereby granted, free of charge, to any person obtaining a copy of the Unicode data files and any associated
// documentation (the "Data Files") or Unicode software and any associated documentation (the "Software") to deal in the Data
// Files or Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
// distribute, and/or sell copies of the Data Files or Software, and to permit persons to whom the Data Files or Software are
// furnished to do so, provided that either (a) this copyright and permission notice appear with all copies of the Data Files or
// Software, or (b) this copyright and permission notice appear in associated Documentation.
// THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
// TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT OF THIRD PARTY RIGHTS. IN NO EVENT
// SHALL THE COPYRIGHT HOLDER OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY SPECIAL INDIRECT OR
// CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
// NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THE DATA FILES OR SOFTWARE.
// Except as contained in this notice, the name of a copyright holder shall not be used in advertising or otherwise to promote the
// sale, use or other dealings in these Data Files or Software without prior written authorization of the copyright holder.
"""
LINE = re.compile(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)\s*(?:#.*)?")


def read(folder, name):
    """The text of a file of the database, and the version that it says it has."""
    for place in (folder / name, folder / "auxiliary" / name, folder / "emoji" / name):
        if place.is_file():
            text = place.read_text(encoding="utf-8")
            version = re.search(r"^# (?:\w+-(\d+\.\d+\.\d+)\.txt|(?:Version|Used with Emoji Version) (\d+\.\d+))", text, re.M)
            if not version:
                raise SystemExit(f"{place}: expected a Unicode version in the first lines, found none")
            return text, version.group(1) or version.group(2) + ".0"
    raise SystemExit(f"{folder}: expected {name} in it, in auxiliary/ or in emoji/, found none")


def values(name, text, known):
    """Yields (code point, name of the value) of each code point that a file lists; `known` are the values to expect."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match:
            raise SystemExit(f"{name}:{number}: expected 'CODE..CODE ; Value', found '{line}'")
        if match.group(3) not in known:
            raise SystemExit(f"{name}:{number}: expected one of {', '.join(known)}, found {match.group(3)}")
        first, last = int(match.group(1), 16), int(match.group(2) or match.group(1), 16)
        for code_point in range(first, last + 1):
            yield code_point, known[match.group(3)]


def properties(folder):
    """The Unicode version, and of each code point the names (grapheme break, word break, sentence break)."""
    rows = [["other", "other", "other"] for _ in range(CODE_POINTS)]
    versions = {}
    for column, (name, known) in enumerate((
            ("GraphemeBreakProperty.txt", GRAPHEME), ("WordBreakProperty.txt", WORD), ("SentenceBreakProperty.txt", SENTENCE))):
        text, versions[name] = read(folder, name)
        for code_point, value in values(name, text, known):
            rows[code_point][column] = value
    text, versions["emoji-data.txt"] = read(folder, "emoji-data.txt")
    ignored = ("Emoji", "Emoji_Presentation", "Emoji_Modifier", "Emoji_Modifier_Base", "Emoji_Component")
    known = {"Extended_Pictographic": "extended_pictographic", **dict.fromkeys(ignored)}
    for code_point, value in values("emoji-data.txt", text, known):
        if value:
            if rows[code_point][0] != "other":
                raise SystemExit(f"U+{code_point:04X} is a pictograph with a grapheme break of its own, {rows[code_point][0]}")
            rows[code_point][0] = value
    if len(set(versions.values())) != 1:
        raise SystemExit(f"expected files of one Unicode version, found {versions}")
    return versions["emoji-data.txt"], [tuple(row) for row in rows]


def numbered(items):
    """The number of each item, and the distinct items in the order in which they come."""
    numbers = {}
    return [numbers.setdefault(item, len(numbers)) for item in items], list(numbers)


def blocks(items, size):
    return [tuple(items[at:at + size]) for at in range(0, len(items), size)]


def array(kind, name, comment, numbers):
    """An array of numbers as C++, in lines of at most COLUMNS."""
    lines, line = [], " "
    for number in numbers:
        piece = f"{number},"
        if len(line) + len(piece) > COLUMNS:
            lines.append(line)
            line = " "
        line += piece if line != " " else " " + piece
    lines.append(line)
    body = "\n".join(lines)
    return f"{comment}\ninline constexpr {kind} {name}[{len(numbers)}] = {{\n{body}\n}};\n"


def header(folder):
    version, rows = properties(folder)
    classes, triples = numbered(rows)
    rows_of, distinct_rows = numbered(blocks(classes, ROW))
    if rows_of[:8] != list(range(8)):
        raise SystemExit("expected eight different rows of ASCII, which are looked up without pages")
    pages_of, distinct_pages = numbered(blocks(rows_of, PAGE))
    if len(triples) > 256 or len(distinct_rows) > 65536 or len(distinct_pages) > 256:
        raise SystemExit("more classes, rows or pages than a number of theirs can say")
    flat_pages = [row for page in distinct_pages for row in page]
    flat_rows = [one for row in distinct_rows for one in row]
    size_bytes = len(pages_of) + 2 * len(flat_pages) + len(flat_rows) + 3 * len(triples)
    triple_lines = "\n".join(f"    {{grapheme_break::{g}, word_break::{w}, sentence_break::{s}}}," for g, w, s in triples)
    return f"""// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/unicode_tables.hpp -- the break properties of all code points, as generated tables.
//
// Room:      data of Unicode {version}: {size_bytes:,} bytes, in three stages, and no code.
// Not here:  what reads them (text/break_properties_of.hpp).
// Depends:   text/break_properties.hpp.
//
// Written by cmake/make_unicode_tables.py from the files GraphemeBreakProperty, WordBreakProperty, SentenceBreakProperty and
// emoji-data of the Unicode Character Database, and not edited by hand. The data is under Unicode's licence (Unicode-DFS-2016):
//
{LICENCE}#ifndef ATLAS_TEXT_UNICODE_TABLES_HPP
#define ATLAS_TEXT_UNICODE_TABLES_HPP

#include <atlas/text/break_properties.hpp>  // break_properties

namespace atlas {{ inline namespace ATLAS_ABI {{

/// The version of Unicode that all boundaries of the text room follow.
inline constexpr char unicode_version[] = "{version}";

namespace detail {{

{array("std::uint8_t", "unicode_page_of", f"/// The page of each {ROW * PAGE} code points.", pages_of)}
{array("std::uint16_t", "unicode_row_of", f"/// The row of each {ROW} code points of each page.", flat_pages)}
{array("std::uint8_t", "unicode_class_of", "/// The class of each code point of each row; the first 128 are those of ASCII.", flat_rows)}
/// The properties of each class.
inline constexpr break_properties unicode_classes[{len(triples)}] = {{
{triple_lines}
}};

}}  // namespace detail
}}}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_UNICODE_TABLES_HPP
"""


def print_write_or_check(description, target, header):
    """The command line of a script that makes `target` by header(folder)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=pathlib.Path)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    options = parser.parse_args()
    made = header(options.folder)
    if options.write:
        target.write_text(made, encoding="utf-8")
    elif options.check:
        if target.read_text(encoding="utf-8") != made:
            print(f"{target.relative_to(ROOT)} is not what this script makes of {options.folder}")
            return 1
        print(f"{target.relative_to(ROOT)} is what this script makes of {options.folder}")
    else:
        sys.stdout.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(print_write_or_check(__doc__.splitlines()[0], HEADER, header))
