# SPDX-License-Identifier: Apache-2.0
"""The chunker that needs no native library: promises, and the chunks of the native one, kept in golden/chunks.tsv."""

import os
import pathlib
import re
import shutil
import subprocess

import numpy as np
import pytest

import atlas
from atlas._pure import graphemes, sentence_words, unicode_runs
from atlas._pure.chunk_rules import Delimiters, External, Fixed, PlainText, Sentences, Uax29Sentences
from atlas._pure.prose_boundaries import is_break_space
from atlas._pure.text_chunker import CHUNK, CutOptions, cut
from atlas._pure.words import words
from atlas._pure.xxh3 import xxh3_128
from chunk_cases import cases, difference, golden_lines
from conftest import ROOT

VERSIONS = {"plain_text": PlainText.version, "fixed": Fixed.version, "sentence": Sentences.version, "uax29_sentence": Uax29Sentences.version,
            "external": External.version, "delimiter": Delimiters.version}
HEADERS = ROOT / "include" / "atlas"


def test_chunks_are_those_of_the_native_library(golden):
    assert golden_lines(cut) == (golden / "chunks.tsv").read_text().splitlines()


def assert_same_chunks(native_cut, count=2000, seed=2):
    """Both chunkers over more cases than are kept. @param native_cut  called as `cut` is, gives arrays of CHUNK"""
    assert difference(native_cut, cut, seed, count) == ""


def test_another_chunker_is_told_from_this_one():
    def wrong(data, rule, sizer, options):
        chunks = cut(data, rule, sizer, options)
        if rule == "delimiter" and len(chunks) > 3:
            chunks[3]["column_begin"] += 1
        return chunks

    with pytest.raises(AssertionError, match="chunk 3"):
        assert_same_chunks(wrong, 30)


# --- promises ---


def place(data, offset):
    """Characters, line and column before an offset, counted the obvious way; the first line and column are 1."""
    characters = data.decode("utf-8", "surrogateescape")
    before = data[:offset].decode("utf-8", "surrogateescape")
    ends = [i + 1 for i, c in enumerate(before) if c == "\n" or (c == "\r" and characters[i + 1:i + 2] != "\n")]
    return len(before), len(ends) + 1, len(before) - (ends[-1] if ends else 0) + 1


def units_of(text, sizer):
    if sizer == "grapheme":
        return sum(1 for _ in graphemes.cluster_breaks(text, 1, len(text))) + 1 if text else 0
    characters = text.decode("utf-8", "surrogateescape")
    return {"byte": len(text), "character": len(characters), "word": len(words(characters))}[sizer]


def check_promises(data, rule, sizer, options):
    chunks = cut(data, rule, sizer, options)
    assert chunks.dtype == CHUNK
    sizes = (options.size, *options.inner_sizes)
    ends = [0] * len(sizes)    # of what the chunks of each depth hold
    above = [(0, len(data))] * len(sizes)  # what the chunk holds that those of each depth lie in
    for chunk in chunks.tolist():
        begin, end, fresh, char_begin, char_end, line_begin, line_end, column, units, level, depth, identity = chunk
        text = data[begin:end]
        assert begin <= fresh < end and text
        if not options.trim:
            assert fresh == ends[depth] if depth == 0 or fresh != above[depth][0] else ends[depth] in (fresh, above[depth - 1][0])
            assert above[depth][0] <= begin and end <= above[depth][1]
        ends[depth] = end
        for below in range(depth + 1, len(sizes)):
            above[below] = (fresh, end)
            ends[below] = fresh
        assert units == units_of(text, sizer)
        is_one_cluster = graphemes.next_cluster(data[begin:begin + 9000], 0) >= len(text)
        assert units <= sizes[depth] or is_one_cluster
        assert units_of(data[begin:fresh], sizer) <= (options.overlap if depth == 0 else 0)
        assert (char_begin, line_begin, column) == place(data, begin)
        assert char_end - char_begin == units_of(text, "character")
        last = len(text.decode("utf-8", "surrogateescape")[:-1].encode("utf-8", "surrogateescape"))
        if text.endswith(b"\r\n"):
            last -= 1
        assert line_end == place(data, begin + last)[1]
        assert tuple(identity) == xxh3_128(text, VERSIONS[rule])
        assert (level == 255) == (end == len(data)) or options.trim or 255 in [given for _, given in options.boundaries]
        for offset in (begin, end):
            assert not data[offset - 1:offset + 1] == b"\r\n"
            if offset < len(data) and len(data) < 4096 and not options.trim:
                assert graphemes.is_cluster_break(data, offset)
        if options.trim:
            decoded = text.decode("utf-8", "replace")
            assert not is_break_space(ord(decoded[-1]))
    if not options.trim:
        assert ends[0] == len(data)
    else:
        kept = bytearray(data)
        for chunk in chunks:
            kept[int(chunk["byte_begin"]):int(chunk["byte_end"])] = b" " * int(chunk["byte_end"] - chunk["byte_begin"])
        left = kept.decode("utf-8", "replace")
        assert all(is_break_space(ord(c)) for c in left)


@pytest.mark.parametrize("seed", range(3, 7))
def test_chunks_keep_the_promises(seed):
    for case in cases(seed, 45):
        check_promises(*case)


def texts_of(data, **options):
    return [data[c["byte_begin"]:c["byte_end"]] for c in cut(data, options=CutOptions(**options))]


def test_a_chunk_ends_at_the_strongest_boundary_near_its_size():
    def texts(data):
        return texts_of(data, size=40, fill_percent=10)

    assert texts(b"Short paragraph.\n\nA line that is long\nand another one\n") == [
        b"Short paragraph.\n\n", b"A line that is long\nand another one\n"]
    assert texts(b"It was Mr. Smith of the U.S. who came here and Dr. Jones") == [
        b"It was Mr. Smith of the U.S. ", b"who came here and Dr. Jones"]
    assert texts(b"words that have no end, but a clause in them and more") == [b"words that have no end, ", b"but a clause in them and more"]
    assert texts(b"nothing but words without any mark among them here") == [b"nothing but words without any mark ", b"among them here"]
    assert texts(b"x" * 90) == [b"x" * 40, b"x" * 40, b"x" * 10]
    assert texts(b"") == []


def test_packings_overlap_trim_and_inner_sizes():
    data = b"One. Two.\nThree, four.\n\nFive.\nSix and more of it. Seven.\n"
    assert texts_of(data, size=100, coherent_percent=0, packing="divided") == [
        b"One. Two.\n", b"Three, four.\n", b"\n", b"Five.\n", b"Six and more of it. Seven.\n"]
    assert texts_of(data, size=100, coherent_percent=0, packing="divided", trim=True) == [
        b"One. Two.", b"Three, four.", b"Five.", b"Six and more of it. Seven."]
    assert texts_of(b"a b c d e f g h", size=6, overlap=2) == [b"a b c ", b"c d e ", b"e f g ", b"g h"]
    chunks = cut(data, options=CutOptions(size=100, inner_sizes=(30,)))
    assert chunks["depth"].tolist() == [0, 1, 1, 1] and chunks["byte_end"].tolist() == [57, 24, 50, 57]
    assert chunks["level"].tolist() == [255, 5, 3, 255]


def test_caller_s_places_and_delimiters():
    boundaries = tuple((place, 6) for place in range(40, 400, 70))
    chunks = cut(b"x" * 300, "external", "byte", CutOptions(size=100, fill_percent=0, boundaries=boundaries))
    assert chunks["byte_end"].tolist() == [40, 110, 180, 250, 300]
    for side, ends in (("before", [4, 8, 9]), ("behind", [3, 7, 9])):
        options = CutOptions(size=4, fill_percent=0, delimiters=(b"|",), delimiter_side=side)
        assert cut(b"abc|def|g", "delimiter", "byte", options)["byte_end"].tolist() == ends


def test_long_texts_without_a_boundary_are_cut_in_parts_of_the_size():
    for data, size in ((b"x" * 50_000, 1000), ("é".encode() * 30_000, 700), (b"\r\n" * 20_000, 500), (b"\x80" * 20_000, 300)):
        chunks = cut(data, "plain_text", "byte", CutOptions(size=size))
        assert chunks["byte_end"][-1] == len(data) and (np.diff(chunks["byte_end"].astype(np.int64)) <= size).all()


def test_options_that_do_not_hold_together_are_refused():
    for given in ({"size": 0}, {"size": (1 << 31) + 1}, {"size": 5, "overlap": 5}, {"overlap": -1}, {"fill_percent": 101},
                  {"coherent_percent": 101}, {"packing": "loose"}, {"size": 10, "inner_sizes": (10,)}, {"inner_sizes": (9, 9)},
                  {"inner_sizes": (0,)}, {"inner_sizes": (9, 8, 7, 6)}):
        with pytest.raises(atlas.InvalidArgument, match="chunker_options"):
            cut(b"text", options=CutOptions(**given))
    for given, said in (({"delimiters": ()}, "1 to 16"), ({"delimiters": (b"a", b"")}, "1 to 64 bytes, found 0 .row 1"),
                        ({"delimiters": (b"a" * 65,)}, "found 65"), ({"delimiters": (b"a",) * 17}, "found 17"),
                        ({"delimiters": (b"a",), "delimiter_side": "left"}, "before or behind")):
        with pytest.raises(atlas.InvalidArgument, match=said):
            cut(b"text", "delimiter", options=CutOptions(**given))
    with pytest.raises(atlas.InvalidArgument, match="more than 3, found 3 .row 1"):
        cut(b"text", "external", options=CutOptions(boundaries=((3, 4), (3, 5))))
    with pytest.raises(atlas.InvalidArgument, match="boundary.level: expected 0 to 255, found 256 .row 0"):
        cut(b"text", "external", options=CutOptions(boundaries=((3, 256),)))
    with pytest.raises(atlas.InvalidArgument, match="rule"):
        cut(b"text", "recursive")
    with pytest.raises(atlas.InvalidArgument, match="sizer"):
        cut(b"text", "fixed", "pages")
    for rule, sizer in (("markdown", "byte"), ("semantic", "byte"), ("fixed", "token")):
        with pytest.raises(atlas.NativeRequired):
            cut(b"text", rule, sizer)


# --- what is written down twice ---


def test_words_versions_and_properties_are_those_of_the_headers():
    words = (HEADERS / "text/sentence_words.hpp").read_text(encoding="utf-8")
    named = dict(re.findall(r'inline constexpr char32_t (\w+)\[\] =\s*((?:U"[^"]*"\s*)+);', words))
    lists = [(count, name, named.get(given, given))
             for count, name, given in re.findall(r'inline constexpr word_set<(\d+)> (\w+)\(\s*(\w+|(?:U"[^"]*"\s*)+)\)', words)]
    assert len(lists) == 6
    for count, name, literals in lists:
        text = re.sub(r"\\u([0-9A-F]{4})", lambda code: chr(int(code.group(1), 16)), "".join(re.findall('U"([^"]*)"', literals)))
        hashes = frozenset(map(sentence_words.hash_of, text.split(" ")))
        assert len(hashes) == int(count) and hashes == getattr(sentence_words, name.upper()), name
    for name, version in VERSIONS.items():
        if name.endswith("sentence"):
            text = (HEADERS / "chunk/sentence_rule.hpp").read_text(encoding="utf-8")
            found = re.search(rf"using {name}_rule = basic_sentence_rule<\w+, (0x[0-9A-F]+)>", text)
        else:
            text = (HEADERS / f"chunk/{name}_rule.hpp").read_text(encoding="utf-8")
            found = re.search(r"version\(\) noexcept { return (0x[0-9A-F]+)", text)
        assert int(found.group(1), 16) == version
    properties = (HEADERS / "text/break_properties.hpp").read_text(encoding="utf-8")
    for name, values in (("grapheme_break", unicode_runs.GRAPHEME_BREAKS), ("sentence_break", unicode_runs.SENTENCE_BREAKS)):
        body = re.search(rf"enum class {name} : std::uint8_t {{(.*?)}}", properties, re.S).group(1)
        assert re.findall(r"(\w+) = (\d+)", body) == [(value, str(i)) for i, value in enumerate(values.split())]


def test_clusters_are_those_of_the_standard(tmp_path):
    packed = pathlib.Path(os.environ.get("ATLAS_TEST_DATA", "")) / "suites/unicode-15.0.tar.zst"
    if not packed.is_file() or not shutil.which("zstd"):
        pytest.skip("ATLAS_TEST_DATA is not set, or there is no zstd")
    subprocess.run(["tar", "-I", "zstd", "-xf", str(packed), "-C", str(tmp_path)], check=True)
    lines = next(tmp_path.rglob("GraphemeBreakTest.txt")).read_text(encoding="utf-8").splitlines()
    tested = 0
    for line in lines:
        parts = line.split("#")[0].split()
        if not parts:
            continue
        text, breaks = b"", set()
        for sign, code in zip(parts[::2], parts[1::2]):
            if sign == "÷":
                breaks.add(len(text))
            text += chr(int(code, 16)).encode()
        breaks.add(len(text))
        assert {at for at in range(len(text) + 1) if graphemes.is_cluster_break(text, at)} == breaks, line
        assert set(graphemes.cluster_breaks(text, 1, len(text))) == breaks - {0, len(text)}, line
        assert graphemes.last_cluster_break(text, len(text) - 1) == max(breaks - {len(text)}), line
        tested += 1
    assert tested == 602
