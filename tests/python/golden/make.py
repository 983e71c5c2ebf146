# SPDX-License-Identifier: Apache-2.0
"""Made flat.atlas, hnsw.atlas and folder.atlas with the native library of format 1.0. They are kept as they are:
run this into another folder for a new format version, and test both."""

import pathlib
import sys
import tempfile

import numpy as np

import atlas

out = pathlib.Path(sys.argv[1])
rows = np.random.default_rng(11).standard_normal((60, 6)).astype(np.float32)
for kind in ("flat", "hnsw"):
    index = atlas.Index.create(6, "cosine", kind, connectivity=4, build_width=20)
    index.add(np.arange(60) * 10, rows, threads=1)
    index.remove([40, 50])
    index.save(out / f"{kind}.atlas")
with tempfile.TemporaryDirectory() as folder:
    docs = pathlib.Path(folder)
    (docs / "bread").mkdir()
    (docs / "bridges.txt").write_text("First line.\nA suspension bridge hangs from cables over the river.\n")
    (docs / "bread" / "sourdough.md").write_text("# Sourdough\n\nFlour, water and salt ferment over night.\n")
    (docs / "stars.txt").write_text("\ufeffThe brightest star of the night sky is Sirius.\n", encoding="utf-16-le")
    (docs / "grüße.txt").write_text("Viele Grüße aus Köln und ein großes ﬁnale.\n", encoding="utf-8")
    atlas.Folder.build(docs, out / "folder.atlas", threads=1, connectivity=4,
                       embedder=atlas.EmbedderOptions(dimension=64, frequency_buckets=256))
