# SPDX-License-Identifier: Apache-2.0
"""Index: what it answers, and what it refuses, the same over both backends."""

import os
import threading

import numpy as np
import pytest

import atlas
from conftest import native_only, pure_only, random_rows, reference

METRICS = ("l2sq", "inner_product", "cosine")
KINDS = ("flat", "hnsw", "ivf_pq") if atlas.native else ("flat",)


def filled(kind="auto", rows=200, dimension=12, metric="l2sq", seed=1):
    index = atlas.Index.create(dimension, metric, kind)
    vectors = random_rows(seed, rows, dimension)
    index.add(np.arange(rows, dtype=np.uint64), vectors)
    return index, vectors


@pytest.mark.parametrize("metric", METRICS)
def test_flat_search_is_exact(metric):
    index, vectors = filled("flat", metric=metric)
    queries = random_rows(2, 9, 12)
    hits = index.search(queries, k=7)
    want = reference(queries, vectors, metric)
    assert hits.keys.dtype == np.uint64 and hits.keys.shape == (9, 7)
    assert hits.distances.dtype == np.float32 and hits.distances.shape == (9, 7)
    assert hits.counts.dtype == np.uint32 and hits.counts.tolist() == [7] * 9
    np.testing.assert_array_equal(hits.keys, np.argsort(want, axis=1, kind="stable")[:, :7])
    np.testing.assert_allclose(hits.distances, np.sort(want, axis=1)[:, :7], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_vector_finds_itself(kind):
    index, vectors = filled(kind)
    hits = index.search(vectors, k=1)
    assert hits.keys[:, 0].tolist() == list(range(200))
    assert hits.distances[:, 0].tolist() == [0.0] * 200


def test_one_query_gives_one_row():
    index, vectors = filled()
    keys, distances, count = index.search(vectors[17], k=3)
    assert keys.shape == distances.shape == (3,) and keys[0] == 17 and count == 3


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_than_k_is_a_count(kind):
    index, vectors = filled(kind, rows=3)
    hits = index.search(vectors[:2], k=6)
    assert hits.counts.tolist() == [3, 3]
    assert (hits.keys[:, 3:] == atlas.RESERVED_KEY).all() and np.isinf(hits.distances[:, 3:]).all()
    empty = atlas.Index.create(12, kind=kind)
    assert empty.search(vectors, k=2).counts.tolist() == [0, 0, 0]
    assert empty.search(np.empty((0, 12), dtype=np.float32), k=2).keys.shape == (0, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_k_far_above_the_size_costs_columns_only(kind):
    index, vectors = filled(kind, rows=5)
    few = index.search(vectors[:2], k=5)
    many = index.search(vectors[:2], k=1 << 20)
    assert many.keys.shape == many.distances.shape == (2, 1 << 20) and many.counts.tolist() == [5, 5]
    np.testing.assert_array_equal(many.keys[:, :5], few.keys)
    np.testing.assert_array_equal(many.distances[:, :5], few.distances)
    assert (many.keys[:, 5:] == atlas.RESERVED_KEY).all() and np.isposinf(many.distances[:, 5:]).all()
    for k in ((1 << 24) + 1, 10**9, 1 << 70):
        with pytest.raises(atlas.InvalidArgument, match=f"k: expected 1 to 16777216, found {k}"):
            index.search(vectors[:1], k=k)


@pytest.mark.parametrize("kind", KINDS)
def test_filters_of_every_sort_agree(kind):
    index, vectors = filled(kind)
    wanted = [3, 64, 65, 199]
    mask = np.zeros(200, dtype=bool)
    mask[wanted] = True
    for allowed in (wanted, set(wanted), np.array(wanted, dtype=np.uint64), np.array(wanted), mask,
                    atlas.Bitmap.of(wanted), atlas.Bitmap.from_mask(mask)):
        hits = index.search(vectors[:5], k=10, allowed=allowed)
        assert hits.counts.tolist() == [4] * 5
        assert {int(key) for key in hits.keys[:, :4].ravel()} == set(wanted)
        assert set(index.range(vectors[0], 1e6, allowed=allowed)[0].tolist()) == set(wanted)
    assert index.search(vectors[:1], allowed=[]).counts.tolist() == [0]
    assert index.search(vectors[:1], allowed=[10**9]).counts.tolist() == [0]
    with pytest.raises(ValueError, match="2\\*\\*36"):
        index.search(vectors[:1], allowed=[1 << 60])
    with pytest.raises(TypeError, match="allowed"):
        index.search(vectors[:1], allowed=7)
    with pytest.raises(TypeError, match="float"):
        index.search(vectors[:1], allowed=np.array([1.5]))


@pytest.mark.parametrize("kind", KINDS)
def test_range_gives_all_within_nearest_first(kind):
    index, vectors = filled(kind, rows=100)
    want = reference(vectors[:1], vectors, "l2sq")[0]
    radius = float(np.sort(want)[20])
    keys, distances = index.range(vectors[0], radius * 1.0001)
    assert keys.tolist() == np.argsort(want, kind="stable")[:21].tolist()
    assert (np.diff(distances) >= 0).all()
    assert index.range(vectors[0], radius, limit=3)[0].tolist() == keys[:3].tolist()
    assert index.range(vectors[0], radius, limit=0)[0].size == 0
    with pytest.raises(atlas.InvalidArgument):
        index.range(vectors[0], float("nan"))
    with pytest.raises(ValueError, match="one vector"):
        index.range(vectors[:2], 1.0)


def test_range_of_more_than_a_thousand():
    index, vectors = filled("flat", rows=3000, dimension=4)
    assert index.range(vectors[0], 1e9)[0].size == 3000


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", KINDS)
def test_distances_and_get_by_key(kind, metric):
    index, vectors = filled(kind, metric=metric)
    np.testing.assert_allclose(index.distances(vectors[:3], [5, 0, 7]),
                               reference(vectors[:3], vectors[[5, 0, 7]], metric), rtol=1e-5, atol=1e-5)
    assert index.distances(vectors[0], np.array([1], dtype=np.uint64)).shape == (1,)
    got = index.get([9, 2])
    assert got.dtype == np.float32 and (got == vectors[[9, 2]]).all()
    assert (index.get(9) == vectors[9]).all() and index.get(9).shape == (12,)
    with pytest.raises(atlas.KeyNotFound) as caught:
        index.get([1, 777])
    assert caught.value.row == 1 and caught.value.code == -13 and isinstance(caught.value, LookupError)
    with pytest.raises(atlas.KeyNotFound):
        index.distances(vectors[0], [777])


@pytest.mark.parametrize("kind", KINDS)
def test_remove_upsert_contains_keys(kind):
    index, vectors = filled(kind, rows=20)
    assert len(index) == 20 and 3 in index and 20 not in index and np.uint64(4) in index
    assert index.remove(3) == 1
    assert index.remove([4, 5, 4]) == 2
    assert len(index) == 17 and 3 not in index
    assert index.contains([3, 4, 6]).tolist() == [False, False, True]
    with pytest.raises(atlas.KeyNotFound) as caught:
        index.remove([6, 3])
    assert caught.value.row == 1 and 6 in index
    assert index.remove([3, 10**6, 4], missing_ok=True) == 0 and len(index) == 17
    assert 3 not in index.search(vectors[3], k=20).keys.tolist()
    index.upsert([3, 6], vectors[[0, 1]])
    assert len(index) == 18 and (index.get(6) == vectors[1]).all()
    assert sorted(index.keys().tolist()) == [0, 1, 2, 3] + list(range(6, 20))
    assert index.search(vectors[1], k=2).keys.tolist() == [1, 6]
    index.add([4], vectors[4:5])
    assert 4 in index
    assert index.remove(np.arange(1, 100), missing_ok=True) == 18 and index.keys().tolist() == [0]
    assert index.search(vectors[7], k=5).keys[0] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_every_size_and_type(kind):
    index = atlas.Index.create(2, kind=kind)
    one = np.ones((1, 2), dtype=np.float32)
    for keys in ([0], [2**64 - 2], np.array([1], dtype=np.int32), np.array([2**63], dtype=np.uint64), range(7, 8), {9}):
        index.add(keys, one)
    assert len(index) == 6 and 2**64 - 2 in index and 2**63 in index
    for keys, error in (([-1], ValueError), ([1.5], TypeError), (["a"], TypeError), (5, TypeError), ("5", TypeError),
                        (np.zeros((1, 1), dtype=np.uint64), ValueError), ([1, 2], ValueError),
                        (np.array([True]), TypeError), ([2**64], (TypeError, ValueError))):
        with pytest.raises(error):
            index.add(keys, one)
    with pytest.raises(atlas.InvalidArgument):
        index.add([2**64 - 1], one)
    with pytest.raises(TypeError):
        "a" in index
    assert len(index) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_arrays_are_refused_and_say_what_was_expected_and_found(kind):
    index = atlas.Index.create(4, "cosine", kind)
    keys = np.arange(2, dtype=np.uint64)
    good = random_rows(5, 2, 4)
    readable = good.copy()
    readable.flags.writeable = False
    cases = [
        (good.astype(np.float64), TypeError, "expected dtype float32, found float64"),
        (good.astype(">f4"), TypeError, "expected dtype float32, found >f4"),
        (good.astype(np.float16), TypeError, "float16"),
        (good.tolist(), TypeError, "expected a numpy.ndarray of float32, found list"),
        (np.ma.masked_array(good), TypeError, "MaskedArray"),
        (np.asfortranarray(random_rows(5, 2, 4)), ValueError, "C-contiguous"),
        (random_rows(5, 4, 4)[::2], ValueError, "C-contiguous"),
        (random_rows(5, 2, 8)[:, ::2], ValueError, "ascontiguousarray"),
        (good[0], ValueError, "expected 2 dimensions"),
        (good.reshape(1, 2, 4), ValueError, "shape"),
        (random_rows(5, 2, 3), atlas.DimensionMismatch, "expected 4, found 3"),
        (np.frombuffer(b"\0" + good.tobytes(), dtype=np.float32, offset=1, count=8).reshape(2, 4), ValueError,
         "aligned"),
    ]
    for vectors, error, text in cases:
        with pytest.raises(error, match=text):
            index.add(keys, vectors)
    for queries, error, text in cases:
        if getattr(queries, "ndim", 0) != 1:
            with pytest.raises(error, match=text.replace("2 dimensions", "1 or 2 dimensions")):
                index.search(queries)
    assert len(index) == 0
    index.add(keys, readable)
    assert len(index) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_batch_is_refused_whole(kind):
    index, _ = filled(kind, rows=5, dimension=3, metric="cosine")
    vectors = random_rows(6, 3, 3)

    def refused(error, code, row):
        with pytest.raises(error) as caught:
            index.add([10, 11, 12], vectors)
        assert (caught.value.code, caught.value.row) == (code, row) and len(index) == 5

    vectors[1, 2] = np.nan
    refused(atlas.NotFinite, -10, 1)
    vectors[1, 2] = -np.inf
    refused(atlas.NotFinite, -10, 1)
    vectors[1] = 0
    refused(atlas.ZeroVector, -11, 1)
    for keys, row in (([10, 11, 10], 2), ([10, 3, 11], 1)):
        with pytest.raises(atlas.DuplicateKey) as caught:
            index.add(keys, random_rows(6, 3, 3))
        assert caught.value.row == row and len(index) == 5
    query = np.zeros(3, dtype=np.float32)
    with pytest.raises(atlas.ZeroVector):
        index.search(query)
    query[0] = np.nan
    with pytest.raises(atlas.NotFinite):
        index.search(query)


def test_options_out_of_range():
    with pytest.raises(atlas.InvalidArgument, match="dimension"):
        atlas.Index.create(0)
    with pytest.raises(atlas.LimitExceeded):
        atlas.Index.create(65536)
    with pytest.raises(ValueError, match="metric"):
        atlas.Index.create(4, metric="manhattan")
    with pytest.raises(ValueError, match="kind"):
        atlas.Index.create(4, kind="tree")
    with pytest.raises(ValueError, match="connectivity"):
        atlas.Index.create(4, connectivity=1)
    with pytest.raises(TypeError):
        atlas.Index.create(4.5)
    index = atlas.Index.create(4)
    query = np.zeros(4, dtype=np.float32)
    for bad in (0, -1):
        with pytest.raises(atlas.InvalidArgument, match="k"):
            index.search(query, k=bad)
    with pytest.raises(ValueError):
        index.search(query, threads=-1)
    with pytest.raises(TypeError):
        index.search(query, k=2.0)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", KINDS)
def test_save_and_open(tmp_path, kind, metric):
    index, vectors = filled(kind, metric=metric)
    index.remove([7, 8])
    path = tmp_path / "index.atlas"
    index.save(path)
    atlas.verify(path)
    assert sorted(os.listdir(tmp_path)) == ["index.atlas"]
    with atlas.Index.open(path) as mapped:
        assert (mapped.kind, mapped.metric, mapped.dimension, len(mapped)) == (kind, metric, 12, 198)
        assert mapped.info().read_only and sum(mapped.info().memory.values()) > 0
        one, other = index.search(vectors[:20]), mapped.search(vectors[:20])
        np.testing.assert_array_equal(one.keys, other.keys)
        np.testing.assert_allclose(one.distances, other.distances, atol=1e-6)
        assert (mapped.get(100) == vectors[100]).all() and 7 not in mapped
        assert sorted(mapped.keys().tolist()) == sorted(index.keys().tolist())
        assert kind != "flat" or mapped.keys().tolist() == index.keys().tolist()
        for change in (lambda: mapped.add([1000], vectors[:1]), lambda: mapped.remove(1), lambda: mapped.reserve(9),
                       lambda: mapped.upsert([1], vectors[:1])):
            with pytest.raises(atlas.ReadOnly):
                change()
    changed = atlas.Index.open(str(path), mode="change")
    changed.add([1000], vectors[:1])
    changed.remove(0)
    assert len(changed) == 198 and len(atlas.Index.open(path)) == 198 and 0 in atlas.Index.open(path)
    changed.save(path)
    assert 0 not in atlas.Index.open(os.fsencode(path)) and 1000 in atlas.Index.open(path)


def test_opening_what_is_no_index(tmp_path):
    missing = tmp_path / "missing.atlas"
    with pytest.raises(atlas.NotFound, match=str(missing)) as caught:
        atlas.Index.open(missing)
    assert isinstance(caught.value, FileNotFoundError) and caught.value.code == -17
    with pytest.raises(IsADirectoryError):
        atlas.Index.open(tmp_path)
    with pytest.raises(ValueError, match="mode"):
        atlas.Index.open(missing, mode="w")
    with pytest.raises(TypeError):
        atlas.Index.open(7.5)
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    with pytest.raises(atlas.CorruptFile, match="4096"):
        atlas.Index.open(empty)
    text = tmp_path / "text"
    text.write_bytes(b"no index" * 1000)
    with pytest.raises(atlas.NotAtlasFile):
        atlas.Index.open(text)


def test_a_path_with_a_nul_byte_is_refused(tmp_path):
    index, _ = filled("flat")
    stem = os.fsencode(tmp_path / "a.atlas")
    index.save(stem)
    for path in (stem + b"\0.bak", os.fsdecode(stem) + "\0", tmp_path / "a.atlas\0b"):
        for call in (atlas.Index.open, index.save, atlas.verify, atlas.Folder.open,
                     lambda path: atlas.Folder.build(path, "out"), lambda path: atlas.Folder.build("in", path)):
            with pytest.raises(atlas.InvalidArgument, match="(path|folder|output): expected a path without NUL bytes, found b'"):
                call(path)
    with pytest.raises(atlas.InvalidArgument, match="path: expected a path that can be encoded, found '.ud800'"):
        atlas.Index.open("\ud800")
    with pytest.raises(TypeError, match="path: expected str, bytes or os.PathLike, found float"):
        atlas.Index.open(1.5)
    assert os.listdir(tmp_path) == ["a.atlas"]


def test_damaged_files_are_refused_alike(tmp_path):
    index, _ = filled("flat", rows=30)
    good = tmp_path / "good.atlas"
    index.save(good)
    data = good.read_bytes()
    path = tmp_path / "damaged.atlas"

    def damaged(at, value):
        path.write_bytes(data[:at] + value + data[at + len(value):])
        return path

    for at, value, error in ((0, b"X", atlas.NotAtlasFile), (8, b"\1\2\3\4", atlas.WrongByteOrder),
                             (8, b"\7\7\7\7", atlas.CorruptFile), (12, b"\2", atlas.UnsupportedVersion),
                             (16, b"\1", atlas.CorruptFile), (24, b"\1", atlas.CorruptFile), (56, b"\1", atlas.CorruptFile),
                             (1040, b"\xff", atlas.CorruptFile), (4000, b"\1", atlas.CorruptFile)):
        with pytest.raises(error, match="damaged.atlas"):
            atlas.Index.open(damaged(at, value))
    for size in (1, 7, 8, 4095, 4096, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(atlas.CorruptFile):
            atlas.Index.open(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(atlas.CorruptFile, match="size_bytes"):
        atlas.Index.open(path)
    flipped = damaged(66000, bytes([data[66000] ^ 1]))
    atlas.Index.open(flipped).close()
    with pytest.raises(atlas.CorruptFile, match="checksum"):
        atlas.verify(flipped)


def test_a_failed_save_leaves_what_stood_there(tmp_path):
    index, _ = filled(rows=50)
    path = tmp_path / "kept.atlas"
    index.save(path)
    before = path.read_bytes()
    calls = []
    with pytest.raises(atlas.Cancelled):
        index.save(path, progress=lambda done, total: calls.append((done, total)) or False)
    assert calls and path.read_bytes() == before and os.listdir(tmp_path) == ["kept.atlas"]
    with pytest.raises(FileNotFoundError):
        index.save(tmp_path / "no" / "such.atlas")
    with pytest.raises(IsADirectoryError):
        index.save(tmp_path)
    link = tmp_path / "link.atlas"
    link.symlink_to(path)
    index.save(link)
    assert link.is_symlink()


@pytest.mark.parametrize("kind", KINDS)
def test_progress_and_its_exceptions(kind):
    index, vectors = filled(kind, rows=400)
    calls = []
    index.add(np.arange(1000, 1400), vectors, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (400, 400) and len(index) == 800

    def stumble(done, total):
        raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError, match="stumbled"):
        index.add(np.arange(2000, 2400), vectors, progress=stumble)
    with pytest.raises(atlas.Cancelled):
        index.add(np.arange(2000, 2400), vectors, progress=lambda done, total: False)
    assert len(index) == 800
    errors = []

    def in_thread():
        try:
            index.add(np.arange(2000, 2400), vectors, progress=stumble)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert len(errors) == 1 and len(index) == 800


def test_closed_means_closed(tmp_path):
    index, vectors = filled()
    index.close()
    index.close()
    for call in (lambda: index.search(vectors), lambda: len(index), lambda: index.add([1000], vectors[:1]),
                 lambda: index.save(tmp_path / "x"), lambda: index.keys(), lambda: index.get(1)):
        with pytest.raises(atlas.Closed):
            call()


def test_several_threads_search_and_close():
    index, vectors = filled(rows=500)
    wrong = []

    def search():
        try:
            for i in range(50):
                if index.search(vectors[i], k=1).keys[0] != i:
                    wrong.append(i)
        except atlas.Closed:
            pass

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    index.close()
    for thread in threads:
        thread.join()
    assert not wrong


def test_distances_of_arrays():
    queries, rows = random_rows(1, 4, 9), random_rows(2, 6, 9)
    for metric in METRICS:
        np.testing.assert_allclose(atlas.distances(queries, rows, metric), reference(queries, rows, metric), rtol=1e-5, atol=1e-5)
    assert atlas.distances(queries[0], rows).shape == (6,)
    zero = np.zeros((1, 9), dtype=np.float32)
    assert atlas.distances(zero, rows[:1], "cosine").tolist() == [[1.0]]
    with pytest.raises(atlas.DimensionMismatch):
        atlas.distances(queries, random_rows(2, 6, 8))
    with pytest.raises(TypeError):
        atlas.distances([1.0, 2.0], rows)
    with pytest.raises(ValueError, match="metric"):
        atlas.distances(queries, rows, "hamming")


def test_far_apart_sizes_keep_their_digits():
    base = np.full((1, 8), 1e4, dtype=np.float32)
    near = base + np.float32(1e-2)
    want = reference(base, near, "l2sq")[0, 0]
    assert atlas.distances(base, near)[0, 0] == pytest.approx(want, rel=1e-4)


@pure_only
def test_without_the_library_a_graph_is_refused_and_says_why(golden, tmp_path):
    with pytest.raises(atlas.NativeRequired, match="graph") as caught:
        atlas.Index.create(4, kind="hnsw")
    assert caught.value.code == -28 and atlas.Index.create(4).kind == "flat"
    with pytest.raises(atlas.NativeRequired):
        atlas.Folder.build(tmp_path, tmp_path / "x.atlas")
    index = atlas.Index.open(golden / "hnsw.atlas", mode="change")
    with pytest.raises(atlas.NativeRequired):
        index.add([10**6], random_rows(1, 1, index.dimension))
    with pytest.raises(atlas.NativeRequired):
        index.save(tmp_path / "y.atlas")


@native_only
def test_simd_targets_give_the_same_neighbours():
    index, vectors = filled()
    before = atlas.simd_target()
    want = index.search(vectors[:50], k=5).keys
    try:
        atlas.force_simd_target("scalar")
        assert atlas.simd_target() == "scalar"
        np.testing.assert_array_equal(index.search(vectors[:50], k=5).keys, want)
    finally:
        atlas.force_simd_target(before)
    with pytest.raises(atlas.InvalidArgument):
        atlas.force_simd_target("abacus")


@native_only
def test_one_thread_and_one_seed_give_the_same_file(tmp_path):
    files = []
    for i in range(2):
        index = atlas.Index.create(8, kind="hnsw", seed=7)
        index.add(np.arange(500), random_rows(3, 500, 8), threads=1)
        index.save(tmp_path / str(i))
        files.append((tmp_path / str(i)).read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("name", ("flat", "hnsw"))
def test_golden_files(golden, name):
    """Files of both kinds, written once by the native library; both backends give the same exact answers."""
    atlas.verify(golden / f"{name}.atlas")
    index = atlas.Index.open(golden / f"{name}.atlas")
    rows = random_rows(11, 60, 6)
    assert (index.kind, index.metric, len(index)) == (name, "cosine", 58)
    assert index.keys().tolist() == [10 * i for i in range(60) if i not in (4, 5)]
    assert (index.get(70) == rows[7]).all() and 40 not in index
    queries = random_rows(12, 5, 6)
    want = reference(queries, rows, "cosine")
    want[:, [4, 5]] = np.inf
    hits = index.search(queries, k=4, width=60)
    np.testing.assert_array_equal(hits.keys, 10 * np.argsort(want, axis=1)[:, :4])

