# SPDX-License-Identifier: Apache-2.0
"""include/atlas/text/break_properties_of.hpp in Python: what each code point is to grapheme clusters and to sentences.

Tables of a byte for each code point, made of the runs of unicode_runs.py.
"""

from __future__ import annotations

import re

from . import unicode_runs

_CODE_POINTS = 0x110000


def _expanded(runs: str) -> bytes:
    values = b"".join(bytes((ord(letter) - ord("A"),)) * (int(count, 36) if count else 1)
                      for count, letter in re.findall("([0-9a-z]*)([A-Z])", runs))
    return values + bytes(_CODE_POINTS - len(values))


GRAPHEME_BREAKS = _expanded(unicode_runs.GRAPHEME_RUNS)
SENTENCE_BREAKS = _expanded(unicode_runs.SENTENCE_RUNS)
