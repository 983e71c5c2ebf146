# SPDX-License-Identifier: Apache-2.0
"""Texts of any origin from Python: told, decoded, cut into sentences, found again in their bytes, counted in tokens.

    ATLAS_LIBRARY=build/release/libatlas.so.0 PYTHONPATH=c_api/python python3 examples/10_text.py [RANKS PATTERN]

It needs the library. RANKS is a rank file in the format of tiktoken, such as cl100k_base.tiktoken, and PATTERN then cl100k.
"""

import base64
import sys

import atlas

# Three files of a folder that many people wrote into.
german = "Über 300 Gäste kamen, z.B. Dr. Müller. Das Frühstück kostete 12 €. Größere Räume gibt es nächstes Jahr."
files = {
    "old.txt": german.encode("cp1252"),                          # nothing in it says so
    "export.csv": b"\xff\xfe" + "name;price\r\ntea;2,50 €\r\n".encode("utf-16-le"),  # its first bytes do
    "log.txt": b"started\nuser=\xff\xfe\xfd\nstopped\n" + "größer\n".encode() * 5,    # UTF-8, of which three bytes are none
}
for name, data in files.items():
    guess = atlas.detect_encoding(data)
    text = atlas.decode(data, errors="replace")  # "strict", the default, refuses bad bytes and says where they are
    print(f"{name}: {guess.encoding}, told by {guess.basis}; {len(text.text)} characters, {text.bad_count} bad bytes")
    if text.bad_count:
        print(f"  the first at byte {text.first_bad}")

# Sentences as a reader sees them; where each lies in the bytes of the file, whatever its encoding.
decoded = atlas.decode(files["old.txt"])
ends = atlas.boundaries(decoded.text, "sentence")
places = decoded.source_offsets(ends)
for sentence, begin, end in zip(atlas.sentences(decoded.text), places, places[1:]):
    print(f"  bytes {begin} to {end}: {sentence.strip()}")
    assert files["old.txt"][begin:end].decode("cp1252") == sentence
assert len(ends) == 4

# A source that comes in pieces, cut anywhere.
with atlas.TextDecoder() as decoder:
    parts = [decoder.feed(files["export.csv"][at:at + 7]) for at in range(0, len(files["export.csv"]), 7)]
    print("".join(parts) + decoder.finish(), end="")

# Tokens. No ranks come with ATLAS: here a toy's, all bytes and a few pairs of them, unless you name others.
if len(sys.argv) == 3:
    tokenizer = atlas.Tokenizer(sys.argv[1], sys.argv[2])
else:
    toy = [bytes([byte]) for byte in range(256)] + [b"e ", b"er", b"te", b" K", "ä".encode(), "ü".encode()]
    tokenizer = atlas.Tokenizer.of_ranks(b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(toy)), "gpt2")
tokens = tokenizer.encode(decoded.text)
print(f"{len(tokens)} tokens of {tokenizer.size}; a prompt's budget is kept by counting: {tokenizer.count_many(atlas.sentences(decoded.text))}")
assert tokenizer.decode(tokens) == decoded.text and tokenizer.count(decoded.text) == len(tokens)

# Chunks of so many tokens, each with its place.
for chunk in atlas.Chunker(size=40, sizer=tokenizer).chunk(decoded.text):
    print(f"  {tokenizer.count(chunk.text)} tokens from character {chunk.char_begin}: {chunk.text!r}")
