# SPDX-License-Identifier: Apache-2.0
"""IvfBuilder and build_ivf_pq: the file, what is refused, and what is left behind."""

import os
import pathlib
import subprocess
import sys
import threading

import numpy as np
import pytest

import atlas
from conftest import native_only, pure_only, random_rows


def small(path, **options):
    return atlas.IvfBuilder(path, 8, **{"lists": 4, "list_codes": "sq8", **options})


def search_all(path, vectors, keys):
    """Whether each vector is found under its key, with all lists looked at."""
    with atlas.Index.open(path) as index:
        found = index.search(vectors, k=1, probes=max(index.info().lists, 1))
        return len(index) == len(vectors) and (found.keys[:, 0] == keys).all()


@native_only
@pytest.mark.parametrize("options", [{"probes": 2}, {"recall": 0.9, "recall_k": 5}])
def test_the_file_is_that_of_an_index_with_the_same_training_and_adds(tmp_path, options):
    vectors = random_rows(1, 1000, 8)
    keys = np.arange(1000, dtype=np.uint64) * 3
    with atlas.Index.create(8, kind="ivf_pq", lists=4, list_codes="sq8", **options) as index:
        index.train(vectors)
        index.add(keys, vectors)
        if "recall" in options:
            assert index.tune(k=5, recall=0.9).recall >= 0.9
        index.save(tmp_path / "index.atlas")
    with small(tmp_path / "built.atlas", **options) as builder:
        assert (builder.lists, len(builder), builder.dimension) == (0, 0, 8)
        seen = []
        builder.train(vectors, progress=lambda done, total: seen.append(done))
        assert seen and builder.lists == 4
        for first in range(0, 300, 10):
            builder.add(keys[first:first + 10], vectors[first:first + 10])
        builder.add([int(keys[300])], vectors[300])
        seen.clear()
        builder.add(list(map(int, keys[301:])), vectors[301:], progress=lambda done, total: seen.append((done, total, len(builder))))
        assert seen[-1] == (699, 699, 301) and len(builder) == 1000  # inside a call it says what was before
        assert not (tmp_path / "built.atlas").exists()
    assert (tmp_path / "built.atlas").read_bytes() == (tmp_path / "index.atlas").read_bytes()
    with pytest.raises(atlas.Closed, match="builder"):
        len(builder)
    with atlas.Index.open(tmp_path / "built.atlas") as index:
        assert (index.info().promised is not None) == ("recall" in options)


@native_only
@pytest.mark.parametrize("source", ["builder", "file", "array", "iterable"])
def test_codes_to_rerank_by_are_written(tmp_path, source):
    vectors = random_rows(1, 1500, 8)
    options = {"lists": 4, "list_codes": "sq8", "rerank_codes": "lvq8"}
    path = tmp_path / "built.atlas"
    if source == "builder":
        with small(path, rerank_codes="lvq8") as builder:
            builder.train(vectors)
            builder.add(range(1500), vectors)
    elif source == "file":
        np.save(tmp_path / "vectors.npy", vectors)
        atlas.build_ivf_pq(path, tmp_path / "vectors.npy", **options)
    else:
        atlas.build_ivf_pq(path, vectors if source == "array" else [vectors[:900], vectors[900:]], **options)
    with atlas.Index.open(path) as index:
        assert index.info().rerank_codes == "lvq8"
    assert search_all(path, vectors, np.arange(1500))


@native_only
def test_leaving_by_an_exception_or_closing_gives_up(tmp_path):
    path = tmp_path / "built.atlas"
    path.write_text("before")
    vectors = random_rows(1, 1000, 8)
    with pytest.raises(KeyError):
        with small(path) as builder:
            builder.train(vectors)
            builder.add(np.arange(1000), vectors)
            raise KeyError("of the user")
    builder = small(path)
    builder.train(vectors)
    builder.close()
    with pytest.raises(atlas.Closed):
        builder.add(np.arange(1000), vectors)
    with pytest.raises(atlas.InvalidArgument, match="train first"):
        with small(path):
            pass
    del builder
    assert path.read_text() == "before" and os.listdir(tmp_path) == ["built.atlas"]
    with small(path) as builder:
        builder.train(vectors)
        builder.add(np.arange(1000), vectors)
        builder.finish()
        assert len(builder) == 1000
    assert search_all(path, vectors, np.arange(1000))


@native_only
def test_what_does_not_fit_is_refused_and_the_builder_goes_on(tmp_path):
    vectors = random_rows(1, 1000, 8)
    with small(tmp_path / "built.atlas") as builder:
        for call in (lambda: builder.add([1], vectors[:1]), builder.finish):
            with pytest.raises(atlas.InvalidArgument, match="train first"):
                call()
        with pytest.raises(atlas.InvalidArgument, match="at least 4, found 3"):
            builder.train(vectors[:3])
        with pytest.raises(atlas.DimensionMismatch, match="expected 8, found 7"):
            builder.train(np.ascontiguousarray(vectors[:, :7]))
        with pytest.raises(atlas.Cancelled):
            builder.train(vectors, progress=lambda done, total: False)
        builder.train(vectors)
        with pytest.raises(atlas.InvalidArgument, match="a second time"):
            builder.train(vectors)
        bad = vectors.copy()
        bad[77, 3] = np.nan
        with pytest.raises(atlas.NotFinite) as problem:
            builder.add(np.arange(1000), bad)
        assert problem.value.row == 77
        with pytest.raises(atlas.DuplicateKey) as problem:
            builder.add(np.arange(1000) % 600, vectors)
        assert problem.value.row == 600
        with pytest.raises(TypeError, match="float64"):
            builder.add([1], vectors[:1].astype("f8"))
        with pytest.raises(ValueError, match="expected 2 keys"):
            builder.add([1], vectors[:2])
        assert len(builder) == 0
        builder.add(np.arange(1000), vectors)
    with small(tmp_path / "other.atlas") as builder:
        builder.train(vectors)
        with pytest.raises(ZeroDivisionError):
            builder.add(np.arange(1000), vectors, progress=lambda done, total: 1 // 0)
        with pytest.raises(atlas.Cancelled):  # the end of it
            builder.finish()
        builder._is_finished = True
    assert os.listdir(tmp_path) == ["built.atlas"]


@pytest.mark.parametrize("options, kind, says", [
    ({"memory": 1000}, atlas.InvalidArgument, "memory: expected at least 16777216, found 1000"),
    ({"metric": "hamming"}, atlas.InvalidArgument, "metric"),
    ({"stored": "float64"}, atlas.InvalidArgument, "stored"),
    ({"lists": 1 << 21}, atlas.InvalidArgument, "lists"),
    ({"rows": -1}, atlas.InvalidArgument, "rows"),
    ({"rows": 1 << 32}, atlas.InvalidArgument, "rows"),
    ({"threads": 5000}, atlas.InvalidArgument, "threads"),
    ({"temporary_folder": b"a\0b"}, atlas.InvalidArgument, "temporary_folder"),
    ({"temporary_folder": 7}, TypeError, "temporary_folder"),
])
def test_options_are_checked_by_name_on_both_backends(tmp_path, options, kind, says):
    for call in (lambda: small(tmp_path / "a.atlas", **options),
                 lambda: atlas.build_ivf_pq(tmp_path / "a.atlas", random_rows(1, 10, 8), **options),
                 lambda: atlas.build_ivf_pq(tmp_path / "a.atlas", tmp_path / "none.npy", **options)):
        with pytest.raises(kind, match=says):
            call()
    assert os.listdir(tmp_path) == []


@native_only
def test_folders_that_are_not_there(tmp_path):
    for path, options in ((tmp_path / "none" / "a.atlas", {}), (tmp_path / "a.atlas", {"temporary_folder": tmp_path / "none"})):
        with pytest.raises(atlas.NotFound, match="folder"):
            small(path, **options)
    other = tmp_path / "other"
    other.mkdir()
    with small(tmp_path / "a.atlas", temporary_folder=str(other)) as builder:
        builder.train(random_rows(1, 100, 8))
        builder.add([3], random_rows(1, 1, 8))
        assert list(other.iterdir()) == []


@native_only
@pytest.mark.parametrize("source", ["file", "mapped", "array", "arrays", "pairs", "vectors"])
def test_build_of_a_file_an_array_and_an_iterable(tmp_path, source):
    vectors = random_rows(2, 1200, 8)
    np.save(tmp_path / "vectors.npy", vectors)
    keys = np.arange(1200, dtype=np.uint64) + 500
    given = {"file": tmp_path / "vectors.npy", "mapped": np.load(tmp_path / "vectors.npy", mmap_mode="r"), "array": vectors,
             "arrays": (vectors[first:first + 70] for first in range(0, 1200, 70)),
             "pairs": ((keys[first:first + 70], vectors[first:first + 70]) for first in range(0, 1200, 70)),
             "vectors": list(vectors)}[source]
    has_keys = source in ("file", "mapped", "pairs")
    seen = []
    count = atlas.build_ivf_pq(tmp_path / "built.atlas", given, "cosine", lists=6, train_rows=300, stored="bfloat16",
                               keys=keys if source in ("file", "mapped") else None, list_codes="flat",
                               progress=lambda done, total: seen.append((done, total)))
    assert count == 1200
    assert seen == sorted(seen) and seen[-1][0] == (1000 if source == "file" else 1200)
    assert search_all(tmp_path / "built.atlas", vectors, np.arange(1200) + (500 if has_keys else 0))
    with atlas.Index.open(tmp_path / "built.atlas") as index:
        assert (index.metric, index.info().stored, index.info().lists) == ("cosine", "bfloat16", 6)
    assert sorted(os.listdir(tmp_path)) == ["built.atlas", "vectors.npy"]


@native_only
def test_lists_are_as_many_as_suit_the_vectors(tmp_path):
    vectors = random_rows(3, 12_000, 4)
    np.save(tmp_path / "vectors.npy", vectors)
    for given, options in ((tmp_path / "vectors.npy", {}), (vectors, {}), ((vectors[i:i + 500] for i in range(0, 12_000, 500)), {"rows": 12_000}),
                           ((vectors[i:i + 500] for i in range(0, 12_000, 500)), {})):
        atlas.build_ivf_pq(tmp_path / "built.atlas", given, **options)
        with atlas.Index.open(tmp_path / "built.atlas") as index:
            assert index.info().lists == 128 and len(index) == 12_000


@native_only
def test_a_buffer_that_is_filled_anew_for_each_batch(tmp_path):
    vectors = random_rows(2, 1000, 8)
    buffer = np.empty((100, 8), dtype=np.float32)

    def batches():
        for first in range(0, 1000, 100):
            buffer[:] = vectors[first:first + 100]
            yield buffer

    assert atlas.build_ivf_pq(tmp_path / "built.atlas", batches(), lists=4, train_rows=400) == 1000
    assert search_all(tmp_path / "built.atlas", vectors, np.arange(1000))


@native_only
@pytest.mark.parametrize("source", ["file", "array"])
@pytest.mark.parametrize("train_rows", [0, 10, 999])
def test_a_vector_that_cannot_be_taken_is_named_by_its_row(tmp_path, source, train_rows):
    vectors = random_rows(2, 1000, 8)
    vectors[733, 5] = np.inf
    np.save(tmp_path / "vectors.npy", vectors)
    given = vectors if source == "array" else tmp_path / "vectors.npy"
    with pytest.raises(atlas.NotFinite, match="row 733") as problem:
        atlas.build_ivf_pq(tmp_path / "built.atlas", given, lists=4, list_codes="sq8", train_rows=train_rows)
    assert problem.value.row == 733
    vectors[733, 5] = 0
    np.save(tmp_path / "vectors.npy", vectors)
    with pytest.raises(atlas.DuplicateKey) as problem:
        atlas.build_ivf_pq(tmp_path / "built.atlas", given, lists=4, keys=np.arange(1000) % 900)
    assert problem.value.row == 900
    assert os.listdir(tmp_path) == ["vectors.npy"]


@native_only
def test_wrong_vectors_of_a_build(tmp_path):
    path = tmp_path / "built.atlas"
    vectors = random_rows(2, 1000, 8)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.npy").write_text("x")

    def interrupted():
        yield vectors[:100]
        raise KeyError("of the user")

    for given, options, kind, says in (
            (tmp_path / "none.npy", {}, atlas.NotFound, "none.npy"), (tmp_path / "a.txt", {}, atlas.InvalidArgument, "ending"),
            (tmp_path / "a.npy", {}, atlas.AtlasError, "npy"), (vectors[0], {}, ValueError, "2 dimensions"),
            (vectors.astype("f8"), {}, TypeError, "float64"), (vectors[:0], {}, atlas.InvalidArgument, "at least 1"),
            ([], {}, atlas.InvalidArgument, "at least 1"), ([vectors[:0]], {}, atlas.InvalidArgument, "at least 1"),
            (7, {}, TypeError, "found int"), ([7], {}, TypeError, "found int"), ([vectors, vectors[:, :4].copy()], {}, atlas.DimensionMismatch, "8, found 4"),
            ([vectors], {"keys": [1]}, atlas.InvalidArgument, "None for an iterable"), (vectors, {"keys": [1]}, ValueError, "1000 keys"),
            ([([1, 2], vectors)], {}, ValueError, "1000 keys"), (interrupted(), {"lists": 4, "train_rows": 50}, KeyError, "of the user"),
            (vectors, {"lists": 1001}, atlas.InvalidArgument, "at least 1001")):
        with pytest.raises(kind, match=says):
            atlas.build_ivf_pq(path, given, **options)
    for given in (vectors, [vectors[:500], vectors[500:]]):
        for when in (0, 500, 1000):
            with pytest.raises(atlas.Cancelled):
                atlas.build_ivf_pq(path, given, lists=4, train_rows=400, progress=lambda done, total: done < when)
    assert sorted(os.listdir(tmp_path)) == ["a.npy", "a.txt"]


@native_only
def test_threads_add_to_one_builder(tmp_path):
    vectors = random_rows(2, 1000, 8)
    problems = []
    with small(tmp_path / "built.atlas") as builder:
        builder.train(vectors)

        def work(which):
            try:
                for first in range(which * 250, which * 250 + 250, 50):
                    builder.add(np.arange(first, first + 50), vectors[first:first + 50])
            except Exception as problem:
                problems.append(problem)

        threads = [threading.Thread(target=work, args=(which,)) for which in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == [] and search_all(tmp_path / "built.atlas", vectors, np.arange(1000))


@native_only
def test_a_killed_build_leaves_the_old_file(tmp_path, library_environment):
    (tmp_path / "built.atlas").write_text("before")
    code = """
        import os, signal, numpy as np, atlas
        builder = atlas.IvfBuilder("built.atlas", 8, lists=4)
        vectors = np.random.default_rng(1).normal(size=(1000, 8)).astype("f4")
        builder.train(vectors)
        builder.add(np.arange(1000), vectors)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", "\n".join(line[8:] for line in code.splitlines())], cwd=tmp_path, env=library_environment)
    assert done.returncode == -9
    assert (tmp_path / "built.atlas").read_text() == "before"
    assert sum(path.stat().st_size for path in pathlib.Path(tmp_path).glob(".atlas-*.tmp")) < 100_000  # vectors on their way are gone


@pure_only
def test_without_the_native_library_nothing_is_built(tmp_path):
    taken = []

    def batches():
        taken.append(1)
        yield random_rows(1, 10, 8)

    (tmp_path / "vectors.npy").write_bytes(b"")
    for call in (lambda: small(tmp_path / "a.atlas"), lambda: atlas.build_ivf_pq(tmp_path / "a.atlas", tmp_path / "vectors.npy"),
                 lambda: atlas.build_ivf_pq(tmp_path / "a.atlas", random_rows(1, 10, 8)),
                 lambda: atlas.build_ivf_pq(tmp_path / "a.atlas", batches())):
        with pytest.raises(atlas.NativeRequired, match="building lists; an index of kind 'flat' searches exactly"):
            call()
    assert taken == [] and os.listdir(tmp_path) == ["vectors.npy"]
