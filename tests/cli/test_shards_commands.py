# SPDX-License-Identifier: Apache-2.0
"""atlas shards create and info, and atlas search of a list of shards."""
import json

import numpy
import pytest

from conftest import FILE, USAGE
from test_vector_commands import truth_of


@pytest.fixture
def files(atlas, tmp_path):
    """Three index files, one of them in a folder below, and one of all their vectors. Keys of the files do not overlap."""
    random = numpy.random.default_rng(3)
    base = random.normal(size=(300, 16)).astype("f4")
    numpy.save(tmp_path / "queries.npy", random.normal(size=(5, 16)).astype("f4"))
    (tmp_path / "below").mkdir()
    for i, (name, kind) in enumerate((("a.atlas", "flat"), ("below/b.atlas", "hnsw"), ("c.atlas", "flat"))):
        numpy.save(tmp_path / "part.npy", base[100 * i:100 * i + 100])
        numpy.save(tmp_path / "keys.npy", numpy.arange(100 * i, 100 * i + 100, dtype=numpy.uint64))
        atlas.run("build", "part.npy", "-o", name, "--kind", kind, "--keys", "keys.npy")
    return base


def test_create_writes_paths_from_the_lists_folder_on(atlas, files, tmp_path):
    made = atlas.json("shards", "create", "all.shards", "a.atlas", "below/b.atlas", tmp_path / "c.atlas")
    assert (made["list"], made["shards"], made["missing"], made["count"], made["dimension"]) == ("all.shards", 3, 0, 300, 16)
    assert [one["kind"] for one in made["files"]] == ["flat", "hnsw", "flat"]
    assert (tmp_path / "all.shards").read_text() == f"atlas shards 1\na.atlas\nbelow/b.atlas\n{tmp_path}/c.atlas\nend\n"
    atlas.run("shards", "create", "below/up.shards", "a.atlas", "below/b.atlas")
    assert (tmp_path / "below" / "up.shards").read_text() == "atlas shards 1\n../a.atlas\nb.atlas\nend\n"
    assert atlas.json("shards", "info", "below/up.shards")["count"] == 200
    text = atlas.run("shards", "info", "all.shards").out
    assert "3 shards, 300 vectors of dimension 16, l2sq" in text and "below/b.atlas" in text
    (tmp_path / "a.atlas").rename(tmp_path / "#a.atlas")
    atlas.run("shards", "create", "odd.shards", "#a.atlas", "c.atlas")
    assert (tmp_path / "odd.shards").read_text().splitlines()[1] == "./#a.atlas"
    assert atlas.json("shards", "info", "odd.shards")["count"] == 200


def test_create_through_a_link_leads_to_the_same_files(atlas, files, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to("deep/er")
    atlas.run("shards", "create", "link/all.shards", "a.atlas", "c.atlas")
    assert atlas.json("shards", "info", "link/all.shards")["count"] == 200
    assert atlas.json("shards", "info", "deep/er/all.shards")["count"] == 200


def test_search_finds_the_nearest_of_all(atlas, files):
    atlas.run("shards", "create", "all.shards", "a.atlas", "below/b.atlas", "c.atlas")
    out = atlas.json("search", "all.shards", "--queries", "queries.npy", "-k", 7, "--width", 200)
    want = truth_of(files, numpy.load(atlas.folder / "queries.npy"), "l2sq", 7)[0]
    assert [[hit["key"] for hit in hits] for hits in out["hits"]] == want.tolist()
    assert (out["shards"], out["queries"]) == ({"listed": 3, "answered": 3, "failed": []}, 5)
    assert atlas.run("search", "all.shards", "--queries", "queries.npy").out.startswith("query 0\n")


def test_missing_files_are_named_or_done_without(atlas, files, tmp_path):
    atlas.run("shards", "create", "all.shards", "a.atlas", "below/b.atlas", "c.atlas")
    (tmp_path / "below" / "b.atlas").unlink()
    for command in (("shards", "info", "all.shards"), ("search", "all.shards", "--queries", "queries.npy")):
        assert "all.shards -> below/b.atlas: not found" in atlas.run(*command, code=FILE).err
    info = atlas.json("shards", "info", "all.shards", "--allow-missing")
    assert (info["missing"], info["count"]) == (1, 200) and "not found" in info["files"][1]["error"]
    assert "missing" in atlas.run("shards", "info", "all.shards", "--allow-missing").out
    done = atlas.run("search", "all.shards", "--queries", "queries.npy", "--allow-missing", "--json")
    out = json.loads(done.out)
    failed, = out["shards"].pop("failed")
    assert out["shards"] == {"listed": 3, "answered": 2} and failed["path"] == "below/b.atlas" and "not found" in failed["error"]
    assert "2 of 3 shards answered" in done.err and "all.shards -> below/b.atlas: not found" in done.err
    keys = numpy.array([[hit["key"] for hit in hits] for hits in out["hits"]])
    assert ((keys < 100) | (keys >= 200)).all()


def test_what_is_refused(atlas, files, tmp_path):
    numpy.save(tmp_path / "wide.npy", numpy.ones((3, 17), dtype="f4"))
    atlas.run("build", "wide.npy", "-o", "wide.atlas")
    assert "wide.atlas: dimension mismatch: shard.dimension: expected 16, found 17" in atlas.run(
        "shards", "create", "all.shards", "a.atlas", "wide.atlas", code=FILE).err
    assert "another file than that of shard 0" in atlas.run("shards", "create", "all.shards", "a.atlas", "./a.atlas", code=FILE).err
    assert "none.atlas: not found" in atlas.run("shards", "create", "all.shards", "none.atlas", code=FILE).err
    assert "not found" in atlas.run("shards", "create", "none/all.shards", "a.atlas", code=FILE).err
    assert not (tmp_path / "all.shards").exists()
    assert "not an ATLAS file" in atlas.run("shards", "info", "a.atlas", code=FILE).err
    (tmp_path / "bad.shards").write_text("atlas shards 1\na.atlas\n")
    assert "bad.shards: corrupt file: manifest: expected a last line: end" in atlas.run("shards", "info", "bad.shards", code=FILE).err
    atlas.run("shards", code=USAGE)
    atlas.run("shards", "create", "all.shards", code=USAGE)
    atlas.run("search", "a.atlas", "--queries", "queries.npy", "--allow-missing", code=USAGE)
    atlas.run("search", "a.atlas", "words", "--allow-missing", code=USAGE)
    for more in ((), ("--allow-missing",)):  # what is not there is no list, nor an index
        assert "none.shards: not found" in atlas.run("search", "none.shards", "--queries", "queries.npy", *more, code=FILE).err
