#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes include/atlas/text/unicode_kind_tables.hpp from the files of the Unicode Character Database.

    make_unicode_kinds.py UCD_FOLDER           prints the header
    make_unicode_kinds.py UCD_FOLDER --write   writes it where it is committed
    make_unicode_kinds.py UCD_FOLDER --check   exits with 1 if what is committed is something else

UCD_FOLDER is as for make_unicode_tables.py. UnicodeData.txt does not say its version; PropList.txt does, and the two must be of one.
"""
import pathlib
import sys

from make_unicode_tables import CODE_POINTS, LICENCE, PAGE, ROOT, ROW, array, blocks, numbered, print_write_or_check, read, values

HEADER = ROOT / "include/atlas/text/unicode_kind_tables.hpp"

# The values of unicode_kind in include/atlas/text/unicode_kinds.hpp.
OTHER, WHITE_SPACE, NUMBER, MARK, UPPER, LOWER, LETTER = range(7)
KINDS = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": LETTER, "Lo": LETTER, "Mn": MARK, "Mc": MARK, "Me": MARK,
         "Nd": NUMBER, "Nl": NUMBER, "No": NUMBER}
OTHER_CATEGORIES = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"}


def kinds_of_categories(folder):
    """The kind of each code point by its general category alone."""
    place = folder / "UnicodeData.txt"
    if not place.is_file():
        raise SystemExit(f"{folder}: expected UnicodeData.txt in it, found none")
    kinds = [OTHER] * CODE_POINTS
    first = None
    for number, line in enumerate(place.read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split(";")
        if len(fields) != 15 or fields[2] not in KINDS.keys() | OTHER_CATEGORIES:
            raise SystemExit(f"UnicodeData.txt:{number}: expected 15 fields with a general category, found '{line}'")
        last = int(fields[0], 16)
        if fields[1].endswith(", First>"):
            first = last
            continue
        for code_point in range(last if first is None else first, last + 1):
            kinds[code_point] = KINDS.get(fields[2], OTHER)
        first = None
    return kinds


def properties(folder):
    """The Unicode version, and the kind of each code point."""
    kinds = kinds_of_categories(folder)
    text, version = read(folder, "PropList.txt")
    names = {line.split(";")[1].split("#")[0].strip() for line in text.splitlines() if ";" in line and not line.startswith("#")}
    if "White_Space" not in names:
        raise SystemExit("PropList.txt: expected White_Space among the properties, found none")
    for code_point, value in values("PropList.txt", text, {**dict.fromkeys(names), "White_Space": WHITE_SPACE}):
        if value:
            if kinds[code_point] != OTHER:
                raise SystemExit(f"U+{code_point:04X} is white space and something else, {kinds[code_point]}")
            kinds[code_point] = value
    return version, kinds


def header(folder):
    version, kinds = properties(folder)
    rows_of, distinct_rows = numbered(blocks(kinds, ROW))
    pages_of, distinct_pages = numbered(blocks(rows_of, PAGE))
    if len(distinct_rows) > 65536 or len(distinct_pages) > 256:
        raise SystemExit("more rows or pages than a number of theirs can say")
    flat_pages = [row for page in distinct_pages for row in page]
    flat_rows = [one for row in distinct_rows for one in row]
    size_bytes = len(pages_of) + 2 * len(flat_pages) + len(flat_rows)
    return f"""// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/unicode_kind_tables.hpp -- the kinds of all code points, as generated tables.
//
// Room:      data of Unicode {version}: {size_bytes:,} bytes, in three stages, and no code.
// Not here:  what reads them, and what the numbers say (text/unicode_kinds.hpp).
// Depends:   core/config.hpp.
//
// Written by cmake/make_unicode_kinds.py from the files UnicodeData and PropList of the Unicode Character Database, and not edited by
// hand. The data is under Unicode's licence (Unicode-DFS-2016):
//
{LICENCE}#ifndef ATLAS_TEXT_UNICODE_KIND_TABLES_HPP
#define ATLAS_TEXT_UNICODE_KIND_TABLES_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas {{ inline namespace ATLAS_ABI {{ namespace detail {{

{array("std::uint8_t", "kind_page_of", f"/// The page of each {ROW * PAGE} code points.", pages_of)}
{array("std::uint16_t", "kind_row_of", f"/// The row of each {ROW} code points of each page.", flat_pages)}
{array("std::uint8_t", "kind_numbers", "/// The kind of each code point of each row.", flat_rows)}
}}}}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_UNICODE_KIND_TABLES_HPP
"""


if __name__ == "__main__":
    sys.exit(print_write_or_check(__doc__.splitlines()[0], HEADER, header))
