#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes c_api/python/atlas/_pure/unicode_runs.py from the files of the Unicode Character Database.

    make_python_unicode.py UCD_FOLDER           prints the module
    make_python_unicode.py UCD_FOLDER --write   writes it where it is committed
    make_python_unicode.py UCD_FOLDER --check   exits with 1 if what is committed is something else

UCD_FOLDER is as for make_unicode_tables.py, which reads it.
"""
import itertools
import string
import sys

from make_unicode_tables import CODE_POINTS, GRAPHEME, LICENCE, ROOT, SENTENCE, print_write_or_check, properties

MODULE = ROOT / "c_api/python/atlas/_pure/unicode_runs.py"
COLUMNS = 116  # of a piece of a literal
DIGITS = string.digits + string.ascii_lowercase


def number(value):
    """A number in base 36."""
    digits = ""
    while value:
        value, digit = divmod(value, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits


def runs(values, letters):
    """The code points from U+0000 on, as the number of equal ones in a row, unless it is 1, and the letter of their value."""
    pieces = []
    for value, group in itertools.groupby(values):
        count = sum(1 for _ in group)
        pieces.append((number(count) if count != 1 else "") + letters[value])
    if letters[values[-1]] == "A":
        pieces.pop()  # all that follows is other
    return "".join(pieces)


def literal(name, comment, text):
    lines = "\n".join(f'    "{text[at:at + COLUMNS]}"' for at in range(0, len(text), COLUMNS))
    return f"# {comment}\n{name} = (\n{lines}\n)\n"


def module(folder):
    version, rows = properties(folder)
    if len(rows) != CODE_POINTS:
        raise SystemExit(f"expected {CODE_POINTS} code points, found {len(rows)}")
    names = [["other", *GRAPHEME.values(), "extended_pictographic"], ["other", *SENTENCE.values()]]
    letters = [dict(zip(column, string.ascii_uppercase)) for column in names]
    grapheme = runs([row[0] for row in rows], letters[0])
    sentence = runs([row[2] for row in rows], letters[1])
    licence = "".join("#" + line[2:] for line in LICENCE.splitlines(keepends=True))
    return f'''# SPDX-License-Identifier: Apache-2.0
"""The break properties of all code points, as generated runs: data of Unicode {version}, and no code.

Written by cmake/make_python_unicode.py from the files GraphemeBreakProperty, SentenceBreakProperty and emoji-data of the
Unicode Character Database, and not edited by hand. What reads them is in break_properties.py. The data is under Unicode's
licence (Unicode-DFS-2016), which stands below.
"""

{licence}
UNICODE_VERSION = "{version}"

# The values in the order of include/atlas/text/break_properties.hpp; the first has the letter A, the next B, and so on.
GRAPHEME_BREAKS = "{" ".join(names[0])}"
SENTENCE_BREAKS = "{" ".join(names[1])}"

# Runs from U+0000 on: how many code points in base 36, nothing for one, and the letter of their value. Behind the last run is A.
{literal("GRAPHEME_RUNS", "Grapheme_Cluster_Break, and Extended_Pictographic.", grapheme)}
{literal("SENTENCE_RUNS", "Sentence_Break.", sentence)}'''


if __name__ == "__main__":
    sys.exit(print_write_or_check(__doc__.splitlines()[0], MODULE, module))
