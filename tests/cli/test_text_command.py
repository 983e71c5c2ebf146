# SPDX-License-Identifier: Apache-2.0
"""atlas text."""
import base64

import pytest

from conftest import FILE, OK, USAGE

TEXT = "Grüße aus Köln: 5 € für alle. Mr. Smith said so.\r\nNächste Zeile"


def test_says_encoding_and_counts(atlas):
    (atlas.folder / "new.txt").write_bytes(TEXT.encode())
    (atlas.folder / "old.txt").write_bytes(TEXT.encode("cp1252"))
    (atlas.folder / "wide.txt").write_bytes(TEXT.encode("utf-16"))
    (atlas.folder / "program").write_bytes(b"\x7fELF\1\0\0\2")
    texts = atlas.json("text", "new.txt", "old.txt", "wide.txt", "program")["texts"]
    assert [(text["file"], text["encoding"], text["basis"]) for text in texts] == [
        ("new.txt", "UTF-8", "form"), ("old.txt", "windows-1252", "statistics"), ("wide.txt", "UTF-16LE", "mark"),
        ("program", "binary data", "nothing")]
    for text in texts[:3]:
        assert (text["characters"], text["graphemes"], text["words"], text["sentences"]) == (len(TEXT), len(TEXT) - 1, 12, 3)
        assert text["bad_bytes"] == {"count": 0, "first": None}
    assert texts[0]["bytes"] == len(TEXT.encode())
    assert texts[2]["mark_bytes"] == 2
    assert "characters" not in texts[3]
    shown = atlas.run("text", "old.txt", "program").out
    assert "old.txt: windows-1252, by statistics" in shown and "12 words, 3 sentences" in shown and "program: binary data" in shown


def test_converts_to_utf8(atlas):
    (atlas.folder / "wide.txt").write_bytes(TEXT.encode("utf-16"))
    done = atlas.json("text", "wide.txt", "-o", "new.txt")["texts"][0]
    assert (done["output"], done["output_bytes"]) == ("new.txt", len(TEXT.encode()))
    assert (atlas.folder / "new.txt").read_bytes() == TEXT.encode()
    atlas.run("text", "wide.txt", "-o", "wide.txt")
    assert (atlas.folder / "wide.txt").read_bytes() == TEXT.encode()
    (atlas.folder / "old.txt").write_bytes(b"\xa4")
    atlas.run("text", "old.txt", "-o", "euro.txt", "--encoding", "iso-8859-15")
    assert (atlas.folder / "euro.txt").read_text("utf-8") == "€"
    assert atlas.json("text", "old.txt", "--encoding", "iso-8859-15")["texts"][0]["basis"] == "given"


def test_bad_bytes_are_counted_and_refused_replaced_or_passed(atlas):
    (atlas.folder / "bad.txt").write_bytes(b"\xef\xbb\xbfhi \xff there")
    assert atlas.json("text", "bad.txt")["texts"][0]["bad_bytes"] == {"count": 1, "first": 6}
    assert "not well formed: 1 bad byte, the first at 6" in atlas.run("text", "bad.txt").out
    assert "found 6" in atlas.run("text", "bad.txt", "-o", "new.txt", code=FILE).err
    assert not (atlas.folder / "new.txt").exists()
    for policy, want in (("replace", "hi \ufffd there".encode()), ("pass", b"hi \xff there")):
        atlas.run("text", "bad.txt", "-o", "new.txt", "--bad-bytes", policy)
        assert (atlas.folder / "new.txt").read_bytes() == want


def test_counts_tokens_of_a_rank_file(atlas):
    every = [bytes([byte]) for byte in range(256)] + [b"ab"]
    (atlas.folder / "own.tiktoken").write_bytes(b"".join(base64.b64encode(t) + b" %d\n" % i for i, t in enumerate(every)))
    (atlas.folder / "a.txt").write_bytes(b"ab ab")
    assert atlas.json("text", "a.txt", "--ranks", "own.tiktoken", "--pattern", "cl100k")["texts"][0]["tokens"] == 3
    assert "3 tokens" in atlas.run("text", "a.txt", "--ranks", "own.tiktoken", "--pattern", "gpt2").out
    failed = atlas.json("text", "a.txt", "--ranks", "a.txt", "--pattern", "gpt2", code=FILE)
    assert "a.txt" in failed["error"]["message"]


@pytest.mark.parametrize("arguments,code", [
    (["a.txt", "b.txt", "-o", "c.txt"], USAGE), (["a.txt", "--encoding", "no such"], USAGE), (["a.txt", "--ranks", "a.txt"], USAGE),
    (["a.txt", "--bad-bytes", "drop"], USAGE), ([], USAGE), (["absent"], FILE), (["."], FILE), (["empty"], OK)])
def test_what_is_refused(atlas, arguments, code):
    (atlas.folder / "a.txt").write_bytes(b"text")
    (atlas.folder / "b.txt").write_bytes(b"text")
    (atlas.folder / "empty").write_bytes(b"")
    atlas.run("text", *arguments, code=code)
    assert not (atlas.folder / "c.txt").exists()


def test_a_file_that_cannot_be_read_keeps_none_of_the_others_back(atlas):
    for name in ("a.txt", "c.txt"):
        (atlas.folder / name).write_bytes(b"text")
    (atlas.folder / "b").mkdir()
    done = atlas.run("text", "a.txt", "b", "absent", "c.txt", code=FILE)
    assert "a.txt: UTF-8" in done.out and "c.txt: UTF-8" in done.out
    assert [line.split(": ")[:2] for line in done.err.splitlines()] == [["atlas", "b"], ["atlas", "absent"]]
    told = atlas.json("text", "a.txt", "b", "absent", "c.txt", code=FILE)
    assert [(text["file"], text.get("encoding")) for text in told["texts"]] == [
        ("a.txt", "UTF-8"), ("b", None), ("absent", None), ("c.txt", "UTF-8")]
    assert told["error"] == told["texts"][1]["error"]  # the first
    assert (told["error"]["kind"], told["error"]["exit_code"]) == ("is a directory", FILE)
    assert "absent" in told["texts"][2]["error"]["message"]
    assert "error" not in atlas.json("text", "a.txt")


def test_names_cannot_command_a_terminal(atlas):
    name = "a\x1b[31m.txt"
    (atlas.folder / name).write_bytes(b"text")
    assert "a\ufffd[31m.txt" in atlas.run("text", name).out
