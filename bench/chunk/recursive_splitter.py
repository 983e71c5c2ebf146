# SPDX-License-Identifier: Apache-2.0
"""The recursive splitter as LangChain documents it, written for this benchmark: split at the first separator that the text holds, split
pieces that are too long by the next ones, and merge neighbours up to the size, repeating the last of them up to the overlap.

    recursive_splitter.py FILE SIZE OVERLAP      prints the seconds of one pass and how many chunks
"""

from __future__ import annotations

import sys
import time
from typing import List

SEPARATORS = ["\n\n", "\n", " ", ""]


def pieces_of(text: str, separator: str) -> List[str]:
    """Each piece begins with the separator, as with keep_separator."""
    if separator == "":
        return list(text)
    parts = text.split(separator)
    return [parts[0]] * (parts[0] != "") + [separator + part for part in parts[1:]]


def merged(pieces: List[str], size: int, overlap: int) -> List[str]:
    chunks: List[str] = []
    current: List[str] = []
    total = 0
    for piece in pieces:
        if total + len(piece) > size and current:
            chunks.append("".join(current).strip())
            while total > overlap or (total + len(piece) > size and total > 0):
                total -= len(current.pop(0))
        current.append(piece)
        total += len(piece)
    if current:
        chunks.append("".join(current).strip())
    return [chunk for chunk in chunks if chunk]


def split(text: str, separators: List[str], size: int, overlap: int) -> List[str]:
    separator = next(one for one in separators if one in text)
    rest = separators[separators.index(separator) + 1:]
    chunks: List[str] = []
    short: List[str] = []
    for piece in pieces_of(text, separator):
        if len(piece) <= size:
            short.append(piece)
            continue
        chunks += merged(short, size, overlap)
        short = []
        chunks += split(piece, rest, size, overlap)
    return chunks + merged(short, size, overlap)


def main() -> int:
    path, size, overlap = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    start = time.process_time()
    chunks = split(text, SEPARATORS, size, overlap)
    seconds = time.process_time() - start
    if max(map(len, chunks)) > size:
        raise SystemExit("a chunk is longer than the size")
    print(seconds, len(chunks))
    return 0


if __name__ == "__main__":
    sys.exit(main())
