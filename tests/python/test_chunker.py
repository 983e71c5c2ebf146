# SPDX-License-Identifier: Apache-2.0
"""chunk, Chunker and stream: promises on both backends, and all that only the native one does."""

import io
import subprocess
import sys
import threading

import numpy as np
import pytest

import atlas
from conftest import native_only, pure_only

TEXT = ("# Title\n\nFirst sentence. Second one! A third?  \"Quoted.\" And so on.\n\nA new paragraph, which is longer than "
        "the one before it, so that it has to be cut.\r\n\r\nWindows lines.\r\nAnother.\rOld Mac.\n"
        "中文句子。没有空格！下一句？日本語の文。\nGrüße aus Köln: Ünïcödé… Ελληνικά; ру́сский. 😀👍🏽 end")
LEVELS = {"character", "word", "clause", "sentence", "line", "paragraph", "section", "text_end"}


def known_document():
    """tests/support/known_chunks.hpp."""
    out = "# Fish\n\nOf the sea, and of rivers. \"Really?\" Yes.\n\n"
    for i in range(400):
        if i % 40 == 10:
            out += f"\n## Part {i}\n\n"
        if i % 90 == 50:
            out += f"### Café <b>bold</b>\n\n```c\nint x = {i};\n\nint y;\n```\n\n"
        out += f"Sentence {i}, hält an; e\u0301té. "
        if i % 9 == 8:
            out += "\r\n\r\n"
    return out.encode() + b"\xff end"


@pytest.mark.parametrize("text", [TEXT, TEXT.encode(), TEXT.encode("utf-16"), "", b"\xff\xfe\x80\n\xe2\x82", "a" * 300,
                                  "\r\n" * 50, " \n" * 70])
@pytest.mark.parametrize("size,overlap,fill", [(4, 0, 50), (5, 2, 10), (20, 0, 90), (40, 39, None), (100, 30, 0), (800, 100, 100)])
@pytest.mark.parametrize("rule", ["plain_text", "fixed"])
def test_chunk_promises(text, size, overlap, fill, rule):
    chunks = atlas.chunk(text, size, overlap, fill_percent=fill, rule=rule)
    data = text if isinstance(text, bytes) else text.encode()
    characters = data.decode("utf-8", "surrogateescape")
    assert b"".join(data[c.byte_fresh:c.byte_end] for c in chunks) == data
    for i, c in enumerate(chunks):
        assert 0 < c.char_end - c.char_begin <= size or len(characters[c.char_begin:c.char_end].encode("utf-8", "surrogateescape")) < 40
        part = characters[c.char_begin:c.char_end]
        assert part.encode("utf-8", "surrogateescape") == data[c.byte_begin:c.byte_end]
        assert c.text == chunks.text(i) == (part if isinstance(text, str) else data[c.byte_begin:c.byte_end])
        assert not (data[c.byte_end - 1:c.byte_end] == b"\r" and data[c.byte_end:c.byte_end + 1] == b"\n")
        assert 1 <= c.line_begin <= c.line_end and c.column_begin >= 1 and c.depth == 0
        assert c.units == c.char_end - c.char_begin
        assert len(c.id) == 32 and c.level in LEVELS and c.headings == ()
    for one, other in zip(chunks, chunks[1:]):
        assert other.byte_fresh == one.byte_end and other.byte_begin <= one.byte_end
        if overlap == 0:
            assert other.byte_begin == one.byte_end


def test_chunks_are_a_sequence_over_arrays():
    chunks = atlas.chunk(TEXT, 40, 10)
    assert isinstance(chunks, atlas.Chunks) and len(chunks) > 5 and repr(chunks) == f"<{len(chunks)} chunks>"
    assert chunks[-1] == list(chunks)[-1] and chunks[1:3] == [chunks[1], chunks[2]] and chunks[::-1][0] == chunks[-1]
    for bad in (len(chunks), -len(chunks) - 1):
        with pytest.raises(IndexError):
            chunks[bad]
    for name in ("byte_begin", "byte_end", "byte_fresh", "char_begin", "char_end", "line_begin", "line_end", "column_begin",
                 "units", "depth"):
        column = getattr(chunks, name)
        assert column.shape == (len(chunks),) and column.tolist() == [getattr(c, name) for c in chunks]
    assert chunks.level[-1] == 255
    assert chunks.ids.shape == (len(chunks), 2) and chunks.ids.dtype == np.uint64
    assert [f"{high:016x}{low:016x}" for low, high in chunks.ids.tolist()] == [c.id for c in chunks]
    none = atlas.chunk("")
    assert len(none) == 0 and list(none) == [] and none.ids.shape == (0, 2) and none.byte_begin.shape == (0,)


def test_the_same_text_has_the_same_id_wherever_it_stands():
    first = atlas.chunk("One paragraph.\n\nAnother one.\n\n", 20)
    second = atlas.chunk("Before it stands this.\n\nOne paragraph.\n\nAnother one.\n\n", 20)
    assert {c.id for c in first} <= {c.id for c in second}
    assert first[0].id != atlas.chunk("One paragraph.\n\nAnother one.\n\n", 16, rule="fixed")[0].id


@pytest.mark.parametrize("rule,options", [("plain_text", {}), ("fixed", {}), ("sentence", {"sizer": "graphemes"}), ("uax29_sentence", {"sizer": "bytes"}), ("plain_text", {"trim": True, "inner_sizes": (50, 20)}),
                                          ("delimiter", {"delimiters": [". ", b", "], "delimiters_begin_chunks": True}),
                                          ("external", {"boundaries": [40, (90, "heading_1"), (91, "line")]})])
def test_fed_streamed_and_read_chunks_are_the_same(rule, options, tmp_path):
    data = known_document()
    chunker = atlas.Chunker(100, 20, rule=rule, **options)
    wanted = list(chunker.chunk(data))
    assert len(wanted) > 40
    fed = [c for at in range(0, len(data), 777) for c in chunker.feed(data[at:at + 777])]
    assert fed + list(chunker.finish()) == wanted
    assert list(chunker.stream([data[:5], b"", data[5:]])) == wanted
    assert list(chunker.stream(io.BytesIO(data))) == wanted
    path = tmp_path / "document.md"
    path.write_bytes(data)
    streamed = list(atlas.stream(path, 100, 20, rule=rule, **options))
    assert [c._replace(text="") for c in streamed] == [c._replace(text="") for c in wanted]
    assert [c.text for c in streamed] == [c.text.decode("utf-8", "replace") for c in wanted]
    assert list(atlas.stream(str(path), 100, 20, rule=rule, **options)) == streamed
    text = data[:-5].decode()
    assert list(chunker.stream(io.StringIO(text, newline=""))) == list(chunker.stream([text[:333], text[333:]])) == list(chunker.chunk(text))
    chunker.close()
    for call in (lambda: chunker.feed(b"x"), chunker.finish, lambda: chunker.chunk("x"), chunker.restart, lambda: chunker.taken):
        with pytest.raises(atlas.Closed):
            call()


@native_only
@pytest.mark.parametrize("codec,label", [("cp1251", None), ("cp1251", "windows-1251"), ("utf-16", None), ("utf-8-sig", None), ("utf-8", None),
                                         ("shift_jis", "sjis"), ("iso2022_jp", "iso-2022-jp")])
@pytest.mark.parametrize("options", [{}, {"inner_sizes": (60, 30)}])
def test_streams_of_other_encodings_say_where_their_chunks_lie(codec, label, options, tmp_path):
    sentence = "日本語の文です。ひらがな、カタカナ。\n" if codec in ("shift_jis", "iso2022_jp") else "Привет, мир! Как дела? Всё хорошо.\n"
    text = sentence * 3000
    data = text.encode(codec)
    wanted = list(atlas.chunk(text, 100, 30, **options))
    path = tmp_path / "letters.txt"
    path.write_bytes(data)
    for source in (path, io.BytesIO(data), [data[:7], b"", data[7:1000], data[1000:]]):
        found = list(atlas.stream(source, 100, 30, encoding=label, **options))
        assert [c[:-2] for c in found] == [c[:-2] for c in wanted]
        mode = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(codec, codec)
        for chunk in found:
            part = data[chunk.source_begin:chunk.source_end]
            if codec != "iso2022_jp":
                assert part.decode(mode) == chunk.text
            elif chunk.char_begin % len(sentence) == 0:
                assert part.decode(codec) == chunk.text
        assert found[-1].source_end == len(data)
    assert [(c.source_begin, c.source_end) for c in wanted] == [(c.byte_begin, c.byte_end) for c in wanted]


@native_only
def test_streams_of_bad_bytes_and_of_wrong_arguments(tmp_path):
    data = b"\xef\xbb\xbf" + b"caf\xc3\xa9 \xff au lait\n" * 50
    for label in (None, "utf-8", "UTF8"):
        assert list(atlas.stream([data], 20, encoding=label)) == list(atlas.stream([data], 20, encoding=None))
    found = list(atlas.stream([data], 20, encoding=None))
    assert "".join(c.text for c in found) == data[3:].decode("utf-8", "replace") and found[0].source_begin == 3
    assert [data[c.source_begin:c.source_end].decode("utf-8", "replace") for c in found] == [c.text for c in found]
    good = [f"Sentence {i}, which is good. " for i in range(4000)]
    data = "".join(good).encode() + b"\xff bad"
    before = []
    with pytest.raises(atlas.BadEncoding) as caught:
        for chunk in atlas.stream([data], 20, encoding="utf-8", errors="strict"):
            before.append(chunk.text)
    assert caught.value.offset == data.index(b"\xff")
    assert len("".join(before)) > len(data) - 20_000 and data.decode("utf-8", "replace").startswith("".join(before))
    for wrong in ({"encoding": "klingon"}, {"errors": "ignore"}, {"errors": "strict"}, {"encoding": None, "rule": "content_defined",
                                                                "content_defined": atlas.ContentDefinedOptions(is_binary=True)}):
        with pytest.raises(atlas.InvalidArgument):
            atlas.stream([data], **wrong)
    with pytest.raises(TypeError, match="piece: expected bytes, found str"):
        list(atlas.stream(["text"], encoding="latin1"))
    with pytest.raises(atlas.BadEncoding, match="binary"):
        list(atlas.stream([b"\0\1\2\xff"], encoding=None))


@pure_only
def test_streams_of_other_encodings_need_the_library():
    with pytest.raises(atlas.NativeRequired):
        atlas.stream([b"text"], encoding=None)


def test_a_stream_and_other_calls_do_not_mix():
    data = known_document()
    chunker = atlas.Chunker(100)
    wanted = list(chunker.chunk(data))
    for other in (lambda: chunker.chunk("other"), lambda: chunker.feed("other"), chunker.restart, lambda: list(chunker.stream([data]))):
        with pytest.raises(RuntimeError, match="another document"):
            list(_disturbed(chunker, data, other))
        assert list(chunker.stream([data])) == wanted
    for chunk in chunker.stream([data[:5000], data[5000:]]):
        break
    assert chunker.taken == 0  # a stream that is left early keeps nothing
    assert [c.text for c in [*chunker.feed("new"), *chunker.finish(True)]] == ["new"]


def _disturbed(chunker, data, other):
    def pieces():
        yield data[:4000]
        other()
        yield data[4000:]

    return chunker.stream(pieces())


def test_a_reader_that_does_not_block_is_refused():
    class Reader:
        pieces = [b"hello ", None, b"world"]

        def read(self, size):
            return self.pieces.pop(0)

    with pytest.raises(BlockingIOError):
        list(atlas.stream(Reader()))


def test_many_texts_have_the_chunks_that_each_has_alone():
    texts = ["", TEXT, known_document(), "x", known_document()[500:3000], TEXT * 3]
    chunker = atlas.Chunker(90, 20)
    calls = []
    found = chunker.chunk_many(texts, progress=lambda done, total: calls.append((done, total)))
    assert [list(one) for one in found] == [list(chunker.chunk(text)) for text in texts]
    assert calls[-1] == (6, 6) and found[0].byte_begin.shape == (0,)
    assert chunker.chunk_many([]) == [] and [list(one) for one in chunker.chunk_many(iter(["a"]))] == [list(chunker.chunk("a"))]
    with pytest.raises(atlas.Cancelled):
        chunker.chunk_many(texts, progress=lambda done, total: False)
    for bad in ("text", b"text", 5, [5]):
        with pytest.raises(TypeError):
            chunker.chunk_many(bad)
    if atlas.native:
        many = atlas.Chunker(200, rule="markdown").chunk_many([known_document(), "# A\n\nb"])
        assert many[1][0].headings == ("A",) and {c.headings[0] for c in many[0] if c.headings} == {"Fish"}


def test_taken_and_restart():
    with atlas.Chunker(100) as chunker:
        chunker.feed("abc")
        chunker.feed(b"\xc3\xa4")
        assert chunker.taken == 5
        chunker.restart()
        assert chunker.taken == 0 and len(chunker.finish()) == 0
        chunker.feed("kept")
        assert [c.text for c in chunker.finish(as_text=True)] == ["kept"]


def test_chunk_refuses():
    refused = [
        (dict(size=0), ValueError, "size"), (dict(size=(1 << 31) + 1), ValueError, "size"), (dict(size=10.0), TypeError, "size"),
        (dict(size=10, overlap=10), ValueError, "less than the size, 10"), (dict(overlap=-1), ValueError, "overlap"),
        (dict(fill_percent=101), ValueError, "fill_percent"), (dict(coherent_percent=-1), ValueError, "coherent_percent"),
        (dict(packing="tight"), ValueError, "packing"), (dict(rule="markup"), ValueError, "rule.*one of plain_text, fixed"),
        (dict(rule=3), TypeError, "rule"), (dict(sizer="pages"), ValueError, "sizer"), (dict(sizer=5), TypeError, "sizer"),
        (dict(inner_sizes=(1000,)), ValueError, "less than the size above"), (dict(inner_sizes=(9, 9)), ValueError, "inner_sizes"),
        (dict(inner_sizes=(9, 8, 7, 6)), ValueError, "at most 3"), (dict(delimiters=["a"]), ValueError, "delimiters"),
        (dict(rule="delimiter"), ValueError, "1 to 16"), (dict(rule="delimiter", delimiters=[""]), ValueError, "1 to 64 bytes"),
        (dict(rule="delimiter", delimiters="ab"), TypeError, "iterable"), (dict(boundaries=[4]), ValueError, "boundaries"),
        (dict(rule="external", boundaries=[4, 4]), ValueError, "more than 4"),
        (dict(rule="external", boundaries=[(4, "chapter")]), ValueError, "a level"),
        (dict(rule="semantic"), TypeError, "SemanticOptions"), (dict(semantic=atlas.SemanticOptions(len, 2)), ValueError, "semantic"),
        (dict(rule="semantic", semantic=atlas.SemanticOptions(5, 2)), TypeError, "semantic.embed"),
        (dict(rule="semantic", semantic=atlas.SemanticOptions(len)), ValueError, "semantic.dimension"),
        (dict(rule="semantic", semantic=atlas.SemanticOptions(len, 2, quantile=float("nan"))), ValueError, "quantile"),
        (dict(content_defined=atlas.ContentDefinedOptions()), ValueError, "content_defined"),
        (dict(rule="content_defined", size=5), ValueError, "size"), (dict(bytes_a_unit=0), ValueError, "bytes_a_unit"),
        (dict(bytes_a_unit=8), ValueError, "bytes_a_unit"), (dict(delimiters_begin_chunks=True), ValueError, "delimiters_begin_chunks"),
        (dict(rule="content_defined", content_defined=atlas.ContentDefinedOptions(seed=1 << 64)), ValueError, "seed"),
        (dict(rule="content_defined", content_defined=atlas.ContentDefinedOptions(-1)), ValueError, "average_bytes"),
        (dict(threads=-1), ValueError, "threads"), (dict(speed=9), TypeError, "speed"),
    ]
    for options, error, said in refused:
        with pytest.raises(error, match=said):
            atlas.chunk("text", **options)
        with pytest.raises(error, match=said):
            atlas.stream(["text"], **options)
    for bad in (5, None, ["a"]):
        with pytest.raises(TypeError):
            atlas.chunk(bad)
    with pytest.raises(atlas.InvalidArgument, match="U\\+DCE4"):
        atlas.chunk("abc\udce4")
    with pytest.raises(TypeError, match="source"):
        list(atlas.stream(5))
    with pytest.raises(TypeError, match="source"):
        list(atlas.stream(b"a path is no bytes here"))
    with pytest.raises(FileNotFoundError):
        list(atlas.stream("/no/such/file"))


@pure_only
def test_what_needs_the_native_library_says_so():
    for options in (dict(rule="markdown"), dict(rule="html"), dict(rule="code"), dict(sizer=len),
                    dict(rule="content_defined"), dict(rule="semantic", semantic=atlas.SemanticOptions(len, 2))):
        with pytest.raises(atlas.NativeRequired, match="native library"):
            atlas.Chunker(**options)
    with pytest.raises(atlas.NativeRequired):
        atlas.Chunker().save_state()


@native_only
def test_chunks_of_both_backends_are_equal():
    from atlas._chunker import _checked_options, _signature_defaults
    from atlas._pure.chunks import PureChunker
    random = np.random.default_rng(5)
    alphabet = list(TEXT) + list(" \n\n..!\r")
    for i in range(300):
        text = "".join(random.choice(alphabet, int(random.integers(0, 400)))).encode()
        size = int(random.integers(1, 90))
        options = dict(rule=("plain_text", "fixed", "sentence", "uax29_sentence")[i % 4], sizer=("characters", "bytes", "graphemes", "words")[i // 4 % 4], packing=("full", "coherent", "divided")[i % 3],
                       trim=i % 5 == 0, inner_sizes=(size // 3,) if i % 7 == 0 and size >= 3 else ())
        overlap = int(random.integers(0, size))
        pure = PureChunker(_checked_options({**_signature_defaults(), "size": size, "overlap": overlap, **options}))
        for data in (text, random.integers(0, 256, 200, dtype=np.uint8).tobytes()):
            assert list(atlas.chunk(data, size, overlap, **options)) == list(atlas.Chunks(data, pure.read(data, None)))


@native_only
def test_the_known_document():
    """The digest that C++ and C give too."""
    value = 0xCBF29CE484222325

    def fold(data):
        nonlocal value
        for byte in data:
            value = (value ^ byte) * 0x100000001B3 % (1 << 64)

    def add(one):
        if isinstance(one, bytes):
            fold(one)
            one = len(one)
        fold(one.to_bytes(8, "little"))

    numbers = {name: number for number, name in atlas._types.LEVELS.items()}
    chunks = atlas.chunk(known_document(), 300, rule="markdown", inner_sizes=[80], trim=True, packing="coherent", coherent_percent=20)
    for c in chunks:
        for number in (c.byte_begin, c.byte_end, c.byte_fresh, c.char_begin, c.char_end, c.line_begin, c.line_end, c.column_begin, c.units,
                       numbers[c.level], c.depth, int(c.id[16:], 16), int(c.id[:16], 16)):
            add(number)
        add(c.text)
        for title in c.headings:
            add(title.encode())
    assert value == 4883150073338121776
    deep = [c for c in chunks if len(c.headings) == 3]
    assert deep and deep[0].headings[0] == "Fish" and deep[0].headings[2] == "Café <b>bold</b>"
    assert {c.depth for c in chunks} == {0, 1}


@native_only
@pytest.mark.parametrize("options", [dict(rule="markdown"), dict(rule="html"), dict(rule="code"), dict(rule="sentence"), dict(rule="uax29_sentence"),
                                     dict(sizer="graphemes"), dict(sizer="words"), dict(sizer=lambda text: len(text) // 3),
                                     dict(rule="semantic", semantic=atlas.SemanticOptions(
                                         lambda texts: [[len(text) % 7 + 1, 2] for text in texts], 2, mode="partition"))])
def test_native_rules_and_sizers(options):
    data = known_document()
    chunker = atlas.Chunker(90, 10, **options)
    wanted = list(chunker.chunk(data))
    assert b"".join(data[c.byte_fresh:c.byte_end] for c in wanted) == data
    assert all(c.units <= 90 for c in wanted) and len(wanted) > 20
    fed = [c for at in range(0, 6000, 500) for c in chunker.feed(data[at:at + 500])]
    later = atlas.Chunker.open_state(chunker.save_state(), 90, 10, **options)
    assert later.taken == 6000
    assert fed + [*later.feed(data[6000:]), *later.finish()] == wanted
    with pytest.raises(atlas.InvalidArgument):
        atlas.Chunker.open_state(chunker.save_state(), 91, 10, **options)
    with pytest.raises(atlas.CorruptFile):
        atlas.Chunker.open_state(chunker.save_state()[:-1] + b"\0", 90, 10, **options)
    with pytest.raises(TypeError):
        atlas.Chunker.open_state(b"", speed=1)


@native_only
def test_content_defined_chunks_find_what_two_texts_share():
    random = np.random.default_rng(1).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
    options = dict(rule="content_defined", content_defined=atlas.ContentDefinedOptions(1024, is_binary=True))
    one, other = atlas.chunk(random, **options), atlas.chunk(random[:50_000] + b"put in" + random[50_000:], **options)
    shared = {c.id for c in one} & {c.id for c in other}
    assert len(one) > 100 and len(shared) >= len(one) - 3
    with pytest.raises(atlas.InvalidArgument, match="is_binary"):
        atlas.chunk("a str", **options)
    assert len(atlas.chunk("a str", rule="content_defined", inner_sizes=[])) == 1
    with pytest.raises(atlas.InvalidArgument, match="least_bytes"):
        atlas.chunk(random, rule="content_defined", content_defined=atlas.ContentDefinedOptions(1024, 5))


@native_only
def test_the_embedder_finds_where_the_meaning_changes():
    text = "".join(f"The cat and the mouse sat with cat number {i}. " for i in range(12))
    change = len(text)
    text += "".join(f"Interest rates of banks rose while bonds fell by {i}. " for i in range(12))
    embedder = atlas.Embedder(256)
    with pytest.raises(atlas.ReadOnly):
        atlas.chunk(text, rule="semantic", semantic=atlas.SemanticOptions(embedder))
    embedder.learn([text])
    embedder.freeze()
    chunks = atlas.chunk(text, rule="semantic", packing="divided", semantic=atlas.SemanticOptions(embedder))
    assert change in chunks.byte_end
    chunker = atlas.Chunker(rule="semantic", packing="divided", semantic=atlas.SemanticOptions(embedder))
    embedder.close()  # the chunker holds it
    assert list(chunker.chunk(text)) == list(chunks)


@native_only
def test_errors_of_callables_come_out_and_lose_nothing():
    data = known_document()
    fail_at = [0]
    calls = [0]

    def measure(text):
        calls[0] += 1
        if calls[0] == fail_at[0]:
            raise KeyError("no such word")
        return len(text)

    chunker = atlas.Chunker(200, sizer=measure)
    wanted = list(chunker.chunk(data))
    fail_at[0] = calls[0] + 40
    found, failures = [], 0
    while chunker.taken < len(data):
        try:
            found += chunker.feed(data[chunker.taken:chunker.taken + 1000])
        except KeyError:
            failures += 1
    assert failures == 1 and found + list(chunker.finish()) == wanted
    for bad, error in ((lambda text: -1, ValueError), (lambda text: "x", TypeError), (lambda text: None, TypeError), (lambda text: 1.5, TypeError),
                       (lambda text: 1 << 63, ValueError), (lambda text: 1 << 64, ValueError)):
        with pytest.raises(error):
            atlas.chunk("some text", sizer=bad)
    for bad, error in ((lambda texts: [[1.0]], ValueError), (lambda texts: 1 / 0, ZeroDivisionError)):
        with pytest.raises(error):
            atlas.chunk("One. Two. Three.", rule="semantic", semantic=atlas.SemanticOptions(bad, 3))

    def again(text):
        chunker_of_itself.restart()
        return 1

    chunker_of_itself = atlas.Chunker(10, sizer=again)
    with pytest.raises(RuntimeError, match="another call"):
        chunker_of_itself.chunk("some text")


@native_only
def test_large_texts_on_threads_with_progress():
    data = known_document() * 300
    assert len(data) > 3 << 20
    calls = []
    chunks = atlas.chunk(data, rule="markdown", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (len(data), len(data)) and len(calls) >= 3
    one = atlas.chunk(data, rule="markdown", threads=1)
    assert (one.byte_end == chunks.byte_end).all() and (one.ids == chunks.ids).all() and (one.column_begin == chunks.column_begin).all()
    assert one.headings(5000) == chunks.headings(5000)
    with pytest.raises(atlas.Cancelled):
        atlas.chunk(data, progress=lambda done, total: False)
    results = []
    threads = [threading.Thread(target=lambda: results.append(len(atlas.chunk(data, rule="markdown")))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [len(one)] * 3


@native_only
def test_what_was_saved_is_not_taken_up_with_other_places():
    chunker = atlas.Chunker(100, rule="external", boundaries=[50, 120, 300])
    chunker.feed("x" * 40)
    with pytest.raises(atlas.InvalidArgument, match="fingerprint"):
        atlas.Chunker.open_state(chunker.save_state(), 100, rule="external", boundaries=[10, 90, 200])
    chunker = atlas.Chunker(100, sizer=len, bytes_a_unit=8)
    with pytest.raises(atlas.InvalidArgument, match="fingerprint"):
        atlas.Chunker.open_state(chunker.save_state(), 100, sizer=len, bytes_a_unit=9)


@native_only
@pytest.mark.parametrize("what", ["sizer", "embed", "embedder"])
def test_an_interrupt_ends_a_long_call(what, library_environment, tmp_path):
    """Ctrl-C while a callable is asked, in a process of its own: KeyboardInterrupt comes out, at once, and nothing wrong is given."""
    program = tmp_path / "program.py"
    program.write_text(f"""
import atlas, os, signal, threading, time
text = "Some words about bread. Others about bridges, of steel. " * 40_000
if {what!r} == "sizer":
    options = dict(sizer=lambda text: len(text.split()))
elif {what!r} == "embed":
    options = dict(rule="semantic", semantic=atlas.SemanticOptions(lambda texts: [[len(text) % 5 + 1, 1] for text in texts], 2))
else:
    embedder = atlas.Embedder(4096)
    embedder.learn([text[:1000]])
    embedder.freeze()
    options = dict(rule="semantic", semantic=atlas.SemanticOptions(embedder))
chunker = atlas.Chunker(100, **options)
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begun = time.monotonic()
try:
    while True:
        chunker.chunk(text)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - begun < 60)
""")
    done = subprocess.run([sys.executable, str(program)], env=library_environment, capture_output=True, text=True, timeout=120)
    assert done.stdout == "interrupted True\n", (done.stdout, done.stderr)
    assert "ignored" not in done.stderr
