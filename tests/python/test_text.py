# SPDX-License-Identifier: Apache-2.0
"""Encodings, boundaries, tokens: what bytes are, and what a text is made of. Both backends give the same, or one says NativeRequired."""

import base64
import mmap
import pickle
import re
import sys
import threading

import numpy as np
import pytest

import atlas
from conftest import ROOT, native_only, pure_only

TEXT = "Grüße aus Köln: 5 € für 你好 und 😀. Mr. Smith said so.\r\nNext line"


def ranks_of(*tokens):
    """A rank file: all bytes, and these tokens from rank 256 on."""
    every = [bytes([byte]) for byte in range(256)] + list(tokens)
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(every))


# -- encodings

@pytest.mark.parametrize("encoding,mark", [("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"),
                                           ("utf-32-le", b"\xff\xfe\0\0"), ("utf-32-be", b"\0\0\xfe\xff")])
def test_a_mark_tells_the_encoding_and_is_left_out(encoding, mark):
    data = mark + TEXT.encode(encoding)
    name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
    assert atlas.detect_encoding(data) == (name, "mark", len(mark))
    decoded = atlas.decode(data)
    assert decoded.text == str(decoded) == TEXT
    assert (decoded.encoding, decoded.mark_bytes, decoded.bad_count, decoded.first_bad) == (name, len(mark), 0, None)
    assert atlas.decode(data, name).text == TEXT
    assert atlas.decode(data[len(mark):], name.lower()).text == TEXT
    want = [len(mark) + len(TEXT[:i].encode(encoding)) for i in range(len(TEXT) + 1)]
    assert decoded.source_offsets(range(len(TEXT) + 1)).tolist() == want
    assert decoded.source_offsets(np.arange(len(TEXT) + 1)[::-1]).tolist() == want[::-1]
    assert decoded.source_offsets(3).tolist() == [want[3]]
    assert decoded.source_offsets(np.int64(3)).dtype == np.int64


def test_a_given_encoding_has_its_own_mark():
    decoded = atlas.decode(b"\xff\xfe\0\0A\0", "utf-16le")
    assert (decoded.text, decoded.mark_bytes) == ("\0A", 2)
    assert atlas.decode(b"\xff\xfe\0\0", "utf-32le").mark_bytes == 4


def test_few_places_of_a_long_text():
    data = (TEXT * 200).encode("utf-16-le")
    decoded = atlas.decode(data, "utf-16le")
    characters = [7000, 0, 3, 7000, len(decoded.text), 41]
    assert decoded.source_offsets(characters).tolist() == [len(decoded.text[:i].encode("utf-16-le")) for i in characters]
    escaped = atlas.decode(b"\xff\xc3\xa4" * 1000, "utf-8", "surrogateescape")
    assert escaped.source_offsets([1999, 1, 2000]).tolist() == [2998, 1, 3000]


def test_form_tells_utf8_and_what_is_no_text():
    assert atlas.detect_encoding(TEXT.encode()) == ("UTF-8", "form", 0)
    assert atlas.detect_encoding(b"") == ("UTF-8", "form", 0)
    for held in (memoryview(b"plain"), bytearray(b"plain"), np.frombuffer(b"plain", dtype=np.uint8)):
        assert atlas.detect_encoding(held) == ("UTF-8", "form", 0)
        assert atlas.decode(held).text == "plain"
    assert atlas.detect_encoding(b"\xff\xff\x01\x02") == ("binary", "nothing", 0)
    with pytest.raises(atlas.BadEncoding, match="text: expected text in a known encoding, found binary data") as caught:
        atlas.decode(b"\xff\xff\x01\x02")
    assert caught.value.offset is None
    assert atlas.decode(b"").text == ""


@pytest.mark.parametrize("source,text,first_bad", [
    (b"a\xffb\xe2\x82", "a\ufffdb\ufffd\ufffd", 1), (b"\xef\xbb\xbfa\xc3", "a\ufffd", 4), (b"\xed\xa0\x80.", "\ufffd\ufffd\ufffd.", 0),
    ("\ufffd\x80".encode() + b"\x80", "\ufffd\x80\ufffd", 5)])
def test_bad_bytes_are_refused_replaced_or_escaped(source, text, first_bad):
    with pytest.raises(atlas.BadEncoding, match=f"utf8_byte: expected well-formed UTF-8, found {first_bad}") as caught:
        atlas.decode(source, "utf-8")
    assert caught.value.offset == first_bad
    assert isinstance(caught.value, ValueError)
    decoded = atlas.decode(source, "utf-8", "replace")
    assert (decoded.text, decoded.first_bad) == (text, first_bad)
    mark = 3 if source.startswith(b"\xef\xbb\xbf") else 0
    escaped = atlas.decode(source, "utf-8", "surrogateescape")
    assert escaped.text.encode("utf-8", "surrogateescape") == source[mark:]
    assert decoded.bad_count == escaped.bad_count == sum(0xDC80 <= ord(c) <= 0xDCFF for c in escaped.text)
    want = [mark + len(escaped.text[:i].encode("utf-8", "surrogateescape")) for i in range(len(text) + 1)]
    assert decoded.source_offsets(range(len(text) + 1)).tolist() == want
    assert escaped.source_offsets(range(len(text) + 1)).tolist() == want


def test_bad_units_of_utf16_are_refused_with_their_place():
    with pytest.raises(atlas.BadEncoding, match="utf16_byte: expected well-formed UTF-16, found 2") as caught:
        atlas.decode("a".encode("utf-16-le") + b"\0\xdc" + b"b\0", "utf-16le")
    assert caught.value.offset == 2


@pytest.mark.parametrize("encoding,data,offset", [("utf-16be", b"\xd8\xa9\0A", 0), ("utf-16le", b"\0\xd8", 0), (None, b"\xfe\xff\0A\xd8\xa9\0A", 4),
                                                  pytest.param("windows-1253", b"a\xd2\xaa", 1, marks=native_only)])
def test_bytes_are_escaped_in_utf8_alone(encoding, data, offset):
    with pytest.raises(atlas.BadEncoding) as caught:
        atlas.decode(data, encoding, "surrogateescape")
    assert caught.value.offset == offset
    if atlas.native and encoding:
        with pytest.raises(atlas.BadEncoding) as caught, atlas.TextDecoder(encoding, "surrogateescape") as decoder:
            decoder.feed(data)
            decoder.finish()
        assert caught.value.offset == offset


def test_escaped_text_is_refused_where_utf8_is_needed():
    escaped = atlas.decode(b"a\xff. b", "utf-8", "surrogateescape").text
    with pytest.raises(atlas.InvalidArgument, match="surrogate"):
        atlas.sentences(escaped)
    assert list(atlas.sentences(escaped.encode("utf-8", "surrogateescape"))) == [b"a\xff. b"]


def test_first_ill_formed_says_where_bytes_are_not_utf8():
    assert atlas.first_ill_formed(TEXT.encode()) is None and atlas.first_ill_formed(b"") is None
    random = np.random.default_rng(11)
    for _ in range(500):
        data = b"".join([b"a" * 40, "ä".encode(), b"\xe2\x82", "😀".encode(), b"\xff", b"\xed\xa0\x80"][i]
                        for i in random.choice(6, int(random.integers(0, 12)), p=[.3, .3, .05, .25, .05, .05]))
        try:
            data.decode()
            want = None
        except UnicodeDecodeError as problem:
            want = problem.start
        assert atlas.first_ill_formed(data) == atlas.first_ill_formed(bytearray(data)) == want


def test_what_told_an_encoding():
    assert atlas.decode(b"\xef\xbb\xbfx").basis == "mark"
    assert atlas.decode(b"x").basis == "form"
    assert atlas.decode(b"x", "utf-8").basis == "given"
    if atlas.native:
        assert atlas.decode("Fünf Stühle kosten 20 €".encode("cp1252")).basis == "statistics"


def test_a_decoded_text_holds_nothing_of_the_callers_and_is_pickled(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xff\xfe" + TEXT.encode("utf-16-le"))
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        decoded = atlas.decode(mapped)  # the map is closed behind it: no pointer into it is left
    data = bytearray(b"a\xc3\xa4b")
    other = atlas.decode(data)
    data[:] = b"\0"
    assert other.source_offsets([1, 2, 3]).tolist() == [1, 3, 4]
    assert atlas.decode(memoryview(b"-a\xc3\xa4b")[1:]).source_offsets(2).tolist() == [3]
    back = pickle.loads(pickle.dumps(decoded))
    every = range(len(TEXT) + 1)
    assert back == decoded and back.source_offsets(every).tolist() == decoded.source_offsets(every).tolist()
    assert back.source_offsets(3).tolist() == [8]
    long = atlas.decode(b"secret " * 1000 + b"\xff", "utf-8", "replace")
    assert repr(long) == "<atlas.DecodedText 7001 characters of UTF-8, 1 bad>"


def test_arguments_are_checked():
    with pytest.raises(TypeError, match="data: expected bytes, found str"):
        atlas.decode("text")
    with pytest.raises(ValueError, match="data: expected contiguous bytes"):
        atlas.detect_encoding(memoryview(b"abcd")[::2])
    with pytest.raises(atlas.InvalidArgument, match="errors: expected one of strict, replace, surrogateescape, found 'ignore'"):
        atlas.decode(b"x", errors="ignore")
    with pytest.raises(TypeError, match="encoding: expected str or None, found int"):
        atlas.decode(b"x", 8)
    with pytest.raises(atlas.InvalidArgument, match="encoding label"):
        atlas.decode(b"x", "utf-8\0")
    with pytest.raises(atlas.InvalidArgument, match="characters: expected at most 1, found 2") as caught:
        atlas.decode(b"x").source_offsets([0, 2])
    assert caught.value.row == 1
    with pytest.raises(ValueError, match="characters"):
        atlas.decode(b"x").source_offsets([-1])


@native_only
def test_legacy_encodings_by_statistics_and_by_label():
    data = "Fünf Stühle kosten 20 €, und zwar größere".encode("cp1252")
    assert atlas.detect_encoding(data) == ("windows-1252", "statistics", 0)
    assert atlas.decode(data).text == data.decode("cp1252")
    assert atlas.decode(data, " Latin1").encoding == "windows-1252"
    japanese = "日本語のテキスト"
    decoded = atlas.decode(japanese.encode("cp932"), "sjis")
    assert (decoded.text, decoded.encoding) == (japanese, "Shift_JIS")
    assert decoded.source_offsets([8, 0, 1]).tolist() == [16, 0, 2]
    assert atlas.detect_encoding("some words".encode("utf-16-le")) == ("UTF-16LE", "form", 0)
    with pytest.raises(atlas.InvalidArgument, match="encoding label: expected a label of the WHATWG Encoding Standard"):
        atlas.decode(data, "no such")


@pytest.mark.parametrize("label,found", [("foo", "another name"), ("", "another name"), (" ISO-2022-KR ", "iso-2022-kr")])
def test_what_is_no_label_is_refused(label, found):
    with pytest.raises(atlas.InvalidArgument, match=f"encoding label: expected .*, found {found}"):
        atlas.decode(b"a", label)


def test_both_backends_know_the_same_labels():
    from atlas._pure.encoding_labels import DECODED, OTHERS, REFUSED
    table = dict(re.findall(r'\{"([^"]+)", text_encoding::(\w+)\}', (ROOT / "include/atlas/text/label_table.hpp").read_text()))
    assert {**DECODED, **dict.fromkeys(OTHERS), **dict.fromkeys(REFUSED)}.keys() == table.keys()
    assert {label for label, encoding in table.items() if encoding == "unknown"} == REFUSED
    assert all(name.lower().replace("-", "").replace("le", "_le").replace("be", "_be") == table[label] for label, name in DECODED.items())


@native_only
def test_labels_and_answers_of_both_backends_are_equal():
    from atlas._pure import text as pure
    from atlas._pure.encoding_labels import DECODED
    for label, name in DECODED.items():
        assert atlas.decode(b"", label).encoding == name
    random = np.random.default_rng(8)
    pieces = [b"a", b" ", "ä".encode(), "你".encode(), "😀".encode(), b"\xff", b"\xe2\x82", b"\x80", b"\n", b"\xef\xbb\xbf", b"\x01",
              b"\x1b"]
    for _ in range(2000):
        data = b"".join(pieces[i] for i in random.integers(0, len(pieces), int(random.integers(0, 12))))
        try:
            want = pure.detect_encoding(memoryview(data))
        except atlas.NativeRequired:
            continue
        assert atlas.detect_encoding(data) == want
        for number, errors in enumerate(("strict", "replace", "surrogateescape")):
            try:
                text, facts, places = pure.decode(memoryview(data), "utf-8", number)
            except atlas.BadEncoding as problem:
                with pytest.raises(atlas.BadEncoding) as caught:
                    atlas.decode(data, "utf-8", errors)
                assert (str(caught.value), caught.value.offset) == (str(problem), problem.offset)
                assert atlas.first_ill_formed(data) == pure.first_ill_formed(memoryview(data)) == problem.offset
                continue
            decoded = atlas.decode(data, "utf-8", errors)
            assert (decoded.text, decoded.encoding, decoded.basis, decoded.mark_bytes, decoded.bad_count, decoded.first_bad or 0) == (text, *facts)
            every = np.arange(len(text) + 1)
            assert decoded.source_offsets(every).tolist() == places(text, every).tolist()


@pure_only
def test_what_only_the_library_can():
    for data in ("Grüße".encode("latin1"), b"a\0b\0", b"\x1b$B"):
        with pytest.raises(atlas.NativeRequired):
            atlas.detect_encoding(data)
    for call in (lambda: atlas.decode(b"x", "latin1"), lambda: atlas.decode(b"\0\xdc", "utf-16", "replace"), atlas.TextDecoder,
                 lambda: atlas.boundaries("a text", "word"), lambda: atlas.Tokenizer("x", "gpt2"),
                 lambda: atlas.Tokenizer.of_ranks(ranks_of(), "gpt2")):
        with pytest.raises(atlas.NativeRequired):
            call()


# -- pieces

@native_only
@pytest.mark.parametrize("most", [1, 2, 3, 1000])
@pytest.mark.parametrize("errors", ["replace", "surrogateescape"])
def test_pieces_are_what_the_whole_is(most, errors):
    for data in (TEXT.encode(), b"\xff\xfe" + TEXT.encode("utf-16-le"), b"\xef\xbb\xbfa\xffb\xe2\x82", "Fünf Stühle".encode("cp1252"),
                 b""):
        encodings = (None, atlas.detect_encoding(data).encoding)
        for encoding in encodings if errors == "replace" else encodings[1:]:
            with atlas.TextDecoder(encoding, errors) as decoder:
                text = "".join(decoder.feed(data[at:at + most]) for at in range(0, len(data), most)) + decoder.finish()
                want = atlas.decode(data, encoding, errors)
                assert (text, decoder.encoding, decoder.basis) == (want.text, want.encoding, want.basis)
                assert (decoder.mark_bytes, decoder.bad_count, decoder.first_bad) == (want.mark_bytes, want.bad_count, want.first_bad)
                with pytest.raises(atlas.Closed):
                    decoder.feed(b"x")
            with pytest.raises(atlas.Closed):
                decoder.finish()


@native_only
def test_a_decoder_says_where_it_is_refused_and_gives_what_stands_before():
    with atlas.TextDecoder("utf-8") as decoder:
        assert decoder.feed(b"hello") == "hello"
        with pytest.raises(atlas.BadEncoding, match="found 9") as caught:
            decoder.feed(b"good\xffbad")
        assert (caught.value.offset, caught.value.text) == (9, "good")
        assert (decoder.bad_count, decoder.first_bad, decoder.basis) == (1, 9, "given")
        for call in (lambda: decoder.feed(b"x"), decoder.finish):
            with pytest.raises(atlas.BadEncoding) as caught:
                call()
            assert (caught.value.offset, caught.value.text) == (9, "")
    with atlas.TextDecoder("utf-16le") as decoder:
        decoder.feed("aä".encode("utf-16-le") + b"\0")
        with pytest.raises(atlas.BadEncoding) as caught:
            decoder.finish()
        assert (caught.value.offset, caught.value.text) == (4, "")
    with atlas.TextDecoder() as decoder:
        assert (decoder.encoding, decoder.basis, decoder.mark_bytes, decoder.first_bad) == (None, None, 0, None)
        decoder.feed(b"\x01\0\xff")
        with pytest.raises(atlas.BadEncoding, match="binary data") as caught:
            decoder.finish()
        assert (caught.value.offset, decoder.encoding, decoder.basis) == (None, None, None)
    with pytest.raises(atlas.InvalidArgument, match="errors: expected strict or replace unless the encoding is given, found 'surrogateescape'"):
        atlas.TextDecoder(errors="surrogateescape")


@native_only
def test_a_decoder_that_threads_share_is_fed_by_one_at_a_time():
    decoder = atlas.TextDecoder("utf-8")
    parts = []

    def feed():
        for _ in range(200):
            parts.append(decoder.feed(b"0123456789" * 100))

    threads = [threading.Thread(target=feed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "".join(parts) + decoder.finish() == "0123456789" * 100 * 200 * 4


# -- boundaries

@pytest.mark.parametrize("kind", ["grapheme", "sentence", "uax29_sentence", pytest.param("word", marks=native_only)])
def test_offsets_are_those_of_the_type(kind):
    for text in (TEXT, "", "e\u0301", "x" * 1000, "a b " * 500, "\r\n" * 200):
        data = text.encode()
        characters, offsets = atlas.boundaries(text, kind), atlas.boundaries(data, kind)
        assert characters.dtype == offsets.dtype == np.int64
        assert characters[0] == offsets[0] == 0 and characters[-1] == len(text) and offsets[-1] == len(data)
        assert (np.diff(characters) > 0).all()
        assert [text[:end].encode() for end in characters] == [data[:end] for end in offsets]
    assert atlas.boundaries(b"\xff\xff", "grapheme").tolist() == [0, 1, 2]


def test_segments_are_what_a_reader_sees():
    assert list(atlas.sentences(TEXT)) == ["Grüße aus Köln: 5 € für 你好 und 😀. ", "Mr. Smith said so.\r\n", "Next line"]
    assert list(atlas.sentences(b"One. Two")) == [b"One. ", b"Two"]
    assert list(atlas.sentences("")) == []
    assert atlas.boundaries("e\u0301👍🏽\r\n", "grapheme").tolist() == [0, 2, 4, 6]


def test_sentences_of_the_standard():
    assert atlas.boundaries("Mr. Smith left. He did.", "uax29_sentence").tolist() == [0, 4, 16, 23]


@native_only
def test_words_of_the_standard():
    assert atlas.boundaries("can't stop", "word").tolist() == [0, 5, 6, 10]


@native_only
def test_boundaries_of_both_backends_are_equal():
    from atlas._pure import text as pure
    random = np.random.default_rng(9)
    pieces = ["a", "The ", "z", "B", " ", ".", "!", "?", "Mr.", "z.B.", "1.", "12", "(", ")", "\"", "»", "“", "…", "\n", "\r", "\r\n", "\u0301",
              "你", "。", "👍", "🏽", "\u200d", "🇩", "ä", "• ", "b)", "\u2029", ", ", "\u1100", "\u1161"]
    parts = [piece.encode() for piece in pieces] + [b"\xff", b"\xe2\x82"]
    for _ in range(1500):
        data = b"".join(parts[i] for i in random.integers(0, len(parts), int(random.integers(0, 40))))
        for kind, name in ((0, "grapheme"), (2, "sentence"), (3, "uax29_sentence")):
            assert atlas.boundaries(data, name).tolist() == pure.boundaries(data, kind, False).tolist(), data
            text = data.decode("utf-8", "ignore")
            assert atlas.boundaries(text, name).tolist() == pure.boundaries(text.encode(), kind, True).tolist(), text


@native_only
def test_a_tokenizer_sizes_chunks_and_stays_while_they_are_cut():
    tokenizer = atlas.Tokenizer.of_ranks(ranks_of(b"ab"), "gpt2")
    text = "ab ab ab. " * 50
    chunker = atlas.Chunker(size=30, sizer=tokenizer)
    tokenizer.close()
    chunks = chunker.chunk(text)
    tokenizer = atlas.Tokenizer.of_ranks(ranks_of(b"ab"), "gpt2")
    assert len(chunks) > 5 and "".join(one.text for one in chunks) == text
    assert all(tokenizer.count(one.text) <= 30 for one in chunks)


def test_boundaries_check_their_arguments():
    with pytest.raises(atlas.InvalidArgument, match="kind: expected one of grapheme, word, sentence, uax29_sentence, found 'line'"):
        atlas.boundaries("x", "line")
    with pytest.raises(TypeError, match="text: expected str or bytes, found int"):
        atlas.boundaries(1)
    with pytest.raises(atlas.InvalidArgument, match="surrogate"):
        atlas.sentences("\udc80")


# -- tokens

@native_only
def test_tokens_there_and_back(tmp_path):
    path = tmp_path / "own.tiktoken"
    path.write_bytes(ranks_of(b"ab", b"abc", " ä".encode(), b"12"))
    with atlas.Tokenizer(path, "cl100k_base") as tokenizer:
        assert (tokenizer.pattern, tokenizer.size) == ("cl100k", 260)
        tokens = tokenizer.encode("abc ä")
        assert tokens.tolist() == [257, 258] and tokens.dtype == np.uint32
        assert tokenizer.count("abc ä") == 2 and tokenizer.count("") == 0 and tokenizer.count(b"\xff\xff") == 2
        for text in (TEXT, "", "abcabc 1212"):
            assert tokenizer.decode(tokenizer.encode(text)) == text
            assert tokenizer.count(text) == len(tokenizer.encode(text))
        assert tokenizer.decode([195]) == "\ufffd"
        assert tokenizer.decode_bytes([195, 164]) == "ä".encode()
        assert tokenizer.decode_bytes([]) == b"" and tokenizer.decode_bytes(np.array([257] * 100)) == b"abc" * 100
        with pytest.raises(UnicodeDecodeError):
            tokenizer.decode([195], "strict")
    with pytest.raises(atlas.Closed):
        tokenizer.count("x")


@native_only
def test_many_texts_are_counted_as_one_by_one():
    tokenizer = atlas.Tokenizer.of_ranks(ranks_of(b"ab", b"abab"), "gpt2")
    texts = ["ab" * (i % 9) for i in range(1000)]
    want = [tokenizer.count(text) for text in texts]
    counts = tokenizer.count_many(texts)
    assert counts.tolist() == want and counts.dtype == np.int64
    seen = []
    assert tokenizer.count_many(texts, threads=1, progress=lambda done, total: seen.append((done, total))).tolist() == want
    assert seen[-1] == (1000, 1000)
    with pytest.raises(atlas.Cancelled):
        tokenizer.count_many(texts, progress=lambda done, total: False)
    assert tokenizer.count_many([]).tolist() == []
    with pytest.raises(TypeError, match="texts: expected an iterable of str or bytes"):
        tokenizer.count_many("ab")


@native_only
def test_what_is_no_token_and_no_rank_file(tmp_path):
    tokenizer = atlas.Tokenizer.of_ranks(ranks_of(), "o200k")
    for tokens, found in (([97, 256], "256"), ([97, -1], "-1"), ([97, 1 << 40], str(1 << 40))):
        with pytest.raises(atlas.InvalidArgument, match=f"token: expected a rank of the encoding, found {found}") as caught:
            tokenizer.decode(tokens)
        assert caught.value.row == 1
    with pytest.raises(TypeError, match="tokens: expected integers"):
        tokenizer.decode([0.5])
    for data in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        with pytest.raises(TypeError, match=f"tokens: expected integers, found {type(data).__name__}"):
            tokenizer.decode(data)
    with pytest.raises(atlas.NotFound, match="absent"):
        atlas.Tokenizer(tmp_path / "absent", "gpt2")
    with pytest.raises(atlas.CorruptFile) as caught:
        atlas.Tokenizer.of_ranks(b"YQ== 0\nYQ== 1\n", "gpt2")
    assert caught.value.row == 2


def test_a_tokenizer_checks_its_arguments():
    with pytest.raises(atlas.InvalidArgument, match="pattern: expected one of cl100k, cl100k_base, gpt2, .*, found 'bert'"):
        atlas.Tokenizer("x", "bert")
    with pytest.raises(TypeError, match="path: expected str, bytes or os.PathLike"):
        atlas.Tokenizer(1, "gpt2")


@native_only
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_nothing_leaks():
    def pages():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1])

    def use():
        tokenizer = atlas.Tokenizer.of_ranks(ranks_of(b"ab"), "gpt2")
        tokenizer.encode("ab" * 1000)
        decoder = atlas.TextDecoder()
        decoder.feed(b"x" * 100_000)
        with pytest.raises(atlas.BadEncoding):
            atlas.decode(b"\xff" * 1000, "utf-8")

    for _ in range(20):
        use()
    before = pages()
    for _ in range(200):
        use()
    assert (pages() - before) * 4096 < 8 << 20
