# SPDX-License-Identifier: Apache-2.0
"""Embedder: promises, and that both backends give the very same answers."""

import pathlib

import numpy as np
import pytest

import atlas
from conftest import native_only

TEXT = ("# Title\n\nFirst sentence. Second one! A third?  \"Quoted.\" And so on.\n\nA new paragraph, which is longer than "
        "the one before it, so that it has to be cut.\r\n\r\nWindows lines.\r\nAnother.\rOld Mac.\n"
        "中文句子。没有空格！下一句？日本語の文。\nGrüße aus Köln: Ünïcödé… Ελληνικά; ру́сский. 😀👍🏽 end")

def test_a_lone_surrogate_is_refused(golden):
    said = "expected a str that UTF-8 can hold, found the lone surrogate U\\+DCE4 at 3"
    embedder = atlas.Embedder(16)
    folder = atlas.Folder.open(golden / "folder.atlas")
    for call in (atlas.chunk, folder.search, lambda text: folder.add_document("a", text)):
        with pytest.raises(atlas.InvalidArgument, match=said):
            call("abc\udce4")
    for call in (embedder.learn, embedder.embed):
        with pytest.raises(atlas.InvalidArgument, match="texts: " + said) as caught:
            call(["fine", "abc\udce4"])
        assert caught.value.row == 1
    with pytest.raises(atlas.InvalidArgument, match="NUL"):
        atlas.force_simd_target("scalar\0")


def test_embedder_life():
    texts = [f"text number {i % 40} about rivers and bridges" for i in range(300)] + ["", "...", b"\xff\xfe", "Straße"]
    embedder = atlas.Embedder(256)
    assert embedder.dimension == 256 and not embedder.is_frozen
    with pytest.raises(atlas.ReadOnly):
        embedder.embed(texts)
    with pytest.raises(atlas.ReadOnly):
        embedder.save_state()
    embedder.learn(texts)
    embedder.freeze()
    with pytest.raises(atlas.ReadOnly):
        embedder.learn(texts)
    assert embedder.texts == 304 and embedder.is_frozen
    vectors = embedder.embed(texts)
    assert vectors.dtype == np.float32 and vectors.shape == (304, 256)
    np.testing.assert_allclose((vectors.astype(np.float64) ** 2).sum(axis=1), 1.0, atol=1e-5)
    assert (vectors[300] == vectors[301]).all()  # no features: one vector for all such texts
    assert (embedder.embed(["STRASSE", b"stra\xc3\x9fe"]) == vectors[303]).all()
    assert (embedder.embed(iter(texts[:3]), threads=1) == vectors[:3]).all()
    assert embedder.embed([]).shape == (0, 256)
    opened = atlas.Embedder.open_state(embedder.save_state())
    assert opened.is_frozen and opened.texts == 304 and (opened.embed(texts) == vectors).all()
    calls = []
    embedder.embed(texts, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (304, 304)
    with pytest.raises(atlas.Cancelled):
        embedder.embed(texts, progress=lambda done, total: False)


def test_near_texts_are_near():
    corpus = ["the cat sat on the mat", "a cat was sitting on a mat", "interest rates rose again", "apples and oranges"]
    embedder = atlas.Embedder()
    embedder.learn(corpus)
    embedder.freeze()
    vectors = embedder.embed(corpus)
    near = atlas.distances(vectors, vectors, "cosine")
    assert near[0, 1] < near[0, 2] and near[0, 1] < near[0, 3]


def test_embedder_refuses():
    for options in ({"dimension": 0}, {"dimension": 65536}, {"frequency_buckets": 1000}, {"gram_length": 17},
                    {"word_weight": -1.0}, {"word_weight": 0.0, "pair_weight": 0.0, "gram_weight": 0.0},
                    {"pair_weight": float("nan")}):
        with pytest.raises(atlas.InvalidArgument):
            atlas.Embedder(**options)
    embedder = atlas.Embedder(16)
    for texts in ("one text", 5, [5], b"bytes"):
        with pytest.raises(TypeError):
            embedder.learn(texts)
    embedder.freeze()
    state = embedder.save_state()
    for damaged in (b"", state[:40], state + b"\0", state[:70] + b"\1" + state[71:], b"X" + state[1:]):
        with pytest.raises(atlas.CorruptFile):
            atlas.Embedder.open_state(damaged)
    with pytest.raises(atlas.UnsupportedVersion):
        atlas.Embedder.open_state(state[:4] + b"\2" + state[5:])
    with pytest.raises(TypeError):
        atlas.Embedder.open_state("state")
    embedder.close()


@native_only
@pytest.mark.parametrize("options", [{}, {"dimension": 7, "seed": 99}, {"gram_weight": 0.0}, {"gram_length": 16, "word_weight": 2.0}])
def test_embedders_of_both_backends_are_equal(options):
    from atlas._pure.embedder import PureEmbedder
    texts = [part.text for part in atlas.chunk(TEXT * 3, 70)]
    texts += [path.read_text(encoding="utf-8") for path in sorted(pathlib.Path(__file__).parent.glob("*.py"))]
    one = atlas.Embedder(**{"dimension": 300, "frequency_buckets": 1 << 12, **options})
    other = PureEmbedder(atlas.EmbedderOptions(**{"dimension": 300, "frequency_buckets": 1 << 12, **options}))
    encoded = [text.encode() for text in texts]
    one.learn(texts)
    other.learn(encoded, 1, None)
    one.freeze()
    other.freeze()
    assert one.save_state() == other.save_state()
    np.testing.assert_allclose(one.embed(texts), other.embed(encoded, 1, None), rtol=0, atol=2e-7)


@native_only
def test_hashes_of_both_backends_are_equal():
    """A chunk's id is XXH3-128 of its bytes with its rule's version as seed, whatever their length."""
    from atlas._pure.xxh3 import xxh3_128
    data = bytes((i * 2654435761 >> 13) & 127 or 1 for i in range(3000))
    for size in [*range(1, 300), 511, 512, 513, 1023, 1024, 1025, 1088, 2048, 3000]:
        (one,) = atlas.chunk(data[:size], 1 << 20)
        low, high = xxh3_128(data[:size], 0xA0001)
        assert one.id == f"{high:016x}{low:016x}"
