# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of tests/fuzz/seeds/bpe: two bytes that choose, a small rank file, NUL, a text.

Run it again only when that form changes; the seeds are committed.
"""
import base64
import pathlib

ENGLISH = ["in", "th", "the", " the", " th", "er", "re", "'s", "on", "ing", " a", "  ", "    ", "\n\n", "12", "123", "..", " t", "an", "and"]
OTHER = ["é", " é", "你", "日本", "\U0001F600", "ÀÉ", "aa", "aaa", "aaaa", "Aa", "/\n", "  ", " \n"]
SEEDS = {  # name: pattern, limit, tokens, text
    "gpt2": (0, 5, ENGLISH, "The king's  horses 12345 'sing'.\n\n  And the others..."),
    "cl100k": (1, 7, ENGLISH, "The KING'S  horses 12345 'sing'.\r\n \n  And the others...\n"),
    "o200k": (2, 9, ENGLISH, "TheKing'S HORSES aren't 12345/\n/and the\u00A0others...\n"),
    "marks": (2, 3, OTHER, "e\u0301\u0301É ÀÉé 你A你 \u0301AB \u0301! 日本\u3000\U0001F600\u200D"),
    "runs": (1, 2, OTHER, "a" * 150 + " " * 60 + "\n" * 20 + "7" * 20),
    "no_limit": (2, 0, OTHER, "Aaaa \n /\n你"),
}


def lines(tokens):
    return "".join(f"{base64.b64encode(token.encode()).decode()} {rank}\n" for rank, token in enumerate(dict.fromkeys(tokens)))


def main():
    folder = pathlib.Path(__file__).parent / "seeds" / "bpe"
    folder.mkdir(exist_ok=True)
    for name, (pattern, limit, tokens, text) in SEEDS.items():
        (folder / name).write_bytes(bytes([pattern, limit]) + lines(tokens).encode() + b"\0" + text.encode())
    (folder / "ill_formed").write_bytes(b"\x02\x04" + lines(OTHER).encode() + b"\0a\xff\xf0\x9f \xe4\xbd\n\x80\xc3 \xed\xa0\x80z\0\0")
    (folder / "twice").write_bytes(b"\0\x04YWE= 1\nYWE= 2\n\0aaa")
    (folder / "no_base64").write_bytes(b"\x01\x04YWE= 1\nY!E= 2\n\0aaa")
    (folder / "crlf").write_bytes(b"\x01\x04YWE=\t1\r\n\r\nYWI= 2 \r\n\0aab")


if __name__ == "__main__":
    main()
