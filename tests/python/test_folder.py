# SPDX-License-Identifier: Apache-2.0
"""Folder: build and change with the library; open and ask over both backends."""

import gzip
import os

import pytest

import atlas
from conftest import native_only, pure_only

QUESTIONS = {"which bridge hangs over a river?": "bridges.txt", "sourdough flour": "bread/sourdough.md",
             "brightest star of the night": "stars.txt", "GRÜSSE AUS KÖLN": "grüße.txt", "finale": "grüße.txt"}


def test_a_golden_folder_answers_alike(golden):
    folder = atlas.Folder.open(golden / "folder.atlas")
    info = folder.info()
    assert (info.files, info.chunks, info.dimension, info.chunk_size, info.read_only) == (4, 4, 64, 1000, True)
    assert len(folder) == 4 and info.has_embedder
    assert (info.chunk_overlap, info.chunk_fill_percent, info.chunk_packing) == (0, 50, "full")
    for question, path in QUESTIONS.items():
        hits = folder.search(question, k=9)
        assert len(hits) == 4 and hits[0].path == path, question
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all(hit.headings == () for hit in hits)  # from before they were kept
    hit = folder.search("which bridge hangs over a river?", k=1)[0]
    assert hit.text.startswith("First line.") and (hit.line_begin, hit.line_end) == (1, 2)
    assert (hit.byte_begin, hit.byte_end) == (0, len(hit.text)) and len(hit.id) == 32
    assert hit.score == pytest.approx(0.5128, abs=0.0005)
    star = folder.search("brightest star of the night", k=1)[0]
    assert star.byte_begin == 2 and star.text.startswith("The brightest")  # UTF-16 with a byte-order mark
    assert [one.key for one in folder.search("anything", k=4, allowed=[2])] == [2]
    assert [one.key for one in folder.search("anything", k=4, allowed=[2], strategy="scan", starts=2, patience=50,
                                             time_limit=60)] == [2]
    assert folder.search(b"brightest star", k=1)[0].path == "stars.txt"
    index = atlas.Index.open(golden / "folder.atlas")
    assert (index.kind, index.metric, len(index)) == ("hnsw", "cosine", 4)


def test_a_golden_folder_with_headings_names_them(golden, tmp_path):
    path = tmp_path / "headings.atlas"
    path.write_bytes(gzip.decompress((golden / "folder_headings.atlas.gz").read_bytes()))
    for mode in ("r", "change"):
        with atlas.Folder.open(path, mode) as folder:
            info = folder.info()
            assert (info.chunk_size, info.chunk_fill_percent, info.chunk_packing) == (70, 35, "full")
            for question, headings in (("hoist the mainsail with the halyard", ("Boats", "Rigging")), ("all about boats", ("Boats",)),
                                       ("trains run on rails", ("Trains",)), ("sourdough flour", ("Sourdough",)),
                                       ("which bridge hangs over a river?", ())):
                assert folder.search(question, k=1)[0].headings == headings, question


def test_folder_refuses(golden, tmp_path):
    folder = atlas.Folder.open(golden / "folder.atlas")
    with pytest.raises(atlas.InvalidArgument):
        folder.search("a", k=0)
    with pytest.raises(TypeError):
        folder.search(5)
    with pytest.raises(atlas.ReadOnly):
        folder.add_document("a.txt", "text")
    with pytest.raises(atlas.ReadOnly):
        folder.remove_document("stars.txt")
    for change in (lambda: folder.add_document("a\0b", "text"), lambda: folder.remove_document("stars.txt\0"),
                   lambda: folder.save("x\0"), lambda: folder.compact("x\0")):
        with pytest.raises(atlas.InvalidArgument, match="without NUL bytes"):
            change()
    folder.close()
    with pytest.raises(atlas.Closed):
        folder.search("a")
    for name in ("flat", "hnsw"):
        with pytest.raises(atlas.KindMismatch):
            atlas.Folder.open(golden / f"{name}.atlas")
    with pytest.raises(FileNotFoundError):
        atlas.Folder.open(tmp_path / "missing")


@pure_only
def test_changing_a_folder_needs_the_library(golden, tmp_path):
    with atlas.Folder.open(golden / "folder.atlas", mode="change") as folder:
        for change in (lambda: folder.add_document("a.txt", "text"), lambda: folder.remove_document("stars.txt"),
                       lambda: folder.compact(tmp_path / "x"), lambda: folder.save(tmp_path / "x"),
                       lambda: folder.update(tmp_path, tmp_path / "x")):
            with pytest.raises(atlas.NativeRequired):
                change()


@pytest.fixture
def documents(tmp_path):
    docs = tmp_path / "docs"
    (docs / "bread").mkdir(parents=True)
    (docs / "bridges.txt").write_text("First line.\nA suspension bridge hangs from cables over the river.\n")
    (docs / "bread" / "sourdough.md").write_text("# Sourdough\n\nFlour, water and salt ferment over night.\n")
    (docs / "empty.txt").write_text("\n")
    (docs / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1")
    (docs / ".hidden.txt").write_text("hidden words")
    with open(os.path.join(os.fsencode(docs), b"latin-\xe4.txt"), "w") as file:
        file.write("A file whose name is not UTF-8 speaks of otters.\n")
    return docs


@native_only
def test_build_report_and_answers(documents, tmp_path):
    phases = []
    out = tmp_path / "docs.atlas"
    os.symlink("n" * 300, documents / "nowhere.txt")  # a name too long to look up
    report = atlas.Folder.build(documents, out, progress=lambda phase, done, total: phases.append(phase))
    assert (report.files, report.chunks) == (3, 3)
    assert report.skipped == {"unreadable": 0, "too large": 0, "empty": 1, "binary": 1, "bad encoding": 0}
    assert sorted(report.skipped_files) == [("empty.txt", "empty"), ("picture.png", "binary")]
    assert report.walk == {"folders": 2, "unreadable_folders": 0, "unreadable_files": 1, "ignored_folders": 0,
                           "hidden": 1, "linked_files": 0, "linked_folders": 0, "broken_links": 0,
                           "special_files": 0, "too_deep_folders": 0}
    assert list(dict.fromkeys(phases)) == ["walking", "reading", "indexing", "saving"]
    folder = atlas.Folder.open(out)
    assert folder.search("bridge over the river")[0].path == "bridges.txt"
    otters = folder.search("otters", k=1)[0]
    assert os.fsencode(otters.path) == b"latin-\xe4.txt"
    assert atlas.Folder.build(documents, out, include_hidden=True, chunk_size=20, chunk_overlap=5).files == 4
    assert atlas.Folder.build(documents, out, max_file_bytes=55).skipped["too large"] == 1
    assert atlas.Folder.build(documents, out, embedder=atlas.EmbedderOptions(dimension=128)).files == 3
    assert atlas.Folder.open(out).info().dimension == 128
    atlas.Folder.build(documents, out, chunk_size=50, chunk_fill_percent=0, chunk_packing="divided")
    info = atlas.Folder.open(out).info()
    assert (info.chunk_size, info.chunk_fill_percent, info.chunk_packing) == (50, 0, "divided")
    atlas.Folder.build(documents, out)
    assert atlas.Folder.open(out).info().chunk_fill_percent == 35
    for wrong in ({"chunk_packing": "loose"}, {"chunk_fill_percent": 101}, {"chunk_size": 3}, {"chunk_overlap": 501}):
        with pytest.raises(atlas.InvalidArgument, match=next(iter(wrong))):
            atlas.Folder.build(documents, out, **wrong)


MANUAL = """# Boats

All about boats, and what they are good for.

## Rigging

Hoist the mainsail with the halyard before tacking.

### Knots

A bowline makes a loop that does not slip.

# Trains

Trains run on rails.
"""


@native_only
def test_hits_name_their_headings_over_both_backends(documents, tmp_path):
    from atlas._pure.folder import PureFolder
    from atlas._types import SearchOptions
    out = tmp_path / "docs.atlas"
    (documents / "manual.md").write_text(MANUAL)
    (documents / "page.html").write_text("<h2>Owls &amp; mice</h2><p>Owls hunt mice at night.</p>")
    atlas.Folder.build(documents, out, chunk_size=70)
    native, pure = atlas.Folder.open(out), PureFolder.open(os.fsencode(out), False)
    for question, headings in (("hoist the mainsail with the halyard", ("Boats", "Rigging")), ("all about boats", ("Boats",)),
                               ("a bowline makes a loop", ("Boats", "Rigging", "Knots")), ("trains run on rails", ("Trains",)),
                               ("owls hunt mice", ("Owls & mice",)), ("suspension bridge", ())):
        one, other = native.search(question, 1)[0], pure.search(question.encode(), 1, SearchOptions())[0]
        assert one.headings == other.headings == headings, question


def _patched(path, out, changes):
    """A copy with bytes of sections changed. @param changes  [(section, offset in it, bytes)]"""
    from atlas._pure.file import File
    sections = {one.id: one for one in File(os.fsencode(path)).header.sections}
    data = bytearray(path.read_bytes())
    for section, at, new in changes:
        begin = sections[section].offset + at
        data[begin:begin + len(new)] = new
    out.write_bytes(data)
    return os.fsencode(out)


@native_only
@pytest.mark.parametrize("changes", [
    [(0x208, 4 * i, b"\xff\0\0\0") for i in range(4)],  # a number that no heading has
    [(0x206, 16 * i + 8, bytes([i + 1, 0, 0, 0])) for i in range(4)],  # each above itself
    [(0x206, 16 * i + 14, b"\0") for i in range(4)],  # no depth
    [(0x206, 16 * i + 14, b"\7") for i in range(4)],  # too deep
    [(0x206, 16 * i + 12, b"\xff\xff") for i in range(4)],  # titles too long
    [(0x206, 16 * i, b"\xff\xff\xff\xff\xff\xff\xff\xff") for i in range(4)],  # titles elsewhere
    [(0x200, 48, b"\3")],  # a packing that is none
    [(0x200, 24, b"\x65")],  # a fill above 100
    [(0x200, 8, b"\1\0")],  # chunks too small
])
def test_headings_and_options_out_of_range_are_refused_alike(tmp_path, changes):
    from atlas._pure.folder import PureFolder
    from atlas._types import SearchOptions
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "manual.md").write_text(MANUAL)
    out = tmp_path / "docs.atlas"
    atlas.Folder.build(tmp_path / "docs", out, chunk_size=70)
    bad = _patched(out, tmp_path / "bad.atlas", changes)
    with pytest.raises(atlas.CorruptFile) as native:
        atlas.Folder.open(bad).search("boats", 9)
    with pytest.raises(atlas.CorruptFile) as pure:
        PureFolder.open(bad, False).search(b"boats", 9, SearchOptions())
    fields = [str(one.value).split(": expected")[0].split(": ")[-1] for one in (native, pure)]
    assert fields[0] == fields[1]


@native_only
def test_an_update_embeds_what_is_new(documents, tmp_path):
    out = tmp_path / "docs.atlas"
    built = atlas.Folder.build(documents, out)
    assert (built.embedded, built.taken_over) == (3, 0)
    (documents / "bread" / "rye.txt").write_text("Rye is baked slowly.\n")
    (documents / "bridges.txt").unlink()
    folder = atlas.Folder.open(out)
    phases = []
    report = folder.update(documents, out, progress=lambda phase, done, total: phases.append(phase))
    assert (report.files, report.chunks, report.embedded, report.taken_over) == (3, 3, 1, 2)
    assert sorted(report.skipped_files) == [("empty.txt", "empty"), ("picture.png", "binary")]
    assert list(dict.fromkeys(phases)) == ["walking", "reading", "indexing", "saving"]
    assert folder.search("bridge over the river", k=1)[0].path == "bridges.txt"  # the open one stays as it is
    updated = atlas.Folder.open(out)
    assert updated.search("slowly baked rye", k=1)[0].path == "bread/rye.txt"
    assert report.gone == 1
    assert updated.update(documents, out, include_hidden=True, threads=1).embedded == 1
    assert atlas.Folder.open(out).update(documents, out).files == 4  # hidden files as before
    assert updated.update(documents, out, max_file_bytes=30).gone > 0
    before = out.read_bytes()
    with pytest.raises(atlas.Cancelled):
        updated.update(documents, out, progress=lambda phase, done, total: phase != "saving")
    with pytest.raises(FileNotFoundError):
        updated.update(tmp_path / "missing", out)
    with pytest.raises(atlas.InvalidArgument, match="NUL"):
        updated.update(documents, "x\0")
    assert out.read_bytes() == before


@native_only
@pytest.mark.parametrize("call", ["update", "save", "compact"])
def test_a_progress_callback_is_refused_what_would_wait_for_itself(documents, tmp_path, call):
    out = tmp_path / "docs.atlas"
    atlas.Folder.build(documents, out)
    folder = atlas.Folder.open(out, "change")

    def change(*_):
        assert folder.search("bridge over the river", k=1)
        folder.add_document("new.txt", "words")

    start = {"update": lambda: folder.update(documents, tmp_path / "b", progress=change),
             "save": lambda: folder.save(tmp_path / "b", progress=change),
             "compact": lambda: folder.compact(tmp_path / "b", progress=change)}[call]
    with pytest.raises(atlas.InvalidArgument, match="from a callback"):
        start()
    folder.add_document("new.txt", "words")
    assert not (tmp_path / "b").exists()


@native_only
def test_a_built_folder_answers_alike_without_the_library(documents, tmp_path):
    from atlas._pure.folder import PureFolder
    from atlas._types import SearchOptions
    out = tmp_path / "docs.atlas"
    atlas.Folder.build(documents, out)
    native, pure = atlas.Folder.open(out), PureFolder.open(os.fsencode(out), False)
    for question in ("river", "salt and water", "otters", ""):
        one, other = native.search(question, 3), pure.search(question.encode(), 3, SearchOptions())
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-5)
        if question:
            assert one[0].path == other[0].path and one[0].text == other[0].text and one[0].id == other[0].id


@native_only
def test_build_errors_and_cancelling(documents, tmp_path):
    out = tmp_path / "docs.atlas"
    out.write_bytes(b"what stood there")
    with pytest.raises(atlas.NotFound, match="missing"):
        atlas.Folder.build(tmp_path / "missing", out)
    with pytest.raises(NotADirectoryError):
        atlas.Folder.build(documents / "bridges.txt", out)
    with pytest.raises(FileNotFoundError):
        atlas.Folder.build(documents, tmp_path / "no" / "where.atlas")
    with pytest.raises(atlas.Cancelled):
        atlas.Folder.build(documents, out, progress=lambda phase, done, total: phase != "saving")

    def stumble(phase, done, total):
        raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError, match="stumbled"):
        atlas.Folder.build(documents, out, progress=stumble)
    assert out.read_bytes() == b"what stood there"
    assert sorted(os.listdir(tmp_path)) == ["docs", "docs.atlas"]


@native_only
def test_documents_come_and_go(documents, tmp_path):
    out = tmp_path / "docs.atlas"
    atlas.Folder.build(documents, out)
    with atlas.Folder.open(out, mode="change") as folder:
        folder.add_document("new/animals.txt", "Tortoises are slow animals.")
        assert folder.search("slow tortoises")[0].path == "new/animals.txt"
        with pytest.raises(atlas.DuplicateKey):
            folder.add_document("new/animals.txt", "Again.")
        with pytest.raises(atlas.BadEncoding):
            folder.add_document("bad.txt", b"\xff\xfe")
        folder.remove_document("bridges.txt")
        with pytest.raises(atlas.KeyNotFound):
            folder.remove_document("bridges.txt")
        folder.save(tmp_path / "saved.atlas")
        report = folder.compact(tmp_path / "compacted.atlas")
    assert report.files == 3
    for name in ("saved", "compacted"):
        again = atlas.Folder.open(tmp_path / f"{name}.atlas")
        assert again.info().files == 3 and again.search("tortoises")[0].path == "new/animals.txt"
        assert all(hit.path != "bridges.txt" for hit in again.search("bridge over a river", k=9))
