# SPDX-License-Identifier: Apache-2.0
"""atlas build --kind ivf_pq, and eval, tune, search, info, export and compact of what it made."""
import os
import resource
import shutil
import signal
import subprocess

import numpy
import pytest

from conftest import FAILED, FILE, INTERRUPTED, OK, USAGE
from test_vector_commands import truth_of

CODES = ("flat", "pq4", "pq8", "rabitq", "sq8")


@pytest.fixture
def vectors(tmp_path):
    random = numpy.random.default_rng(3)
    base = random.normal(size=(1500, 24)).astype("f4")
    queries = random.normal(size=(40, 24)).astype("f4")
    numpy.save(tmp_path / "base.npy", base)
    numpy.save(tmp_path / "queries.npy", queries)
    numpy.save(tmp_path / "truth.npy", truth_of(base, queries, "l2sq", 10)[0])
    return base, queries


def build(atlas, *options, output="v.atlas"):
    return atlas.json("build", "base.npy", "-o", output, "--kind", "ivf_pq", *options)


def evaluate(atlas, *options, index="v.atlas"):
    return atlas.json("eval", index, "--queries", "queries.npy", "--truth", "truth.npy", "--rounds", 1, *options)


@pytest.mark.parametrize("codes", CODES)
def test_build_and_eval_find_the_truth(atlas, vectors, codes):
    built = build(atlas, "--lists", 16, "--codes", codes, "--probes", 3, "--rerank", 5, "--iterations", 5)
    assert (built["kind"], built["vectors"], built["lists"], built["codes"], built["trained_on"]) == ("ivf_pq", 1500, 16, codes, 1500)
    assert built["code_bytes"] == {"flat": 0, "pq4": 6, "pq8": 4, "rabitq": 4, "sq8": 24}[codes]
    info = atlas.json("info", "v.atlas")
    parameters = info["parameters"]
    assert (parameters["lists"], parameters["codes"], parameters["probes"], parameters["rerank"], parameters["iterations"]) == (
        16, codes, 3, 5, 5)
    assert parameters["trained"] and parameters["rotation"] == ("random" if codes == "rabitq" else "none")
    assert {"lists", "list blocks", "centroids"} <= {section["name"] for section in info["sections"]}
    text = atlas.run("info", "v.atlas").out
    assert "3 probes, rerank 5" in text and ("vectors are compared" if codes == "flat" else codes) in text
    result = evaluate(atlas, "--probes", "1,4,16,32", "--rerank", "2,1500", "-k", "1,10")
    assert (result["kind"], result["estimates_only"], result["patience"]) == ("ivf_pq", False, 0)
    rows = {(row["k"], row["rerank"], row["probes"]): row["recall"] for row in result["rows"]}
    assert set(rows) == {(k, rerank, probes) for k in (1, 10) for rerank in (2, 1500) for probes in (1, 4, 16)}  # 32 are all 16
    for k in (1, 10):
        assert rows[k, 1500, 1] < rows[k, 1500, 4] < rows[k, 1500, 16] == 1
        assert all(rows[k, 2, probes] <= rows[k, 1500, probes] for probes in (1, 4, 16))
    assert all(row["queries_per_second"] > 0 for row in result["rows"])
    atlas.run("verify", "v.atlas")


@pytest.mark.parametrize("metric", ["inner_product", "cosine"])
@pytest.mark.parametrize("stored", ["f32", "f16", "u8"])
def test_metrics_and_stored_scalars(atlas, metric, stored):
    base = numpy.random.default_rng(5).integers(0, 100, (1500, 24)).astype("f4")
    numpy.save(atlas.folder / "base.npy", base)
    numpy.save(atlas.folder / "queries.npy", base[::50])
    numpy.save(atlas.folder / "truth.npy", truth_of(base, base[::50], metric, 10)[0])
    built = build(atlas, "--lists", 8, "--metric", metric, "--stored", stored, "--rotation", "learned", "--parts", 6)
    assert (built["metric"], built["stored"]) == (metric, stored)
    info = atlas.json("info", "v.atlas")["parameters"]
    assert (info["rotation"], info["parts"]) == ("learned", 6)
    assert evaluate(atlas, "--probes", 8, "--rerank", 150, "-k", 10)["rows"][0]["recall"] == 1
    atlas.run("export", "v.atlas", "-o", "out.npy")
    assert (numpy.load(atlas.folder / "out.npy") == base).all()


def test_the_same_vectors_and_seed_give_the_same_bytes(atlas, vectors):
    made = []
    for output, options in (("a.atlas", ()), ("b.atlas", ()), ("c.atlas", ("--seed", 7))):
        build(atlas, "--lists", 16, "--threads", 1, *options, output=output)
        made.append((atlas.folder / output).read_bytes())
    assert made[0] == made[1] != made[2]


def test_lists_are_learned_from_all_over_the_file(atlas):
    """Of vectors that lie sorted by where they are, the first ones alone would give lists of one corner."""
    random = numpy.random.default_rng(8)
    base = (random.normal(size=(4000, 8)) * 0.1 + numpy.arange(4000)[:, None] // 500).astype("f4")
    numpy.save(atlas.folder / "base.npy", base)
    numpy.save(atlas.folder / "queries.npy", base[::100])
    numpy.save(atlas.folder / "truth.npy", truth_of(base, base[::100], "l2sq", 10)[0])
    built = build(atlas, "--lists", 8, "--train-rows", 400, "--codes", "flat")
    assert built["trained_on"] == 400 and built["lists"] == 8
    assert evaluate(atlas, "--probes", 2, "-k", 10)["rows"][0]["recall"] > 0.95
    assert "8 lists of flat, learned from 400 in" in atlas.run("build", "base.npy", "-o", "w.atlas", "--kind", "ivf_pq", "--lists", 8,
                                                               "--train-rows", 400, "--codes", "flat").out


def test_a_file_is_written_in_little_memory_with_the_answers_of_much(atlas, vectors):
    """What is on its way does not lie beside the output, whatever the memory, and the file is the same."""
    os.mkdir(atlas.folder / "elsewhere")
    numpy.save(atlas.folder / "keys.npy", numpy.arange(1500, dtype="i8") * 3 + 1)
    made = []
    for output, options in (("a.atlas", ("--memory", "16MiB")), ("b.atlas", ("--memory", "2GB", "--temporary-folder", "elsewhere", "--threads", 2))):
        built = build(atlas, "--lists", 16, "--keys", "keys.npy", *options, output=output)
        assert (built["vectors"], built["lists"]) == (1500, 16)
        made.append((atlas.folder / output).read_bytes())
    assert made[0] == made[1]
    assert os.listdir(atlas.folder / "elsewhere") == []
    hits = atlas.json("search", "a.atlas", "--queries", "base.npy", "-k", 1, "--probes", 16)["hits"]
    assert [hit[0]["key"] for hit in hits] == [3 * row + 1 for row in range(1500)]


def test_memory_bounds_what_a_build_holds(atlas):
    """123 MB of vectors in a process that may have 64 MiB."""
    numpy.save(atlas.folder / "base.npy", numpy.random.default_rng(2).normal(size=(60_000, 512)).astype("f4"))
    how = [atlas.command, "build", "base.npy", "-o", "v.atlas", "--kind", "ivf_pq", "--lists", "32", "--codes", "sq8", "--train-rows", "1000",
           "--iterations", "1", "--threads", "1"]
    limit = 64 << 20
    for memory, code in (("16MiB", OK), ("1GiB", FAILED)):
        done = subprocess.run([*how, "--memory", memory], cwd=atlas.folder, capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
        assert done.returncode == code, (memory, done)
    assert "out of memory" in done.stderr and atlas.json("info", "v.atlas")["count"] == 60_000


def test_a_temporary_folder_that_is_not_there_and_too_little_memory_are_refused(atlas, vectors):
    how = ("build", "base.npy", "-o", "v.atlas", "--kind", "ivf_pq", "--lists", 16)
    assert "nowhere: not found" in atlas.run(*how, "--temporary-folder", "nowhere", code=FILE).err
    assert "none/v.atlas: not found" in atlas.run("build", "base.npy", "-o", "none/v.atlas", "--kind", "ivf_pq", "--lists", 16, code=FILE).err
    for wrong in ("1MB", "-1", "some"):
        assert "--memory" in atlas.run(*how, "--memory", wrong, code=USAGE).err
    assert sorted(os.listdir(atlas.folder)) == ["base.npy", "queries.npy", "truth.npy"]


def test_a_full_disk_leaves_the_old_index(atlas, vectors):
    (atlas.folder / "v.atlas").write_text("the old index")
    for room in (1000, 100_000, 200_000):  # the vectors are 144,000 bytes, the file 260,000
        done = subprocess.run([atlas.command, "build", "base.npy", "-o", "v.atlas", "--kind", "ivf_pq", "--lists", "16", "--codes", "sq8"],
                              cwd=atlas.folder, capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
        assert done.returncode == FAILED and "v.atlas: no space left" in done.stderr, done
    assert (atlas.folder / "v.atlas").read_text() == "the old index"
    assert sorted(os.listdir(atlas.folder)) == ["base.npy", "queries.npy", "truth.npy", "v.atlas"]

def test_a_file_of_few_vectors_stays_without_lists_unless_asked(atlas, vectors):
    built = build(atlas)
    assert (built["lists"], built["trained_on"]) == (0, 0)
    assert "no lists yet, searches compare all" in atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", "ivf_pq").out
    assert "none yet: searches compare all" in atlas.run("info", "v.atlas").out
    assert atlas.json("info", "v.atlas")["parameters"]["trained"] is False
    rows = evaluate(atlas, "-k", 10)["rows"]
    assert [row["recall"] for row in rows] == [1] and "probes" not in rows[0]
    assert "exact" in atlas.run("eval", "v.atlas", "--queries", "queries.npy", "--truth", "truth.npy", "--rounds", 1).out
    assert "not trained yet" in atlas.run("tune", "v.atlas", "--queries", "queries.npy", code=FILE).err
    assert "a trained ivf_pq" in atlas.run("eval", "v.atlas", "--queries", "queries.npy", "--truth", "truth.npy", "--estimates-only",
                                           code=FILE).err
    many = numpy.random.default_rng(4).normal(size=(10000, 4)).astype("f4")
    numpy.save(atlas.folder / "base.npy", many)
    built = build(atlas)
    assert built["trained_on"] == 10000 and built["lists"] == 128  # 40 and more vectors each


def test_eval_of_estimates_and_of_vectors_left_on_disk(atlas, vectors):
    build(atlas, "--lists", 16, "--codes", "rabitq")
    how = ("--probes", "4,16", "--rerank", "2,20", "-k", 10)
    mapped = [row["recall"] for row in evaluate(atlas, *how)["rows"]]
    for option in ("--on-disk", "--load"):
        assert [row["recall"] for row in evaluate(atlas, *how, option)["rows"]] == mapped
    estimated = evaluate(atlas, *how, "--estimates-only")
    assert estimated["estimates_only"] and [row["probes"] for row in estimated["rows"]] == [4, 16]
    assert all(0 < row["recall"] < max(mapped) and "rerank" not in row for row in estimated["rows"])


def test_the_table_is_for_people(atlas, vectors):
    build(atlas, "--lists", 16)
    out = atlas.run("eval", "v.atlas", "--queries", "queries.npy", "--truth", "truth.npy", "--probes", "4,8", "--rerank", "1,9",
                    "--rounds", 1, "-k", 10).out.splitlines()
    assert out[1].split() == ["probes", "rerank", "recall@10", "queries/s"]
    assert [line.split()[:2] for line in out[2:]] == [["4", "1"], ["8", "1"], ["4", "9"], ["8", "9"]]


def test_plot_draws_a_curve_for_each_rerank(atlas, vectors):
    if not shutil.which("gnuplot"):
        pytest.skip("gnuplot is not installed")
    build(atlas, "--lists", 16)
    atlas.run("eval", "v.atlas", "--queries", "queries.npy", "--truth", "truth.npy", "--rounds", 1, "-k", 10, "--rerank", "2,9",
              "--plot", "p.svg")
    picture = (atlas.folder / "p.svg").read_bytes()
    assert b"recall@10, rerank 2" in picture and b"recall@10, rerank 9" in picture


def test_tune(atlas, vectors):
    build(atlas, "--lists", 16, "--recall", 0)
    done = atlas.json("tune", "v.atlas", "--queries", "queries.npy", "--recall", 0.9, "-k", 5, "-o", "t.atlas")
    assert 0.9 <= done["recall"] <= 1 and 1 <= done["probes"] <= 16 and done["rerank"] >= 1 and "width" not in done
    tuned = atlas.json("info", "t.atlas")["parameters"]
    assert (tuned["probes"], tuned["rerank"]) == (done["probes"], done["rerank"])
    assert atlas.json("info", "v.atlas")["parameters"]["rerank"] == 8
    text = atlas.run("tune", "v.atlas", "--queries", "queries.npy", "--recall", 0.9, "-k", 5).out
    assert f"rerank {done['rerank']}, recall@5" in text and "nothing" not in text
    build(atlas, "--lists", 4, "--codes", "pq4", "--parts", 1)  # so coarse that no reranking to be tried is enough
    done = atlas.json("tune", "v.atlas", "--queries", "queries.npy", "--recall", 1, "-k", 1)
    assert done["recall"] < 1
    assert "nothing finds more" in atlas.run("tune", "v.atlas", "--queries", "queries.npy", "--recall", 1, "-k", 1).out


def test_recall_is_promised(atlas, vectors):
    built = build(atlas, "--lists", 16, "--recall", 0.9, "--recall-k", 5)
    promised = built["promised"]
    assert promised["k"] == 5 and 0.899 < promised["recall"] <= 1
    parameters = atlas.json("info", "v.atlas")["parameters"]
    assert parameters["promised"] == promised
    shown = f"recall@5 {int(promised['recall'] * 1000) / 1000:.3f}"
    lines = [line.split(maxsplit=1) for line in atlas.run("info", "v.atlas").out.splitlines() if "promised" in line]
    assert [line[1].strip() for line in lines] == [shown]
    assert f"; {shown}; " in atlas.run("build", "base.npy", "-o", "w.atlas", "--kind", "ivf_pq", "--lists", 16, "--recall", 0.9, "--recall-k", 5).out
    assert atlas.run("verify", "v.atlas")
    # Without a word 0.95 of 10; not where probes or rerank are named, nor where lists are not worth while.
    assert build(atlas, "--lists", 16)["promised"]["k"] == 10
    for options in (["--lists", 16, "--probes", 3], ["--lists", 16, "--rerank", 3], ["--lists", 16, "--recall", 0], []):
        assert build(atlas, *options)["promised"] is None
    assert "promised" not in atlas.run("info", "v.atlas").out
    build(atlas, "--lists", 16, "--probes", 2)
    done = atlas.json("tune", "v.atlas", "--recall", 0.8, "-k", 3)  # by its own vectors
    assert done["recall"] >= 0.8 and atlas.json("info", "v.atlas")["parameters"]["promised"]["k"] == 3
    assert "--recall: expected none beside --probes or --rerank" in atlas.run(
        "build", "base.npy", "-o", "x.atlas", "--kind", "ivf_pq", "--recall", 0.9, "--probes", 4, code=USAGE).err
    for wrong in (["--recall", 1.1], ["--recall", -0.5], ["--recall-k", 0]):
        atlas.run("build", "base.npy", "-o", "x.atlas", "--kind", "ivf_pq", *wrong, code=USAGE)
    atlas.json("build", "base.npy", "-o", "h.atlas")
    assert "--queries: expected a file of them, for hnsw, found none" in atlas.run("tune", "h.atlas", code=USAGE).err


@pytest.mark.parametrize("kind", ["ivf_pq", "hnsw", "flat"])
def test_search_for_vectors(atlas, vectors, kind):
    base, queries = vectors
    many = numpy.concatenate([queries] * 30)  # more than one batch
    numpy.save(atlas.folder / "many.npy", many)
    atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", kind, *(["--lists", 16] if kind == "ivf_pq" else []))
    wide = ["--probes", 16, "--rerank", 100] if kind == "ivf_pq" else ["--width", 600] if kind == "hnsw" else []
    done = atlas.json("search", "v.atlas", "--queries", "many.npy", "-k", 3, *wide)
    ids, distances = truth_of(base, queries, "l2sq", 3)
    assert done["queries"] == 1200 and len(done["hits"]) == 1200
    for start in range(0, 1200, 40):
        assert [[hit["key"] for hit in hits] for hits in done["hits"][start:start + 40]] == ids.tolist()
    assert [hit["distance"] for hit in done["hits"][0]] == pytest.approx(distances[0].tolist(), rel=1e-4)
    lines = atlas.run("search", "v.atlas", "--queries", "queries.npy", "-k", 2, *wide).out.splitlines()
    assert len(lines) == 120 and lines[117] == "query 39" and lines[118].split()[0] == str(ids[39][0])
    if kind == "ivf_pq":
        few = atlas.json("search", "v.atlas", "--queries", "queries.npy", "-k", 3, "--probes", 1, "--rerank", 1)
        assert few["hits"] != done["hits"][:40]


def test_search_refuses_what_does_not_fit(atlas, vectors, docs):
    build(atlas, "--lists", 16)
    numpy.save(atlas.folder / "narrow.npy", vectors[1][:, :-1])
    bad = vectors[1].copy()
    bad[17, 3] = numpy.nan
    numpy.save(atlas.folder / "bad.npy", bad)
    assert "expected 24, found 23" in atlas.run("search", "v.atlas", "--queries", "narrow.npy", code=FILE).err
    assert "row 17" in atlas.run("search", "v.atlas", "--queries", "bad.npy", code=FILE).err
    assert "found neither" in atlas.run("search", "v.atlas", code=USAGE).err
    atlas.run("search", "v.atlas", "words", "--queries", "queries.npy", code=USAGE)
    atlas.run("search", "v.atlas", "--queries", "queries.txt", code=USAGE)
    atlas.run("search", "v.atlas", "--queries", "queries.npy", "--probes", "-1", code=USAGE)
    atlas.run("index", "docs", "-o", "docs.atlas")
    assert "is hnsw" in atlas.run("search", "docs.atlas", "cats", "--probes", 3, code=USAGE).err


def test_compact_and_export(atlas, vectors):
    base, _ = vectors
    build(atlas, "--lists", 16)
    assert atlas.json("compact", "v.atlas", "-o", "w.atlas")["vectors"] == 1500
    for name in ("v", "w"):
        atlas.run("export", name + ".atlas", "-o", name + ".npy")
        assert (numpy.load(atlas.folder / (name + ".npy")) == base).all()
    assert "kind mismatch" in atlas.run("seal", "v.atlas", "-o", "x.atlas", code=FILE).err


def test_candidates_are_compared_by_codes_beside_the_vectors(atlas, vectors):
    build(atlas, "--lists", 16, "--codes", "rabitq", "--rerank", 8, "--rerank-codes", "lvq8")
    assert atlas.json("info", "v.atlas")["parameters"]["rerank_codes"] == "lvq8"
    assert "rerank 8 by lvq8" in atlas.run("info", "v.atlas").out
    assert evaluate(atlas, "--probes", 16, "--rerank", 150, "-k", 10)["rows"][0]["recall"] >= 0.99
    assert evaluate(atlas, "--on-disk", "--probes", 16, "--rerank", 150, "-k", 10)["rows"][0]["recall"] >= 0.99


def test_wrong_options_of_build_are_refused(atlas, vectors):
    base, _ = vectors
    for wrong, says in ((["--codes", "lvq8"], "expected one of automatic, flat, pq4, pq8, rabitq, sq8 for --kind ivf_pq, found lvq8"),
                        (["--codes", "sq8", "--parts", 4], "--parts: expected none for --codes sq8"),
                        (["--codes", "rabitq", "--rotation", "learned"], "--rotation: expected none for --codes rabitq"),
                        (["--codes", "flat", "--rerank-codes", "lvq8"], "--rerank-codes: expected none for --codes flat"),
                        (["--rerank-codes", "lvq"], "--rerank-codes"), (["--rotation", "opq"], "--rotation"), (["--lists", "-1"], "--lists"), (["--lists", (1 << 20) + 1], "--lists"),
                        (["--iterations", 0], "--iterations"), (["--probes", (1 << 20) + 1], "--probes"),
                        (["--rerank", 65537], "--rerank"), (["--train-rows", "-3"], "--train-rows"), (["--parts", 70000], "--parts")):
        assert says in atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", "ivf_pq", *wrong, code=USAGE).err, wrong
    for kind in ("hnsw", "flat"):
        assert f"for --kind {kind}, found pq4" in atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", kind, "--codes", "pq4",
                                                             code=USAGE).err
    for wrong, says in ((["--parts", 25], "parts: expected at most the dimension 24, found 25"),
                        (["--parts", 23], "parts: expected as many as leave none empty, such as 12, found 23"),
                        (["--lists", 1501], "sample.rows: expected at least 1501, found 1500"),
                        (["--lists", 16, "--train-rows", 15], "sample.rows: expected at least 16, found 15")):
        assert says in atlas.run("build", "base.npy", "-o", "v.atlas", "--kind", "ivf_pq", *wrong, code=FILE).err, wrong
    for row, value, metric in ((1400, numpy.nan, "l2sq"), (1498, numpy.inf, "l2sq"), (700, 0, "cosine")):
        bad = base.copy()
        bad[row] = value
        numpy.save(atlas.folder / "bad.npy", bad)
        for options in (["--lists", 8, "--train-rows", 750], ["--lists", 8, "--train-rows", 100], []):
            done = atlas.run("build", "bad.npy", "-o", "v.atlas", "--kind", "ivf_pq", "--metric", metric, *options, code=FILE)
            assert f"row {row}" in done.err, (row, options)
    assert not (atlas.folder / "v.atlas").exists()


def test_interrupted_training_leaves_the_old_index_and_nothing_else(atlas):
    numpy.save(atlas.folder / "base.npy", numpy.random.default_rng(6).normal(size=(40000, 64)).astype("f4"))
    (atlas.folder / "v.atlas").write_text("the old index")
    child = subprocess.Popen([atlas.command, "build", "base.npy", "-o", "v.atlas", "--kind", "ivf_pq", "--lists", "3000",
                              "--iterations", "1000"], cwd=atlas.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):  # it would take minutes
        child.wait(0.5)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == INTERRUPTED and b"cancelled" in err, (out, err)
    assert (atlas.folder / "v.atlas").read_text() == "the old index"
    assert sorted(os.listdir(atlas.folder)) == ["base.npy", "v.atlas"]


def test_help_names_what_is_ivf_pqs(atlas):
    text = " ".join(atlas.run("build", "--help").out.split())
    for option in ("--lists", "--parts", "--rotation", "--iterations", "--probes", "--rerank", "--train-rows", "--memory", "--temporary-folder"):
        assert option in text
    assert "ivf_pq: flat, pq4, pq8, rabitq, sq8" in text
