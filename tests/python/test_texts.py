# SPDX-License-Identifier: Apache-2.0
"""chunk and Embedder: promises, and that both backends give the very same answers."""

import pathlib

import numpy as np
import pytest

import atlas
from conftest import native_only

TEXT = ("# Title\n\nFirst sentence. Second one! A third?  \"Quoted.\" And so on.\n\nA new paragraph, which is longer than "
        "the one before it, so that it has to be cut.\r\n\r\nWindows lines.\r\nAnother.\rOld Mac.\n"
        "中文句子。没有空格！下一句？日本語の文。\nGrüße aus Köln: Ünïcödé… Ελληνικά; ру́сский. 😀👍🏽 end")


@pytest.mark.parametrize("text", [TEXT, TEXT.encode(), TEXT.encode("utf-16"), "", b"\xff\xfe\x80\n\xe2\x82", "a" * 300,
                                  "\r\n" * 50, " \n" * 70])
@pytest.mark.parametrize("size,overlap,fill", [(4, 0, 50), (5, 2, 10), (20, 0, 90), (40, 20, 50), (100, 30, 33), (800, 100, 50)])
def test_chunk_promises(text, size, overlap, fill):
    chunks = atlas.chunk(text, size, overlap, fill)
    data = text if isinstance(text, bytes) else text.encode()
    characters = data.decode("utf-8", "surrogateescape")
    assert b"".join(data[c.byte_fresh:c.byte_end] for c in chunks) == data
    for c in chunks:
        assert 0 < c.char_end - c.char_begin <= size
        part = characters[c.char_begin:c.char_end]
        assert part.encode("utf-8", "surrogateescape") == data[c.byte_begin:c.byte_end]
        assert c.text == (part if isinstance(text, str) else data[c.byte_begin:c.byte_end])
        assert not (data[c.byte_end - 1:c.byte_end] == b"\r" and data[c.byte_end:c.byte_end + 1] == b"\n")
        assert 1 <= c.line_begin <= c.line_end
        assert len(c.id) == 32 and c.level in ("character", "word", "sentence", "line", "paragraph", "text_end")
    for one, other in zip(chunks, chunks[1:]):
        assert other.byte_fresh == one.byte_end and other.byte_begin <= one.byte_end
        if overlap == 0:
            assert other.byte_begin == one.byte_end


# (byte_end, level, id) of each chunk of TEXT at size 60, overlap 15: both backends must give these.
EXPECTED_CHUNKS = [
    (57, "sentence", "5c5878d25b65d30ffc93a9a98037af53"),
    (107, "word", "7b18ebedc3e5c3c01ff0f75059a6a234"),
    (147, "word", "de78342745cac8c2030e886478653e22"),
    (189, "line", "2da0d0e40d350393b34cbe1bca751e81"),
    (284, "sentence", "1bf94c6e3a610be0dc4035c0c981dde5"),
    (336, "text_end", "c8071b958ad26528a867b51a7a562412"),
]


def test_chunks_are_these_on_every_backend():
    assert [(c.byte_end, c.level, c.id) for c in atlas.chunk(TEXT, 60, 15)] == EXPECTED_CHUNKS


@native_only
def test_chunks_of_both_backends_are_equal():
    from atlas._pure.chunker import chunk
    random = np.random.default_rng(5)
    alphabet = list(TEXT) + list(" \n\n..!\r")
    for _ in range(300):
        text = "".join(random.choice(alphabet, int(random.integers(0, 400))))
        size = int(random.integers(4, 90))
        overlap = int(random.integers(0, size // 2 + 1))
        assert atlas.chunk(text, size, overlap, 40) == chunk(text, size, overlap, 40)
        noise = random.integers(0, 256, 200, dtype=np.uint8).tobytes()
        assert atlas.chunk(noise, size, overlap) == chunk(noise, size, overlap, 50)


def test_chunk_refuses():
    for arguments, error in ((("a", 3), ValueError), (("a", 10, 6), ValueError), (("a", 10, 0, 5), ValueError),
                             ((5,), TypeError), (("\ud800",), ValueError), (("a", 10.0), TypeError)):
        with pytest.raises(error):
            atlas.chunk(*arguments)


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
    """A chunk's id is XXH3-128 of its bytes with seed 1, whatever their length."""
    from atlas._pure.xxh3 import xxh3_128
    data = bytes((i * 2654435761 >> 13) & 127 or 1 for i in range(3000))
    for size in [*range(1, 300), 511, 512, 513, 1023, 1024, 1025, 1088, 2048, 3000]:
        (one,) = atlas.chunk(data[:size], 1 << 20)
        low, high = xxh3_128(data[:size], 1)
        assert one.id == f"{high:016x}{low:016x}"
