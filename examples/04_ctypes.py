# SPDX-License-Identifier: Apache-2.0
"""ATLAS from Python: NumPy arrays in and out, over ctypes, nothing to compile.

    ATLAS_LIBRARY=build/release/libatlas.so.0 PYTHONPATH=c_api/python python3 examples/04_ctypes.py

Without ATLAS_LIBRARY the same program runs on NumPy alone; only building a graph needs the library.
"""

import pathlib
import sys
import tempfile

import numpy as np

import atlas

print(f"atlas {atlas.__version__}, {'native' if atlas.native else 'NumPy'} backend, {atlas.simd_target()}")
folder_of_this_run = tempfile.TemporaryDirectory()
scratch = pathlib.Path(folder_of_this_run.name)


def show(done, total):
    """Progress of a long call; returning False, or Ctrl-C, would stop it and leave the index as it was."""
    if sys.stderr.isatty():
        print(f"\r{done}/{total}", end="\n" if done == total else "", file=sys.stderr)


# Vectors under 64-bit keys. float32 and C-contiguous: they are read where they are, never copied on the way. Stored in
# half precision they take half the room; walks over the graph, which only the library builds, read 8 bits a component.
random = np.random.default_rng(42)
vectors = random.standard_normal((10_000, 64)).astype(np.float32)
graph = {"kind": "hnsw", "stored": "float16", "codes": "lvq8"} if atlas.native else {"kind": "flat"}
index = atlas.Index.create(64, metric="cosine", **graph)
index.add(np.arange(10_000), vectors, progress=show)

# Without an index: all rows of an array are compared; also of half precision, bytes or bits.
halves = vectors.astype(np.float16)
rows, far = atlas.nearest(vectors[:2], halves, k=2, metric="cosine")
print(f"rows {rows[0].tolist()} at {[round(float(d), 4) for d in far[0]]}")
assert rows[:, 0].tolist() == [0, 1]
assert atlas.distances(vectors[7], vectors[::10], "l2sq").shape == (1_000,)

# A batch of queries runs on all cores, and other Python threads run beside it.
queries = vectors[:3] + np.float32(0.01)
keys, distances, counts = index.search(queries, k=3)
for query, (nearest, far) in enumerate(zip(keys, distances)):
    print(f"query {query}: keys {nearest.tolist()} at {[round(float(d), 4) for d in far]}")
assert keys[:, 0].tolist() == [0, 1, 2]

# Only some keys may be returned: a bool mask, keys, or an atlas.Bitmap made once for many searches.
even = atlas.Bitmap.of(range(0, 10_000, 2))
assert (index.search(queries, k=5, allowed=even, time_limit=1.0).keys % 2 == 0).all()

# Many keys leave in one call; of those that are not stored nothing is said.
print("removed:", index.remove(np.arange(9_000, 12_000), missing_ok=True))
assert len(index) == 9_000

# Saved complete or not at all; opened by mapping, in constant time.
index.save(scratch / "vectors.atlas")
with atlas.Index.open(scratch / "vectors.atlas") as mapped:
    print(f"opened: {mapped}, {len(mapped)} vectors")
    assert mapped.search(queries[0], k=1).keys[0] == 0

# What does not fit is refused, and says what was expected and what was found.
try:
    index.search(queries.astype(np.float64))
except TypeError as problem:
    print("refused:", problem)

# Vectors in 8 bytes instead of 256, for code that keeps them on its own: indexes have such codes themselves.
if atlas.native:
    with atlas.Quantizer.train(vectors, code_bytes=8, iterations=5) as quantizer:
        codes = quantizer.encode(vectors)
        near = quantizer.distances(vectors[7], codes).argsort()[:3]
        print(f"{codes.shape[1]} bytes a vector, {quantizer.error_of(vectors).share:.2f} of the squared lengths lost, near: {near[0]}")
        assert near[0] == 7

# Texts in chunks: offsets as arrays, texts sliced as they are asked for; a file of any length by atlas.stream.
text = "Bread needs patience. Flour, water, salt.\n\nA bridge hangs from cables, e.g. of steel. Its towers carry the weight.\n" * 3
chunks = atlas.chunk(text, 80, 20)
print(f"{len(chunks)} chunks, {int((chunks.char_end - chunks.char_begin).max())} characters at most; the last: {chunks[-1].text!r}")
assert "".join(text[c.byte_fresh:c.byte_end] for c in chunks) == text
(scratch / "bridges.md").write_text("# Bridges\n\n" + text)
if atlas.native:
    assert all(chunk.headings == ("Bridges",) for chunk in atlas.stream(scratch / "bridges.md", 200, rule="markdown"))

# A folder of documents in, answers out.
if atlas.native:
    documents = scratch / "documents"
    documents.mkdir()
    (documents / "bridges.txt").write_text("A suspension bridge hangs from cables.\nIts towers carry the weight.\n")
    (documents / "bread.txt").write_text("Sourdough needs flour, water, salt and a night of patience.\n")
    report = atlas.Folder.build(documents, scratch / "documents.atlas")
    print(f"indexed {report.files} files in {report.chunks} chunks")
    with atlas.Folder.open(scratch / "documents.atlas") as folder:
        hit = folder.search("what holds the weight of a bridge?", k=1)[0]
        print(f"{hit.path}:{hit.line_begin} ({hit.score:.2f}): {hit.text.splitlines()[0]}")
        assert hit.path == "bridges.txt"
