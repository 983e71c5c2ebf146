# SPDX-License-Identifier: Apache-2.0
"""Made the files beside it with the native library of format 1.0. They are kept as they are: run this into another
folder for a new format version, and test both. flat.atlas, hnsw.atlas and folder.atlas are from before files held codes
and left removed rows out, and before documents were cut by their kind and headings kept; the *.atlas.gz, packed because
sections begin at 64 KiB, are of after."""

import gzip
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
# One of each stored scalar and form of codes, of each metric; two vectors are alike, and keys are not in order.
whole = np.random.default_rng(13).integers(1, 100, (60, 7)).astype(np.float32)
whole[50] = whole[7]
for stored, codes, metric in (("float32", "lvq8", "l2sq"), ("float16", "f16", "cosine"), ("bfloat16", "bf16", "inner_product"),
                              ("int8", "lvq4", "inner_product"), ("uint8", "lvq8", "cosine"), ("uint8", "none", "l2sq")):
    index = atlas.Index.create(7, metric, "hnsw", connectivity=4, build_width=20, stored=stored, codes=codes, codes_from=16,
                               alpha=1.25)
    index.add((np.arange(60) * 37 + 5) % 60, whole, threads=1)
    index.remove([11, 12])
    index.save(out / "stored.atlas")
    packed = gzip.compress((out / "stored.atlas").read_bytes(), mtime=0)
    (out / f"stored_{stored}_{codes}_{metric}.atlas.gz").write_bytes(packed)
    (out / "stored.atlas").unlink()
# Inverted files, of each sort of codes and one that is not trained.
for stored, codes, rotation, metric in (("float32", "pq4", "learned", "l2sq"), ("float16", "sq8", "none", "inner_product"),
                                        ("bfloat16", "pq8", "none", "l2sq"), ("uint8", "rabitq", "random", "cosine"),
                                        ("int8", "flat", "none", "cosine"), ("float32", "untrained", "none", "l2sq")):
    trained = codes != "untrained"
    index = atlas.Index.create(7, metric, "ivf_pq", stored=stored, list_codes=codes if trained else "pq4", rotation=rotation,
                               lists=4, train_from=300, iterations=3, probes=3, rerank=5)
    if trained:
        index.train(np.random.default_rng(17).integers(1, 100, (300, 7)).astype(np.float32), threads=1)
    index.add((np.arange(60) * 37 + 5) % 60, whole, threads=1)
    index.remove([11, 12])
    index.save(out / "ivf.atlas")
    packed = gzip.compress((out / "ivf.atlas").read_bytes(), mtime=0)
    (out / f"ivf_{stored}_{codes}_{rotation}_{metric}.atlas.gz").write_bytes(packed)
    (out / "ivf.atlas").unlink()
with tempfile.TemporaryDirectory() as folder:
    docs = pathlib.Path(folder)
    (docs / "bread").mkdir()
    (docs / "bridges.txt").write_text("First line.\nA suspension bridge hangs from cables over the river.\n")
    (docs / "bread" / "sourdough.md").write_text("# Sourdough\n\nFlour, water and salt ferment over night.\n")
    (docs / "stars.txt").write_text("\ufeffThe brightest star of the night sky is Sirius.\n", encoding="utf-16-le")
    (docs / "grüße.txt").write_text("Viele Grüße aus Köln und ein großes ﬁnale.\n", encoding="utf-8")
    small = atlas.EmbedderOptions(dimension=64, frequency_buckets=256)
    atlas.Folder.build(docs, out / "folder.atlas", threads=1, connectivity=4, embedder=small)
    (docs / "boats.md").write_text("# Boats\n\nAll about boats, and what they are good for.\n\n### Rigging\n\nHoist the mainsail with "
                                   "the halyard before tacking.\n\n# Trains\n\nTrains run on rails.\n")
    atlas.Folder.build(docs, out / "headings.atlas", threads=1, connectivity=4, embedder=small, chunk_size=70)
    (out / "folder_headings.atlas.gz").write_bytes(gzip.compress((out / "headings.atlas").read_bytes(), mtime=0))
    (out / "headings.atlas").unlink()
