# SPDX-License-Identifier: Apache-2.0
"""atlas index, search, compact."""
import os
import pty
import signal
import subprocess

import pytest

from conftest import FAILED, FILE, INTERRUPTED, OK, USAGE


def test_index_then_search_finds_the_right_document(atlas, docs):
    done = atlas.run("index", "docs", "-o", "docs.atlas")
    assert "3 files" in done.out and "skipped: 1 binary" in done.out
    answer = atlas.run("search", "docs.atlas", "how is bread baked?", "-k", 1).out
    rank, score, place = answer.splitlines()[0].split()[:3]
    assert rank == "1" and 0 < float(score) <= 1 and place == "baking.md:1-3"
    assert "bake the loaf" in answer


def test_search_as_json_says_where_each_passage_is(atlas, docs):
    report = atlas.json("index", "docs", "--output", "docs.atlas", "-v")
    assert (report["files"], report["chunks"], report["skipped"]["binary"]) == (3, 3, 1)
    assert report["skipped_files"] == [{"path": "picture.png", "reason": "binary"}]
    assert report["index_bytes"] == (atlas.folder / "docs.atlas").stat().st_size
    answer = atlas.json("search", "docs.atlas", "when", "does a cat", "purr")
    assert answer["question"] == "when does a cat purr"
    first = answer["hits"][0]
    source = (docs / "animals" / "cats.txt").read_bytes()
    assert first["path"] == "animals/cats.txt"
    assert (first["line_begin"], first["line_end"]) == (1, 3)
    assert source[first["byte_begin"]:first["byte_end"]].decode() == first["text"]
    assert first["id"] == atlas.json("chunk", "docs/animals/cats.txt")["id"]
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert all(a["score"] >= b["score"] for a, b in zip(answer["hits"], answer["hits"][1:]))


def test_k_and_snippet_bound_the_answer(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas")
    hits = atlas.json("search", "docs.atlas", "wind", "-k", 2, "--snippet", 20)["hits"]
    assert len(hits) == 2 and all(len(hit["snippet"].encode()) <= 20 for hit in hits)
    walked = atlas.json("search", "docs.atlas", "wind", "-k", 2, "--starts", 2, "--patience", 40, "--time-limit", 5)["hits"]
    assert [hit["path"] for hit in walked] == [hit["path"] for hit in hits]
    assert len(atlas.json("search", "docs.atlas", "wind", "-k", 100)["hits"]) == 3


def test_hits_name_the_headings_above_them(atlas, docs):
    (docs / "manual.md").write_text("# Boats\n\nAll about boats.\n\n## Rigging \x1b[31m\n\nHoist the spinnaker with a halyard.\n")
    atlas.run("index", "docs", "-o", "docs.atlas", "--chunk-size", 60, "--packing", "divided")
    shown = atlas.run("search", "docs.atlas", "hoist the spinnaker", "-k", 1).out.splitlines()[0]
    assert "manual.md:5-7  Boats > Rigging" in shown and "\x1b" not in shown
    hits = atlas.json("search", "docs.atlas", "hoist the spinnaker", "-k", 9)["hits"]
    assert hits[0]["headings"] == ["Boats", "Rigging \x1b[31m"]  # JSON escapes it
    assert all(hit["headings"] == [] for hit in hits if hit["path"] == "animals/cats.txt")
    info = atlas.json("info", "docs.atlas")
    assert info["folder"]["chunk_packing"] == "divided" and info["folder"]["headings"] >= 2
    assert {"headings", "heading titles", "chunk headings"} <= {section["name"] for section in info["sections"]}


def test_an_update_embeds_only_what_is_new(atlas, docs):
    built = atlas.json("index", "docs", "-o", "docs.atlas")
    assert (built["embedded"], built["taken_over"]) == (3, 0)
    assert atlas.run("index", "docs", "-o", "docs.atlas", "--update").out.find("of which 0 embedded now") > 0
    (docs / "tea.txt").write_text("Green tea is brewed with water below boiling.\n")
    (docs / "baking.md").unlink()
    report = atlas.json("index", "docs", "-o", "docs.atlas", "--update", "-v")
    assert (report["files"], report["chunks"], report["embedded"], report["taken_over"]) == (3, 3, 1, 2)
    assert report["skipped_files"] == [{"path": "picture.png", "reason": "binary"}]
    assert atlas.json("search", "docs.atlas", "brewing green tea", "-k", 1)["hits"][0]["path"] == "tea.txt"
    assert "baking.md" not in atlas.run("search", "docs.atlas", "how is bread baked", "-k", 9).out
    atlas.run("verify", "docs.atlas")


def test_an_update_keeps_how_the_file_was_built(atlas, docs):
    (docs / "long.txt").write_text("one two three four five six seven eight nine ten\n" * 40)
    atlas.run("index", "docs", "-o", "docs.atlas", "--chunk-size", 200, "--overlap", 50, "--dimension", 256)
    report = atlas.json("index", "docs", "-o", "docs.atlas", "--update", "--threads", 1)
    assert report["embedded"] == 0 and report["taken_over"] == report["chunks"] > 10
    info = atlas.json("info", "docs.atlas")
    assert (info["dimension"], info["folder"]["chunk_size"], info["folder"]["chunk_overlap"]) == (256, 200, 50)
    for option in ("--chunk-size", "--overlap", "--dimension", "--connectivity", "--build-width"):
        assert "--update" in atlas.run("index", "docs", "-o", "docs.atlas", "--update", option, 100, code=USAGE).err
    assert "docs.atlas" in atlas.run("index", "none", "-o", "docs.atlas", "--update", code=FILE).err
    assert "not found" in atlas.run("index", "docs", "-o", "new.atlas", "--update", code=FILE).err
    assert not (atlas.folder / "new.atlas").exists()
    atlas.run("verify", "docs.atlas")


def test_an_update_takes_the_files_that_the_build_took_and_says_what_is_gone(atlas, docs):
    (docs / "large.txt").write_text("word " * 1000)
    (docs / ".hidden.txt").write_text("hidden treasure")
    assert atlas.json("index", "docs", "-o", "docs.atlas", "--hidden", "--max-file-size", "4kb")["files"] == 4
    report = atlas.json("index", "docs", "-o", "docs.atlas", "--update")
    assert (report["files"], report["gone"], report["skipped"]["too_large"]) == (4, 0, 1)
    assert "gone" not in atlas.run("index", "docs", "-o", "docs.atlas", "--update").out
    assert "2 documents of before gone" in atlas.run("index", "docs", "-o", "docs.atlas", "--update", "--max-file-size", 66).out
    report = atlas.json("index", "docs", "-o", "docs.atlas", "--update", "--max-file-size", "1MB")
    assert (report["files"], report["gone"]) == (5, 0)
    (docs / "baking.md").unlink()
    assert atlas.json("index", "docs", "-o", "docs.atlas", "--update")["gone"] == 1


def test_an_update_of_an_emptied_folder_keeps_the_index(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas")
    before = (atlas.folder / "docs.atlas").read_bytes()
    for path in docs.rglob("*"):
        if path.is_file():
            path.unlink()
    assert "expected a document" in atlas.run("index", "docs", "-o", "docs.atlas", "--update", code=FILE).err
    assert (atlas.folder / "docs.atlas").read_bytes() == before
    atlas.run("index", "docs", "-o", "docs.atlas")


def test_a_sealed_index_is_not_updated(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas")
    atlas.run("seal", "docs.atlas", "-o", "sealed.atlas")
    assert "a sealed one" in atlas.run("index", "docs", "-o", "sealed.atlas", "--update", code=FILE).err
    assert atlas.json("search", "sealed.atlas", "steer the boat", "-k", 1)["hits"][0]["path"] == "sailing.txt"


def test_options_of_the_cut_are_kept_in_the_file(atlas, docs):
    (docs / "long.txt").write_text("one two three four five six seven eight nine ten\n" * 40)
    atlas.run("index", "docs", "-o", "docs.atlas", "--chunk-size", 200, "--overlap", 50, "--dimension", 256, "--threads", 1)
    info = atlas.json("info", "docs.atlas")
    assert info["dimension"] == 256
    assert (info["folder"]["chunk_size"], info["folder"]["chunk_overlap"]) == (200, 50)


def test_one_thread_gives_the_same_bytes_again(atlas, docs):
    atlas.run("index", "docs", "-o", "a.atlas", "--threads", 1)
    atlas.run("index", "docs", "-o", "b.atlas", "--threads", 1)
    assert (atlas.folder / "a.atlas").read_bytes() == (atlas.folder / "b.atlas").read_bytes()


def test_large_and_hidden_files_are_left_out_unless_asked_for(atlas, docs):
    (docs / "large.txt").write_text("word " * 1000)
    (docs / ".hidden.txt").write_text("hidden treasure")
    report = atlas.json("index", "docs", "-o", "a.atlas", "--max-file-size", "4kb")
    assert report["skipped"]["too_large"] == 1 and report["files"] == 3
    report = atlas.json("index", "docs", "-o", "a.atlas", "--max-file-size", "1MB", "--hidden")
    assert report["skipped"]["too_large"] == 0 and report["files"] == 5


def test_files_that_cannot_be_looked_at_are_counted(atlas, docs):
    (docs / "nowhere.txt").symlink_to("n" * 300)  # a name too long to look up
    (docs / "linked.txt").symlink_to("sailing.txt")
    report = atlas.json("index", "docs", "-o", "a.atlas")
    assert report["files"] == 4
    assert (report["skipped"]["unreadable_files"], report["skipped"]["linked_files"]) == (1, 0)
    assert "1 files that could not be looked at" in atlas.run("index", "docs", "-o", "a.atlas").out


def test_compact_in_place_and_to_another_file(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas")
    assert atlas.json("compact", "docs.atlas", "-o", "other.atlas")["files"] == 3
    before = atlas.json("search", "docs.atlas", "steer the boat")["hits"]
    atlas.run("compact", "docs.atlas")
    atlas.run("verify", "docs.atlas")
    assert atlas.json("search", "docs.atlas", "steer the boat")["hits"] == before


def test_names_and_texts_cannot_command_the_terminal(atlas, tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "a\x1b[31mred\n.txt").write_text("danger \x1b]0;title\x07 ahead \u202e reversed")
    atlas.run("index", "hostile", "-o", "h.atlas")
    done = atlas.run("search", "h.atlas", "danger ahead")
    assert "\x1b" not in done.out and "\x07" not in done.out and "\u202e" not in done.out
    assert len(done.out.splitlines()) == 2
    hit = atlas.json("search", "h.atlas", "danger ahead")["hits"][0]
    assert hit["path"] == "a\x1b[31mred\n.txt"  # JSON escapes it


def test_a_name_that_is_not_utf8_is_shown_and_does_not_break_json(atlas, tmp_path):
    folder = tmp_path / "latin"
    folder.mkdir()
    with open(os.path.join(os.fsencode(folder), b"gr\xfc\xdfe.txt"), "w") as file:
        file.write("greetings to everyone")
    atlas.run("index", "latin", "-o", "l.atlas")
    assert "gr\ufffd\ufffde.txt" in atlas.run("search", "l.atlas", "greetings").out
    assert atlas.json("search", "l.atlas", "greetings")["hits"][0]["path"] == "gr\ufffd\ufffde.txt"


@pytest.mark.parametrize("folder, output, said", [
    ("none", "a.atlas", "not found"),
    ("docs/baking.md", "a.atlas", "not a directory"),
    ("docs", "none/a.atlas", "not found"),
    ("docs", "docs", "is a directory"),
])
def test_index_names_the_wrong_path(atlas, docs, folder, output, said):
    done = atlas.run("index", folder, "-o", output, code=FILE)
    assert said in done.err and folder in done.err and "expected" in done.err
    assert done.out == ""
    assert not (atlas.folder / "a.atlas").exists()


def test_search_refuses_what_is_no_index_of_documents(atlas, docs):
    (atlas.folder / "text.atlas").write_text("not an index" * 1000)
    (atlas.folder / "empty.atlas").write_bytes(b"")
    for path, said in [("none.atlas", "not found"), ("text.atlas", "not an ATLAS file"), ("docs", "is a directory"),
                       ("empty.atlas", "expected")]:
        answer = atlas.json("search", path, "question", code=FILE)
        assert answer["error"]["exit_code"] == FILE and said in answer["error"]["message"]
        assert path in atlas.run("search", path, "question", code=FILE).err


@pytest.mark.parametrize("arguments", [
    [], ["unknown"], ["index"], ["index", "docs"], ["search", "docs.atlas"], ["search", "docs.atlas", "q", "-k", "0"],
    ["search", "docs.atlas", "q", "-k", "many"], ["search", "docs.atlas", "q", "--time-limit", "0"],
    ["search", "docs.atlas", "q", "--starts", "2000"], ["index", "docs", "-o", "a", "--no-such-flag"],
    ["index", "docs", "-o", "a", "--chunk-size", "1"], ["index", "docs", "-o", "a", "--dimension", "0"],
    ["index", "docs", "-o", "a", "--overlap", "900"], ["index", "docs", "-o", "a", "--packing", "loose"],
])
def test_a_wrong_command_line_is_a_usage_error(atlas, docs, arguments):
    done = atlas.run(*arguments, code=USAGE)
    assert done.err != ""
    assert not (atlas.folder / "a").exists()


def test_help_and_version(atlas):
    text = atlas.run("--help").out
    commands = ["index", "search", "build", "eval", "info", "verify", "seal", "tune", "export", "compact"]
    assert all(command in text for command in commands) and "Exit codes" in text
    for command in commands:
        text = atlas.run(command, "--help").out
        assert "--json" in text and "Examples:" in text and "atlas " + command in text
    assert atlas.run("--version").out.startswith("atlas 0.")


def test_interrupted_it_leaves_the_old_index_and_nothing_else(atlas, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(400):
        (folder / f"{i}.txt").write_text("".join(f"Line {i * j} of a document with words.\n" for j in range(300)))
    (tmp_path / "many.atlas").write_text("the old index")
    for wait in (0.05, 0.2, 0.5):
        child = subprocess.Popen([atlas.command, "index", "many", "-o", "many.atlas"], cwd=tmp_path,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=120)
        if child.returncode == OK:
            break  # a quick machine
        assert child.returncode == INTERRUPTED, (out, err)
        assert b"cancelled" in err
        assert (tmp_path / "many.atlas").read_text() == "the old index"
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


def test_progress_is_shown_on_a_terminal_only(atlas, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(300):
        (folder / f"{i}.txt").write_text("".join(f"Line {i * j} of a document with words.\n" for j in range(300)))
    leader, follower = pty.openpty()
    child = subprocess.Popen([atlas.command, "index", "many", "-o", "many.atlas", "--json"], cwd=tmp_path,
                             stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    out = child.communicate(timeout=120)[0]
    assert child.returncode == OK and out.startswith(b"{") and b"\x1b" not in out
    assert b"chunks/s" in shown and b"left" in shown and b"%" in shown


def test_a_closed_standard_output_is_noticed(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas")
    with open("/dev/full", "w") as full:
        done = subprocess.run([atlas.command, "search", "docs.atlas", "boat"], cwd=atlas.folder, stdout=full,
                              stderr=subprocess.PIPE)
    assert done.returncode == FAILED and b"standard output" in done.stderr


def test_a_full_disk_fails_and_keeps_the_old_index(atlas, docs):
    (atlas.folder / "docs.atlas").write_text("the old index")
    limited = ["sh", "-c", 'ulimit -f 8; exec "$0" "$@"', atlas.command, "index", "docs", "-o", "docs.atlas"]
    done = subprocess.run(limited, cwd=atlas.folder, capture_output=True)
    assert done.returncode == FAILED, done
    assert b"no space left" in done.stderr
    assert (atlas.folder / "docs.atlas").read_text() == "the old index"
    assert sorted(os.listdir(atlas.folder)) == ["docs", "docs.atlas"]
