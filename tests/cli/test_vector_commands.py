# SPDX-License-Identifier: Apache-2.0
"""atlas build, eval, info, verify, export."""
import os
import pathlib
import shutil
import struct

import numpy
import pytest

from conftest import FAILED, FILE, USAGE


def write_vecs(path, rows):
    rows = numpy.ascontiguousarray(rows)
    with open(path, "wb") as file:
        for row in rows:
            file.write(struct.pack("<I", rows.shape[1]) + row.tobytes())


def write_bin(path, rows, behind=b""):
    with open(path, "wb") as file:
        file.write(struct.pack("<II", *rows.shape) + numpy.ascontiguousarray(rows).tobytes() + behind)


def truth_of(base, queries, metric, k):
    base, queries = base.astype("f8"), queries.astype("f8")
    if metric == "l2sq":
        distances = ((queries[:, None] - base[None]) ** 2).sum(-1)
    else:
        if metric == "cosine":
            base = base / numpy.linalg.norm(base, axis=1, keepdims=True)
            queries = queries / numpy.linalg.norm(queries, axis=1, keepdims=True)
        distances = 1 - queries @ base.T
    ids = numpy.argsort(distances, axis=1, kind="stable")[:, :k]
    return ids, numpy.take_along_axis(distances, ids, 1)


@pytest.fixture
def vectors(tmp_path):
    random = numpy.random.default_rng(3)
    base = random.normal(size=(600, 24)).astype("f4")
    queries = random.normal(size=(50, 24)).astype("f4")
    write_vecs(tmp_path / "base.fvecs", base)
    numpy.save(tmp_path / "base.npy", base)
    write_bin(tmp_path / "queries.f32bin", queries)
    return base, queries


@pytest.mark.parametrize("metric", ["l2sq", "inner_product", "cosine"])
@pytest.mark.parametrize("kind", ["hnsw", "flat"])
def test_build_and_eval_find_the_truth(atlas, vectors, metric, kind):
    base, queries = vectors
    ids, _ = truth_of(base, queries, metric, 100)
    write_vecs(atlas.folder / "truth.ivecs", ids.astype("i4"))
    built = atlas.json("build", "base.fvecs", "-o", "v.atlas", "--metric", metric, "--kind", kind)
    assert (built["kind"], built["metric"], built["vectors"], built["dimension"]) == (kind, metric, 600, 24)
    result = atlas.json("eval", "v.atlas", "--queries", "queries.f32bin", "--truth", "truth.ivecs", "--rounds", 1)
    assert (result["queries"], result["threads"]) == (50, 1)
    assert {row["k"] for row in result["rows"]} == {1, 10, 100}
    for k in (1, 10, 100):
        rows = [row for row in result["rows"] if row["k"] == k]
        assert all(row["queries_per_second"] > 0 and 0 <= row["recall"] <= 1 for row in rows)
        assert rows[-1]["recall"] > (0.999 if kind == "flat" else 0.9 if metric == "inner_product" else 0.99)
        assert kind == "flat" or all(row["width"] >= k for row in rows)


def test_every_form_of_ground_truth_gives_the_same_recall(atlas, vectors):
    base, queries = vectors
    ids, distances = truth_of(base, queries, "l2sq", 10)
    write_vecs(atlas.folder / "a.ivecs", ids.astype("i4"))
    write_bin(atlas.folder / "b.ibin", ids.astype("i4"))
    write_bin(atlas.folder / "c.ibin", ids.astype("i4"), distances.astype("f4").tobytes())
    numpy.save(atlas.folder / "d.npy", ids)
    atlas.run("build", "base.npy", "-o", "v.atlas", "--threads", 1)
    recalls = [[row["recall"] for row in atlas.json("eval", "v.atlas", "--queries", "queries.f32bin", "--truth", truth,
                                                    "--widths", "10,40", "-k", "1,10,100", "--rounds", 1)["rows"]]
               for truth in ("a.ivecs", "b.ibin", "c.ibin", "d.npy")]
    assert all(one == recalls[0] for one in recalls) and len(recalls[0]) == 4  # 100 is more than is known


def test_eval_of_a_loaded_index_and_of_vectors_left_on_disk(atlas, vectors):
    base, queries = vectors
    write_vecs(atlas.folder / "truth.ivecs", truth_of(base, queries, "l2sq", 10)[0].astype("i4"))
    eval_of = ("--queries", "queries.f32bin", "--truth", "truth.ivecs", "--widths", "10,40", "-k", 10, "--rounds", 1)
    for kind in ("hnsw", "flat"):
        atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", kind)
        recalls = [[row["recall"] for row in atlas.json("eval", "v.atlas", *eval_of, *how)["rows"]]
                   for how in ((), ("--load",), *((("--on-disk",), ("--on-disk", "--load")) if kind == "hnsw" else ()))]
        assert all(one == recalls[0] for one in recalls)
    assert "expected mapped" in atlas.run("eval", "v.atlas", *eval_of, "--on-disk", code=FILE).err


def test_answers_at_the_distance_of_the_kth_count_as_right(atlas):
    base = numpy.repeat(numpy.eye(4, dtype="f4"), 5, axis=0)  # five copies of each of four vectors
    numpy.save(atlas.folder / "base.npy", base)
    numpy.save(atlas.folder / "queries.npy", numpy.eye(4, dtype="f4"))
    numpy.save(atlas.folder / "truth.npy", numpy.array([[4], [9], [14], [19]]))  # the last copy of each
    atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", "flat")
    rows = atlas.json("eval", "v.atlas", "--queries", "queries.npy", "--truth", "truth.npy")["rows"]
    assert [row["recall"] for row in rows] == [1.0]


def test_the_table_is_for_people(atlas, vectors):
    base, queries = vectors
    numpy.save(atlas.folder / "t.npy", truth_of(base, queries, "l2sq", 100)[0])
    atlas.run("build", "base.npy", "-o", "v.atlas")
    out = atlas.run("eval", "v.atlas", "--queries", "queries.f32bin", "--truth", "t.npy", "--widths", "10,100", "--rounds", 1).out
    lines = out.splitlines()
    assert len(lines) == 4 and lines[1].split()[:2] == ["width", "recall@1"]
    assert lines[2].split()[0] == "10" and lines[2].split()[-1] == "-"  # no recall@100 at width 10


@pytest.mark.parametrize("picture, begins", [("p.png", b"\x89PNG"), ("p.svg", b"<?xml")])
def test_plot_draws_the_curve(atlas, vectors, picture, begins):
    if not shutil.which("gnuplot"):
        pytest.skip("gnuplot is not installed")
    base, queries = vectors
    numpy.save(atlas.folder / "t.npy", truth_of(base, queries, "l2sq", 100)[0])
    (atlas.folder / "name with 'quotes' `x`").mkdir()
    index = "name with 'quotes' `x`/v.atlas"
    atlas.run("build", "base.npy", "-o", index)
    done = atlas.run("eval", index, "--queries", "queries.f32bin", "--truth", "t.npy", "--rounds", 1, "--plot", picture)
    assert done.err == ""
    content = (atlas.folder / picture).read_bytes()
    assert content.startswith(begins) and len(content) > 5000
    if picture.endswith(".svg"):
        assert b"recall@10" in content and b"queries a second" in content


def test_plot_without_gnuplot_names_the_package_before_it_measures(atlas, vectors):
    base, queries = vectors
    numpy.save(atlas.folder / "t.npy", truth_of(base, queries, "l2sq", 10)[0])
    atlas.run("build", "base.npy", "-o", "v.atlas")
    command = ["eval", "v.atlas", "--queries", "queries.f32bin", "--truth", "t.npy", "--plot"]
    done = atlas.run(*command, "p.png", code=FAILED, env={**os.environ, "PATH": str(atlas.folder)})
    assert "gnuplot-nox" in done.err and "recall" not in done.out
    assert not (atlas.folder / "p.png").exists()
    atlas.run(*command, "p.pdf", code=USAGE)


@pytest.mark.parametrize("output", ["out.npy", "out.fvecs"])
def test_export_gives_back_what_was_built(atlas, vectors, output):
    base, _ = vectors
    numpy.save(atlas.folder / "keys.npy", numpy.arange(600, dtype="u8")[::-1] * 7)
    for kind in ("flat", "hnsw"):
        atlas.run("build", "base.npy", "-o", "v.atlas", "--metric", "cosine", "--keys", "keys.npy", "--kind", kind)
        done = atlas.json("export", "v.atlas", "-o", output)
        assert done["keys"] == "out.keys.npy" and done["count"] == 600
        assert (numpy.load(atlas.folder / "out.keys.npy") == numpy.arange(600) * 7).all()  # in the order of the keys
        if output.endswith(".npy"):
            got = numpy.load(atlas.folder / output)
        else:
            got = numpy.fromfile(atlas.folder / output, "f4").reshape(600, 25)[:, 1:]
        assert (got[::-1] == base).all()
        built = ["build", output, "--metric", "cosine", "--keys", "out.keys.npy", "--kind", kind, "--threads", 1]
        atlas.run(*built, "-o", "v.atlas")
        atlas.run("export", "v.atlas", "-o", output)
        atlas.run(*built, "-o", "w.atlas")
        assert (atlas.folder / "v.atlas").read_bytes() == (atlas.folder / "w.atlas").read_bytes()


def test_export_refuses_one_file_for_two(atlas, vectors):
    atlas.run("build", "base.npy", "-o", "v.atlas")
    shutil.copy(atlas.folder / "v.atlas", atlas.folder / "v.npy")
    (atlas.folder / "old.npy").write_bytes(b"what stood there")
    os.symlink("old.npy", atlas.folder / "link.npy")
    for source, output, keys in [("v.atlas", "a.npy", "a.npy"), ("v.atlas", "a.npy", "./a.npy"),
                                 ("v.atlas", "old.npy", "link.npy"), ("v.atlas", "a.npy", atlas.folder / "a.npy"),
                                 ("v.atlas", "a.npy", "v.atlas"), ("v.npy", "v.npy", "k.npy")]:
        done = atlas.run("export", source, "-o", output, "--keys", keys, code=USAGE)
        assert "different files" in done.err
    assert sorted(p.name for p in atlas.folder.glob("*a.npy")) == []
    assert (atlas.folder / "old.npy").read_bytes() == b"what stood there"
    assert (atlas.folder / "v.npy").read_bytes() == (atlas.folder / "v.atlas").read_bytes()


def test_an_argument_is_a_usage_error_and_a_file_is_a_file_error(atlas, vectors, docs):
    base, _ = vectors
    atlas.run("build", "base.npy", "-o", "v.atlas")
    os.mkfifo(atlas.folder / "pipe.npy")
    (atlas.folder / "empty.fvecs").write_bytes(b"")
    (atlas.folder / "loop.npy").symlink_to("loop.npy")
    keys = numpy.arange(600, dtype="u8")
    keys[5] = 2**64 - 1
    numpy.save(atlas.folder / "reserved.npy", keys)
    numpy.save(atlas.folder / "t.npy", keys.reshape(50, 12) % 600)
    for arguments in [("build", "pipe.npy", "-o", "w.atlas"), ("build", "empty.fvecs", "-o", "w.atlas"),
                      ("build", "loop.npy", "-o", "w.atlas"), ("build", "n" * 300 + ".npy", "-o", "w.atlas"),
                      ("build", "base.npy", "-o", "w.atlas", "--keys", "reserved.npy"),
                      ("build", "base.npy", "-o", "w.atlas", "--keys", "pipe.npy"),
                      ("build", "base.npy", "-o", "pipe.npy"), ("info", "pipe.npy"), ("verify", "pipe.npy"),
                      ("export", "v.atlas", "-o", "pipe.npy"), ("search", "pipe.npy", "words"),
                      ("eval", "v.atlas", "--queries", "pipe.npy", "--truth", "t.npy"),
                      ("eval", "v.atlas", "--queries", "empty.fvecs", "--truth", "t.npy"),
                      ("index", "docs", "-o", "pipe.npy")]:
        error = atlas.json(*arguments, code=FILE)["error"]
        assert error["exit_code"] == FILE and "expected" in error["message"], arguments
    for arguments in [("build", "base.csv", "-o", "w.atlas"), ("build", "base.npy", "-o", ""), ("build", "", "-o", "w.atlas"),
                      ("build", "base.npy", "-o", "w.atlas", "--keys", "keys.txt"), ("info", ""),
                      ("export", "v.atlas", "-o", "v.csv"), ("export", "v.atlas", "-o", "v.ivecs"),
                      ("eval", "v.atlas", "--queries", "q.txt", "--truth", "t.npy"),
                      ("eval", "v.atlas", "--queries", "base.npy", "--truth", "t.txt"),
                      ("index", "docs", "-o", "d.atlas", "--chunk-size", 3),
                      ("index", "docs", "-o", "d.atlas", "--chunk-size", 100, "--overlap", 51),
                      ("index", "docs", "-o", "d.atlas", "--max-file-size", "2GiB"), ("index", "", "-o", "d.atlas")]:
        atlas.run(*arguments, code=USAGE)
    assert not (atlas.folder / "w.atlas").exists() and not (atlas.folder / "d.atlas").exists()


def test_export_of_a_folder_index(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas", "--dimension", 64, "--threads", 1)
    atlas.run("export", "docs.atlas", "-o", "d.npy", "--keys", "k.npy")
    rows = numpy.load(atlas.folder / "d.npy")
    assert rows.shape == (3, 64) and numpy.allclose(numpy.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert sorted(numpy.load(atlas.folder / "k.npy")) == [0, 1, 2]


def test_info_says_what_the_file_holds(atlas, vectors):
    atlas.run("build", "base.fvecs", "-o", "v.atlas", "--connectivity", 8, "--build-width", 50)
    info = atlas.json("info", "v.atlas")
    assert (info["kind"], info["scalar"], info["metric"]) == ("hnsw", "f32", "l2sq")
    assert (info["count"], info["rows"], info["dimension"]) == (600, 600, 24)
    assert info["parameters"]["connectivity"] == 8 and info["parameters"]["build_width"] == 50
    assert (info["parameters"]["codes"], info["parameters"]["codes_from"], info["parameters"]["alpha"]) == ("lvq8", 1024, 1)
    assert info["file_bytes"] == (atlas.folder / "v.atlas").stat().st_size
    assert info["memory"]["total"] >= 600 * 24 * 4
    assert {"vectors", "keys", "base links"} <= {section["name"] for section in info["sections"]}
    text = atlas.run("info", "v.atlas").out
    assert "hnsw" in text and "connectivity 8" in text and "vectors" in text


@pytest.mark.parametrize("stored", ["f32", "f16", "bf16", "i8", "u8"])
def test_build_with_codes_and_stored_scalars(atlas, stored):
    base = numpy.random.default_rng(5).integers(0, 100, (1500, 24)).astype("u1")
    numpy.save(atlas.folder / "base.npy", base)
    numpy.save(atlas.folder / "queries.npy", base[::50])
    numpy.save(atlas.folder / "t.npy", numpy.arange(0, 1500, 50)[:, None])
    for codes in ("none", "lvq8", "lvq4", "f16", "bf16", "automatic"):
        built = atlas.json("build", "base.npy", "-o", "v.atlas", "--codes", codes, "--stored", stored, "--alpha", 1.2,
                           "--build-width", 50, "--connectivity", 8)
        used = codes if codes != "automatic" else "lvq8"
        assert (built["stored"], built["codes"]) == (stored, used)
        info = atlas.json("info", "v.atlas")
        assert (info["scalar"], info["parameters"]["codes"]) == (stored, used)
        assert info["parameters"]["alpha"] == pytest.approx(1.2)
        assert ("codes" in {section["name"] for section in info["sections"]}) == (codes != "none")
        out = atlas.run("info", "v.atlas").out
        assert stored in out and ("walks read the vectors" if codes == "none" else f"{used}, from 1,024 vectors on") in out
        result = atlas.json("eval", "v.atlas", "--queries", "queries.npy", "--truth", "t.npy", "--widths", 20, "-k", 1,
                            "--rounds", 1, "--starts", 4, "--patience", 30, "--time-limit", 10)
        assert result["rows"][0]["recall"] > 0.9 and (result["starts"], result["patience"], result["time_limit"]) == (4, 30, 10)
    atlas.run("export", "v.atlas", "-o", "out.npy")
    assert (numpy.load(atlas.folder / "out.npy") == base).all()


def test_build_refuses_what_a_stored_scalar_cannot_hold(atlas, vectors):
    for stored in ("i8", "u8"):
        done = atlas.run("build", "base.npy", "-o", "v.atlas", "--stored", stored, code=FILE)
        assert f"vector stored as {stored}" in done.err and "row 0" in done.err
    for wrong in (["--codes", "pq"], ["--stored", "b1"], ["--alpha", "0.5"], ["--alpha", "2.5"], ["--kind", "flat", "--stored", "f16"]):
        atlas.run("build", "base.npy", "-o", "v.atlas", *wrong, code=USAGE)
    assert not (atlas.folder / "v.atlas").exists()
    atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", "flat")
    atlas.run("info", "v.atlas")
    numpy.save(atlas.folder / "t.npy", numpy.zeros((50, 1), dtype="i8"))
    for wrong in (["--starts", "1025"], ["--patience", "-1"], ["--time-limit", "0"], ["--time-limit", "nan"], ["--time-limit", "-1"]):
        atlas.run("eval", "v.atlas", "--queries", "queries.f32bin", "--truth", "t.npy", *wrong, code=USAGE)


def test_info_of_a_folder_index(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas")
    info = atlas.json("info", "docs.atlas")
    assert info["folder"]["files"] == 3 and info["folder"]["chunks"] == 3 and info["folder"]["embedder"] == "hashing"
    assert {"texts", "chunks", "paths", "hashing embedder"} <= {section["name"] for section in info["sections"]}
    assert "3 files" in atlas.run("info", "docs.atlas").out


def test_verify_finds_a_flipped_bit_in_every_section(atlas, docs):
    atlas.run("index", "docs", "-o", "docs.atlas", "--dimension", 64)
    assert "whole" in atlas.run("verify", "docs.atlas").out
    assert atlas.json("verify", "docs.atlas")["ok"] is True
    good = (atlas.folder / "docs.atlas").read_bytes()
    for section in atlas.json("info", "docs.atlas")["sections"]:
        if section["bytes"] == 0:
            continue
        bad = bytearray(good)
        bad[section["offset"] + section["bytes"] // 2] ^= 1
        (atlas.folder / "bad.atlas").write_bytes(bad)
        done = atlas.run("verify", "bad.atlas", code=FILE)
        assert section["name"] in done.err and "checksum" in done.err and "bad.atlas" in done.err
    for size in (0, 1, 100, 4095, 4096, len(good) - 1):
        (atlas.folder / "bad.atlas").write_bytes(good[:size])
        assert "expected" in atlas.run("verify", "bad.atlas", code=FILE).err
        atlas.run("info", "bad.atlas", code=FILE)


def test_build_refuses_bad_vectors_and_names_the_row(atlas, vectors):
    base, _ = vectors
    cases = {"nan": (431, numpy.nan, "l2sq", "row 431"), "inf": (7, numpy.inf, "l2sq", "row 7"),
             "zero": (599, 0, "cosine", "row 599")}
    for name, (row, value, metric, said) in cases.items():
        bad = base.copy()
        bad[row] = value
        numpy.save(atlas.folder / (name + ".npy"), bad)
        done = atlas.run("build", name + ".npy", "-o", "v.atlas", "--metric", metric, code=FILE)
        assert said in done.err and name + ".npy" in done.err
        assert not (atlas.folder / "v.atlas").exists()


@pytest.mark.parametrize("content, name, said", [
    (b"", "a.f32bin", "expected 8, found 0"),
    (struct.pack("<II", 3, 4) + b"\0" * 47, "a.f32bin", "expected 56, found 55"),
    (struct.pack("<I", 0), "a.fvecs", "expected 1"),
    (b"nonsense file", "a.npy", "magic"),
    (b"1,2,3", "a.csv", ".fvecs"),
])
def test_build_refuses_damaged_files(atlas, content, name, said):
    (atlas.folder / name).write_bytes(content)
    done = atlas.run("build", name, "-o", "v.atlas", code=USAGE if name.endswith("csv") else FILE)
    assert said in done.err


def test_build_refuses_other_shapes_and_types(atlas, vectors):
    base, _ = vectors
    numpy.save(atlas.folder / "one.npy", base[0])
    numpy.save(atlas.folder / "fortran.npy", numpy.asfortranarray(base))
    numpy.save(atlas.folder / "complex.npy", base.astype("c8"))
    numpy.save(atlas.folder / "big.npy", base.astype(">f4"))
    numpy.save(atlas.folder / "few.npy", numpy.arange(5))
    atlas.run("build", "one.npy", "-o", "v.atlas", code=FILE)
    assert "C order" in atlas.run("build", "fortran.npy", "-o", "v.atlas", code=FILE).err
    atlas.run("build", "complex.npy", "-o", "v.atlas", code=FILE)
    assert "byte order" in atlas.run("build", "big.npy", "-o", "v.atlas", code=FILE).err
    atlas.run("build", "base.npy", "-o", "v.atlas", "--keys", "few.npy", code=FILE)
    atlas.run("build", "base.npy", "-o", "v.atlas", "--metric", "l3", code=USAGE)
    atlas.run("build", "base.npy", "-o", "v.atlas", "--connectivity", 1, code=USAGE)
    atlas.run("build", "none.npy", "-o", "v.atlas", code=FILE)
    atlas.run("build", "base.npy", "-o", "none/v.atlas", code=FILE)
    assert not (atlas.folder / "v.atlas").exists()


def test_eval_refuses_files_that_do_not_fit_together(atlas, vectors):
    base, queries = vectors
    ids = truth_of(base, queries, "l2sq", 10)[0]
    atlas.run("build", "base.npy", "-o", "v.atlas")
    numpy.save(atlas.folder / "t.npy", ids)
    numpy.save(atlas.folder / "short.npy", ids[:-1])
    numpy.save(atlas.folder / "unknown.npy", ids + 10_000)
    numpy.save(atlas.folder / "floats.npy", ids.astype("f4"))
    numpy.save(atlas.folder / "narrow.npy", queries[:, :-1])
    for queries_file, truth in [("queries.f32bin", "short.npy"), ("queries.f32bin", "unknown.npy"),
                                ("queries.f32bin", "floats.npy"), ("narrow.npy", "t.npy"), ("none.npy", "t.npy"),
                                ("queries.f32bin", "none.npy")]:
        error = atlas.json("eval", "v.atlas", "--queries", queries_file, "--truth", truth, code=FILE)["error"]
        assert error["message"]
    atlas.run("eval", "v.atlas", "--queries", "queries.f32bin", "--truth", "t.npy", "--widths", "0", code=USAGE)
    atlas.run("eval", "v.atlas", "--queries", "queries.f32bin", code=USAGE)


def test_a_search_for_words_refuses_an_index_without_documents(atlas, vectors):
    atlas.run("build", "base.npy", "-o", "v.atlas")
    assert "folder" in atlas.run("search", "v.atlas", "question", code=FILE).err


@pytest.mark.parametrize("kind", ["hnsw", "flat"])
def test_compact_of_vectors(atlas, vectors, kind):
    base, _ = vectors
    atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", kind)
    assert "600 vectors" in atlas.run("compact", "v.atlas", "-o", "w.atlas").out
    done = atlas.json("compact", "v.atlas")
    assert done["vectors"] == 600 and done["index_bytes"] == (atlas.folder / "v.atlas").stat().st_size
    atlas.run("verify", "v.atlas")
    for name in ("v", "w"):
        atlas.run("export", name + ".atlas", "-o", name + ".npy")
        assert (numpy.load(atlas.folder / (name + ".npy")) == base).all()


def test_compact_leaves_removed_vectors_out(atlas):
    """A file from before graphs were saved without them."""
    old = pathlib.Path(__file__).parents[1] / "python" / "golden" / "hnsw.atlas"
    assert "2 rows are still in the file" in atlas.run("info", old).out
    atlas.run("compact", old, "-o", "new.atlas")
    info = atlas.json("info", "new.atlas")
    assert (info["count"], info["rows"]) == (58, 58) and "removed" not in atlas.run("info", "new.atlas").out


def test_tune(atlas, vectors, docs):
    atlas.run("build", "base.npy", "-o", "v.atlas")
    done = atlas.json("tune", "v.atlas", "--queries", "queries.f32bin", "--recall", 0.9, "-k", 5, "-o", "t.atlas")
    assert 0.9 <= done["recall"] <= 1 and done["width"] >= 1 and done["queries_per_second"] > 0
    assert atlas.json("info", "t.atlas")["parameters"]["search_width"] == done["width"]
    assert atlas.json("info", "v.atlas")["parameters"]["search_width"] == 64
    text = atlas.run("tune", "v.atlas", "--queries", "queries.f32bin").out
    assert "recall@10" in text and "no width" not in text
    atlas.run("build", "base.npy", "-o", "thin.atlas", "--connectivity", 2, "--build-width", 1)
    done = atlas.json("tune", "thin.atlas", "--queries", "queries.f32bin", "--recall", 1)
    assert done["recall"] < done["wanted_recall"] == 1
    assert "no width finds more" in atlas.run("tune", "thin.atlas", "--queries", "queries.f32bin", "--recall", 1).out
    atlas.run("verify", "v.atlas")
    atlas.run("seal", "v.atlas", "-o", "s.atlas")
    atlas.run("tune", "s.atlas", "--queries", "queries.f32bin")
    assert atlas.json("info", "s.atlas")["parameters"]["sealed"]

    atlas.run("index", "docs", "-o", "docs.atlas", "--dimension", 24)
    hits = atlas.json("search", "docs.atlas", "when does a cat purr")["hits"]
    atlas.run("tune", "docs.atlas", "--queries", "base.npy")  # its documents stay in it
    assert atlas.json("search", "docs.atlas", "when does a cat purr")["hits"] == hits

    atlas.run("build", "base.npy", "-o", "flat.atlas", "--kind", "flat")
    before = (atlas.folder / "flat.atlas").read_bytes()
    assert "kind mismatch" in atlas.run("tune", "flat.atlas", "--queries", "queries.f32bin", code=FILE).err
    assert (atlas.folder / "flat.atlas").read_bytes() == before
    numpy.save(atlas.folder / "narrow.npy", vectors[1][:, :-1])
    atlas.run("tune", "v.atlas", "--queries", "narrow.npy", code=FILE)
    for wrong in (["--recall", "0"], ["--recall", "1.5"], ["-k", "0"], ["--queries", "q.txt"], []):
        atlas.run("tune", "v.atlas", *(["--queries", "queries.f32bin"] if wrong and wrong[0] != "--queries" else []), *wrong,
                  code=USAGE)


def test_seal(atlas, vectors, docs):
    base, queries = vectors
    numpy.save(atlas.folder / "t.npy", truth_of(base, queries, "l2sq", 10)[0])
    atlas.run("build", "base.npy", "-o", "v.atlas")
    done = atlas.json("seal", "v.atlas", "-o", "s.atlas", "--degree", 64, "--threads", 1)
    assert (done["vectors"], done["degree"]) == (600, 64) and done["index_bytes"] == (atlas.folder / "s.atlas").stat().st_size
    assert "600 vectors, 64 neighbours each" in atlas.run("seal", "v.atlas", "-o", "t.atlas", "--degree", 64).out
    assert (atlas.folder / "s.atlas").read_bytes() == (atlas.folder / "t.atlas").read_bytes()
    atlas.run("verify", "s.atlas")
    info = atlas.json("info", "s.atlas")
    assert info["parameters"]["sealed"] and not atlas.json("info", "v.atlas")["parameters"]["sealed"]
    assert "neighbours" in {section["name"] for section in info["sections"]} and "sealed" in atlas.run("info", "s.atlas").out
    rows = atlas.json("eval", "s.atlas", "--queries", "queries.f32bin", "--truth", "t.npy", "-k", 10, "--widths", 100, "--rounds", 1)
    assert rows["rows"][0]["recall"] > 0.98
    assert "sealed" in atlas.run("compact", "s.atlas", code=FILE).err

    atlas.run("index", "docs", "-o", "docs.atlas")
    atlas.run("seal", "docs.atlas", "-o", "sealed.atlas")
    question = ("when does a cat purr", "-k", 3)
    assert atlas.json("search", "sealed.atlas", *question)["hits"] == atlas.json("search", "docs.atlas", *question)["hits"]

    atlas.run("build", "base.npy", "-o", "flat.atlas", "--kind", "flat")
    assert "kind mismatch" in atlas.run("seal", "flat.atlas", "-o", "x.atlas", code=FILE).err
    atlas.run("seal", "none.atlas", "-o", "x.atlas", code=FILE)
    atlas.run("seal", "v.atlas", "-o", "x.atlas", "--degree", 33, code=USAGE)
    atlas.run("seal", "v.atlas", code=USAGE)
    assert not (atlas.folder / "x.atlas").exists()
