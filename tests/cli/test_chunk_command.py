# SPDX-License-Identifier: Apache-2.0
"""atlas chunk."""
import base64
import json

from conftest import FILE, USAGE

MARKDOWN = "# Fish\n\nOf the sea. Of rivers, e.g. pike.\n\n## Salt\n\nCod and plaice. They swim.\n\n```c\nint x;\n```\n" * 8


def chunks(atlas, *arguments, **options):
    return [json.loads(line) for line in atlas.run("chunk", *arguments, "--json", **options).out.splitlines()]


def test_chunks_as_json_are_the_text(atlas):
    (atlas.folder / "fish.md").write_text(MARKDOWN)
    found = chunks(atlas, "fish.md", "--size", 60)
    assert "".join(c["text"] for c in found) == MARKDOWN and len(found) > 8
    assert [c["chunk"] for c in found] == list(range(1, len(found) + 1))
    assert all(c["units"] == len(c["text"]) <= 60 and len(c["id"]) == 32 and c["file"] == "fish.md" for c in found)
    assert any(c["headings"] == ["Fish", "Salt"] for c in found)  # by its name it is Markdown
    assert found[-1]["level"] == "text_end" and found[-1]["byte_end"] == len(MARKDOWN)
    plain = chunks(atlas, "fish.md", "--size", 60, "--rule", "plain_text")
    assert all(c["headings"] == [] for c in plain)


def test_standard_input_other_encodings_and_pieces(atlas):
    text = "Größe und Maß. Ein Satz für alle Fälle.\n" * 20_000  # several pieces
    found = chunks(atlas, "-", "--size", 1000, "--overlap", 100, input=text.encode("latin-1"))
    assert "".join(c["text"].encode()[c["byte_fresh"] - c["byte_begin"]:].decode() for c in found) == text
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        data = text.encode(encoding)
        again = chunks(atlas, "-", "--size", 1000, "--overlap", 100, "--inner-sizes", 300, input=data)
        assert [c["id"] for c in again if c["depth"] == 0] == [c["id"] for c in found]
        mode = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
        assert all(data[c["source_begin"]:c["source_end"]].decode(mode) == c["text"] for c in again)
        assert again[-1]["source_end"] == len(data)
    assert "; from windows-1252\n" in atlas.run("chunk", "-", input=text.encode("latin-1")).out
    assert "; from" not in atlas.run("chunk", "-", input=text.encode()).out


def test_words_for_people(atlas):
    (atlas.folder / "fish.md").write_text(MARKDOWN)
    out = atlas.run("chunk", "fish.md", "--size", 200, "--inner-sizes", "80,40").out
    assert "[Fish > Salt]" in out and "lines 1-" in out and "of them the largest ones; units:" in out
    (atlas.folder / "evil.txt").write_text("\x1b[31mred \x07text\n")
    assert "\ufffd[31mred" in atlas.run("chunk", "evil.txt").out
    (atlas.folder / "empty.txt").write_text("")
    assert atlas.run("chunk", "empty.txt").out == ""


def test_every_rule_and_sizer(atlas):
    (atlas.folder / "fish.txt").write_text(MARKDOWN)
    ranks = "".join(base64.b64encode(bytes([byte])).decode() + f" {byte}\n" for byte in range(256)) + base64.b64encode(b"he").decode() + " 256\n"
    (atlas.folder / "ranks.tiktoken").write_text(ranks)
    for rule in ("plain_text", "markdown", "html", "code", "sentence", "uax29_sentence", "fixed", "semantic"):
        assert "".join(c["text"] for c in chunks(atlas, "fish.txt", "--rule", rule, "--size", 90)) == MARKDOWN
    for sizer in ("characters", "bytes", "graphemes", "words"):
        assert all(c["units"] <= 40 for c in chunks(atlas, "fish.txt", "--sizer", sizer, "--size", 40))
    tokens = chunks(atlas, "fish.txt", "--sizer", "cl100k", "--ranks", "ranks.tiktoken", "--size", 40)
    assert all(c["units"] <= 40 for c in tokens) and "".join(c["text"] for c in tokens) == MARKDOWN
    assert sum(c["units"] for c in tokens) == len(MARKDOWN) - MARKDOWN.count("he")
    cut = chunks(atlas, "fish.txt", "--rule", "delimiter", "--delimiter", "```", "--delimiter", ". ", "--size", 60)
    assert any(c["text"].endswith("```") for c in cut)
    shared = chunks(atlas, "fish.txt", "--rule", "content_defined", "--size", 256)
    assert "".join(c["text"] for c in shared) == MARKDOWN
    trimmed = chunks(atlas, "fish.txt", "--trim", "--packing", "coherent", "--fill", 0, "--size", 60)
    assert all(c["text"] == c["text"].strip() for c in trimmed)


def test_wrong_words(atlas):
    (atlas.folder / "a.txt").write_text("text")
    for arguments, said in (
            (["--overlap", 1000], "less than the size"), (["--size", 0], "--size"), (["--rule", "pages"], "--rule"),
            (["--sizer", "cl100k"], "--ranks"), (["--ranks", "a.txt"], "--sizer"), (["--delimiter", "x"], "--rule delimiter"),
            (["--rule", "delimiter"], "1 to 16"), (["--fill", 101], "--fill"), (["--inner-sizes", "9,8,7,6"], "at most 3"),
            (["--rule", "content_defined", "--overlap", 3], "--size alone"), (["--packing", "loose"], "--packing")):
        assert said in atlas.run("chunk", "a.txt", *arguments, code=USAGE).err, arguments
    assert "no.txt" in atlas.run("chunk", "no.txt", code=FILE).err
    assert "semantic" in atlas.run("chunk", "-", "--rule", "semantic", code=USAGE, input=b"x").err
    (atlas.folder / "binary").write_bytes(bytes(range(256)) * 40)
    atlas.run("chunk", "binary", code=FILE)
    problem = json.loads(atlas.run("chunk", "no.txt", "--json", code=FILE).out)
    assert problem["error"]["exit_code"] == FILE
