# SPDX-License-Identifier: Apache-2.0
"""Shards: several index files opened as one, over both backends."""

import os
import resource
import threading

import numpy as np
import pytest

import atlas
from conftest import native_only, random_rows, reference

DIMENSION = 12


def save(path, keys, rows, metric="l2sq"):
    index = atlas.Index.create(rows.shape[1], metric=metric, kind="flat")
    index.add(np.asarray(keys, dtype=np.uint64), rows)
    index.save(path)
    return path


@pytest.fixture
def files(tmp_path):
    """Three files of 40 rows, and a list of them."""
    for i, name in enumerate("abc"):
        save(tmp_path / f"{name}.atlas", np.arange(40) + 1000 * i, random_rows(i, 40, DIMENSION))
    atlas.Shards.write(tmp_path / "all.shards", ["a.atlas", "b.atlas", "c.atlas"])
    return tmp_path


def all_rows():
    return (np.concatenate([np.arange(40) + 1000 * i for i in range(3)]),
            np.concatenate([random_rows(i, 40, DIMENSION) for i in range(3)]))


@pytest.mark.parametrize("metric", ["l2sq", "inner_product", "cosine"])
def test_the_nearest_of_all_shards(tmp_path, metric):
    keys, rows = all_rows()
    for i in range(3):
        save(tmp_path / str(i), keys[40 * i:40 * i + 40], rows[40 * i:40 * i + 40], metric)
    queries = random_rows(9, 5, DIMENSION)
    want = reference(queries, rows, metric)
    with atlas.Shards.open_files([tmp_path / str(i) for i in range(3)]) as shards:
        assert (len(shards), shards.dimension, shards.metric) == (120, DIMENSION, metric)
        assert repr(shards) == f"<atlas.Shards 3 {metric} dimension={DIMENSION}>"
        for threads in (1, 2, 0):
            found, distances, counts, answer = shards.search(queries, k=7, threads=threads)
            order = np.argsort(want, axis=1)[:, :7]
            assert (found == keys[order]).all() and (counts == 7).all()
            np.testing.assert_allclose(distances, np.take_along_axis(want, order, 1), rtol=1e-5, atol=1e-5)
            assert answer == atlas.ShardAnswer(3, 3, None, "") and answer.is_whole
        one = shards.search(queries[0], k=200)
        assert one.keys.shape == (200,) and one.counts == 120
        assert (one.keys[120:] == atlas.RESERVED_KEY).all() and np.isinf(one.distances[120:]).all()
        allowed = shards.search(queries, k=200, allowed=np.arange(20, dtype=np.uint64))
        assert (allowed.counts == 20).all() and (allowed.keys[:, :20] < 20).all()
        none = shards.search(np.empty((0, DIMENSION), dtype=np.float32), k=3)
        assert none.keys.shape == (0, 3) and none.answer.is_whole


def test_range_distances_and_keys(files):
    keys, rows = all_rows()
    query = random_rows(9, 1, DIMENSION)
    want = reference(query, rows, "l2sq")[0]
    shards = atlas.Shards.open(files / "all.shards")
    radius = float(np.sort(want)[30:32].mean())
    found, distances, answer = shards.range(query[0], radius)
    assert (found == keys[np.argsort(want)[:31]]).all() and answer.is_whole
    np.testing.assert_allclose(distances, np.sort(want)[:31], rtol=1e-5)
    assert (shards.range(query[0], radius, limit=4, threads=2)[0] == found[:4]).all()
    assert set(shards.range(query[0], radius, allowed=found[5:9])[0]) == set(found[5:9])
    assert shards.range(query[0], -1.0)[0].size == 0

    np.testing.assert_allclose(shards.distances(query, keys)[0], want, rtol=1e-5)
    assert shards.distances(query[0], keys[:2]).shape == (2,)
    assert (np.sort(shards.keys()) == np.sort(keys)).all()
    assert (shards.get(keys) == rows).all() and (shards.get(1007) == rows[47]).all()
    assert shards.find([7, 2039, 1000, 40]).tolist() == [0, 2, 1, -1]
    assert 2039 in shards and 40 not in shards
    with pytest.raises(atlas.KeyNotFound, match="expected a stored key, found 40") as caught:
        shards.get([7, 40])
    assert caught.value.row == 1
    with pytest.raises(atlas.KeyNotFound):
        shards.distances(query, [40])


def test_a_key_in_several_shards_is_answered_once_where_it_is_nearest(tmp_path):
    save(tmp_path / "a", [1, 2, 3], np.array([[0, 0], [5, 0], [9, 0]], dtype=np.float32))
    save(tmp_path / "b", [2, 4], np.array([[1, 0], [4, 0]], dtype=np.float32))
    save(tmp_path / "c", [3, 1], np.array([[2, 0], [20, 0]], dtype=np.float32))
    shards = atlas.Shards.open_files([tmp_path / "a", tmp_path / "b", tmp_path / "c"])
    query = np.zeros(2, dtype=np.float32)
    for k in (2, 4, 6):
        hits = shards.search(query, k=k)
        count = min(k, 4)
        assert hits.counts == count
        assert hits.keys[:count].tolist() == [1, 2, 3, 4][:count]
        assert hits.distances[:count].tolist() == [0, 1, 4, 16][:count]
    assert shards.range(query, 30.0)[0].tolist() == [1, 2, 3, 4]
    assert shards.distances(query, [1, 2, 3, 4]).tolist() == [0, 1, 4, 16]
    assert shards.get(2).tolist() == [5, 0]
    assert len(shards) == 7 and sorted(shards.keys().tolist()) == [1, 1, 2, 2, 3, 3, 4]


def test_equal_distances_come_in_the_order_of_keys(tmp_path):
    row = np.ones((4, 2), dtype=np.float32)
    save(tmp_path / "a", [9, 3, 7, 1], row)
    save(tmp_path / "b", [2, 8, 4, 6], row)
    shards = atlas.Shards.open_files([tmp_path / "a", tmp_path / "b"])
    assert shards.search(row[0], k=8).keys.tolist() == [1, 2, 3, 4, 6, 7, 8, 9]


def test_info(files):
    info = atlas.Shards.open(files / "all.shards").info()
    assert (info.metric, info.dimension, info.size) == ("l2sq", DIMENSION, 120)
    assert [one.path for one in info.shards] == [str(files / f"{name}.atlas") for name in "abc"]
    assert {(one.kind, one.size, one.problem) for one in info.shards} == {("flat", 40, "")}
    assert info.memory["vectors"] >= 120 * DIMENSION * 4 and set(info.memory) == {"vectors", "keys", "graph", "scratch"}


def test_a_missing_shard_is_named(files):
    (files / "b.atlas").unlink()
    with pytest.raises(atlas.NotFound, match=r"b\.atlas: not found: path: expected an existing file") as caught:
        atlas.Shards.open(files / "all.shards")
    assert caught.value.row == 1


def test_shards_that_may_be_missing(files):
    keys, rows = all_rows()
    (files / "a.atlas").unlink()
    (files / "b.atlas").write_bytes(b"nothing of ours")
    shards = atlas.Shards.open(files / "all.shards", allow_missing=True)
    info = shards.info()
    assert [one.kind for one in info.shards] == [None, None, "flat"]
    assert "not found" in info.shards[0].problem and "not an ATLAS file" in info.shards[1].problem
    assert (info.size, info.shards[2].size, info.shards[2].problem) == (40, 40, "")
    query = random_rows(9, 1, DIMENSION)
    hits = shards.search(query, k=40)
    assert (hits.keys[0] == keys[80:][np.argsort(reference(query, rows[80:], "l2sq")[0])]).all()
    assert hits.answer == atlas.ShardAnswer(3, 1, 0, "not found") and not hits.answer.is_whole
    assert shards.range(query[0], 1e9)[2] == hits.answer
    assert shards.find([7, 2007]).tolist() == [-1, 2]
    with pytest.raises(atlas.KeyNotFound, match="a key stored in a shard that is there"):
        shards.get(7)
    (files / "c.atlas").unlink()
    with pytest.raises(atlas.NotFound) as caught:
        atlas.Shards.open(files / "all.shards", allow_missing=True)
    assert caught.value.row == 0


@pytest.mark.parametrize("allow_missing", [False, True])
def test_a_shard_that_does_not_fit_is_refused(files, allow_missing):
    save(files / "wide", [1], random_rows(1, 1, DIMENSION + 1))
    save(files / "cosine", [1], random_rows(1, 1, DIMENSION), "cosine")
    os.symlink("a.atlas", files / "link")

    def refused(kind, said, *names):
        with pytest.raises(kind, match=said) as caught:
            atlas.Shards.open_files([files / name for name in names], allow_missing=allow_missing)
        assert caught.value.row == len(names) - 1

    refused(atlas.DimensionMismatch, "wide: dimension mismatch: shard.dimension: expected 12, found 13", "a.atlas", "wide")
    refused(atlas.MetricMismatch, "cosine: metric mismatch: shard.metric: expected l2sq, found cosine", "a.atlas", "cosine")
    refused(atlas.InvalidArgument, "another file than that of shard 1, found the same", "b.atlas", "a.atlas", "link")
    refused(atlas.KindMismatch, "expected an index file, found a manifest of shards", "a.atlas", "all.shards")
    with pytest.raises(atlas.InvalidArgument, match="a flat index reads all"):
        atlas.Shards.open_files([files / "a.atlas"], vectors="on_disk", allow_missing=allow_missing)


def test_lists_that_are_written_and_read(files):
    path = files / "all.shards"
    assert path.read_bytes() == b"atlas shards 1\na.atlas\nb.atlas\nc.atlas\nend\n"
    (files / "below").mkdir()
    atlas.Shards.write(files / "below" / "up.shards", ["../a.atlas", str(files / "b.atlas")])
    assert len(atlas.Shards.open(files / "below" / "up.shards")) == 80
    before = path.read_bytes()
    long_path = "x" * 4096
    for shards, row in ((["a", ""], 1), (["a", "b\nc"], 1), ([" a"], 0), (["a "], 0), (["#a"], 0), (["a", "end"], 1),
                        (["a", "b", "a"], 2)):
        with pytest.raises(atlas.InvalidArgument, match="expected .*, found ") as caught:
            atlas.Shards.write(path, shards)
        assert caught.value.row == row
    for shards in ([long_path], ["a"] * 4097):
        with pytest.raises(atlas.LimitExceeded):
            atlas.Shards.write(path, shards)
    with pytest.raises(atlas.InvalidArgument):
        atlas.Shards.write(path, [])
    with pytest.raises(TypeError, match="several paths, found str"):
        atlas.Shards.write(path, "a.atlas")
    with pytest.raises(TypeError, match="several paths, found bytes"):
        atlas.Shards.open_files(b"a.atlas")
    with pytest.raises(atlas.NotFound):
        atlas.Shards.write(files / "none" / "x.shards", ["a"])
    assert path.read_bytes() == before and sorted(os.listdir(files)) == ["a.atlas", "all.shards", "b.atlas", "below",
                                                                         "c.atlas"]


BAD_LISTS = [
    (b"", atlas.NotAtlasFile, 1),
    (b"atlas shard 1\na.atlas\nend\n", atlas.NotAtlasFile, 1),
    (b"\xef\xbb\xbfatlas shards 1\na.atlas\nend\n", atlas.NotAtlasFile, 1),
    (b"atlas shards ", atlas.NotAtlasFile, 1),
    (b"atlas shards 2\na.atlas\nend\n", atlas.UnsupportedVersion, 1),
    (b"atlas shards x\na.atlas\nend\n", atlas.UnsupportedVersion, 1),
    (b"atlas shards 1\r\na.atlas\r\nend\r\n", atlas.CorruptFile, 1),
    (b"atlas shards 1\n", atlas.CorruptFile, None),
    (b"atlas shards 1\nend\n", atlas.CorruptFile, None),
    (b"atlas shards 1\na.atlas\n", atlas.CorruptFile, None),
    (b"atlas shards 1\na.atlas\nend", atlas.CorruptFile, None),
    (b"atlas shards 1\na.atlas\nend\n\n", atlas.CorruptFile, 4),
    (b"atlas shards 1\na.atlas\nend\nmore", atlas.CorruptFile, 4),
    (b"atlas shards 1\na.atlas\r\nend\n", atlas.CorruptFile, 2),
    (b"atlas shards 1\n\n a.atlas\nend\n", atlas.CorruptFile, 3),
    (b"atlas shards 1\na.atlas \nend\n", atlas.CorruptFile, 2),
    (b"atlas shards 1\na\0b\nend\n", atlas.CorruptFile, 2),
    (b"atlas shards 1\na\tb\nend\n", atlas.CorruptFile, 2),
    (b"atlas shards 1\na.atlas\n#\na.atlas\nend\n", atlas.CorruptFile, 4),
    (b"atlas shards 1\n" + b"x" * 4096 + b"\nend\n", atlas.LimitExceeded, 2),
]


@pytest.mark.parametrize("text, kind, row", BAD_LISTS)
def test_lists_that_are_none(files, text, kind, row):
    path = files / "bad.shards"
    path.write_bytes(text)
    with pytest.raises(kind, match=r"bad\.shards: .*expected .*, found ") as caught:
        atlas.Shards.open(path)
    assert type(caught.value) is kind and caught.value.row == row


def test_a_list_that_is_cut_is_refused(files):
    path = files / "cut.shards"
    text = b"atlas shards 1\n# two\na.atlas\nend.atlas\nend\n"
    for size in range(len(text)):
        path.write_bytes(text[:size])
        with pytest.raises(atlas.AtlasError, match="expected .*, found "):
            atlas.Shards.open(path)


@native_only
def test_both_backends_read_lists_alike(files):
    """The same words for the same damage, or the same paths."""
    from atlas._pure import shards as pure
    text = b"atlas shards 1\n# two\na.atlas\n\nb.atlas\nend\n"
    path = files / "list.shards"

    def outcome(read):
        try:
            return read()
        except atlas.AtlasError as problem:
            return type(problem), str(problem), problem.row

    def native():
        with atlas.Shards.open(path, allow_missing=True) as shards:
            return [one.path for one in shards.info().shards]

    rng = np.random.default_rng(3)
    for _ in range(400):
        damaged = bytearray(text)
        for _ in range(rng.integers(1, 3)):
            damaged[rng.integers(len(damaged))] = rng.choice(np.frombuffer(b"\0\n\r #e1\x7f\xff", dtype=np.uint8))
        path.write_bytes(bytes(damaged))
        got = outcome(native)
        want = outcome(lambda: pure.parse(bytes(damaged), os.fsencode(path)))
        if isinstance(want, list):
            names = [os.fsdecode(os.path.join(os.fsencode(files), one)) for one in want]
            assert got == names or (isinstance(got, tuple) and got[2] is not None and "list.shards -> " in got[1])
        else:
            assert got == want, bytes(damaged)


def test_what_cannot_be_opened(files):
    with pytest.raises(atlas.NotFound):
        atlas.Shards.open(files / "none.shards")
    with pytest.raises(atlas.IsADirectory):
        atlas.Shards.open(files)
    with pytest.raises(atlas.NotAtlasFile):
        atlas.Shards.open(files / "a.atlas")
    with pytest.raises(atlas.InvalidArgument):
        atlas.Shards.open_files([])
    with pytest.raises(atlas.LimitExceeded):
        atlas.Shards.open_files([files / "a.atlas"] * 4097)
    with pytest.raises(atlas.InvalidArgument, match="NUL"):
        atlas.Shards.open_files(["a\0b"])
    os.mkfifo(files / "pipe")
    with pytest.raises(atlas.InvalidArgument, match="a regular file"):
        atlas.Shards.open(files / "pipe")


def test_wrong_arguments(files):
    shards = atlas.Shards.open(files / "all.shards")
    query = random_rows(1, 2, DIMENSION)
    with pytest.raises(atlas.DimensionMismatch):
        shards.search(random_rows(1, 1, DIMENSION + 1))
    with pytest.raises(TypeError, match="float32"):
        shards.search(query.astype(np.float64))
    with pytest.raises(ValueError):
        shards.search(query, k=0)
    with pytest.raises(ValueError, match="one vector"):
        shards.range(query, 1.0)
    with pytest.raises(atlas.InvalidArgument, match="radius"):
        shards.range(query[0], float("nan"))
    with pytest.raises(atlas.InvalidArgument, match="vectors"):
        atlas.Shards.open(files / "all.shards", vectors="elsewhere")
    bad = query.copy()
    bad[1, 3] = np.nan
    with pytest.raises(atlas.NotFinite) as caught:
        shards.search(bad)
    assert caught.value.row == 1


@native_only
def test_rows_of_large_batches_and_many_threads(files):
    shards = atlas.Shards.open(files / "all.shards")
    queries = random_rows(5, 9000, DIMENSION)
    want = shards.search(queries, k=3, threads=1)
    results = [None] * 4

    def work(number):
        results[number] = shards.search(queries, k=3, threads=number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    for got in results:
        assert (got.keys == want.keys).all() and (got.distances == want.distances).all() and got.answer.is_whole
    queries[8500, 0] = np.inf
    with pytest.raises(atlas.NotFinite) as caught:
        shards.search(queries)
    assert caught.value.row == 8500


@native_only
def test_too_many_open_files_are_no_missing_shards(files):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull) as probe:
        following = probe.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (following + 2, hard))
    try:
        with pytest.raises(atlas.IoError, match="Too many open files"):
            atlas.Shards.open(files / "all.shards", allow_missing=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(atlas.Shards.open(files / "all.shards")) == 120


@native_only
def test_kinds_mix(tmp_path):
    keys, rows = all_rows()
    for i, kind in enumerate(("flat", "hnsw", "ivf_pq")):
        more = {"lists": 2, "train_from": 40, "list_codes": "rabitq"} if kind == "ivf_pq" else {}
        index = atlas.Index.create(DIMENSION, kind=kind, **more)
        index.add(keys[40 * i:40 * i + 40].astype(np.uint64), rows[40 * i:40 * i + 40])
        index.save(tmp_path / kind)
    shards = atlas.Shards.open_files([tmp_path / kind for kind in ("flat", "hnsw", "ivf_pq")])
    assert [one.kind for one in shards.info().shards] == ["flat", "hnsw", "ivf_pq"]
    queries = random_rows(9, 6, DIMENSION)
    found = shards.search(queries, k=9, width=100, probes=2, rerank=10)
    want = reference(queries, rows, "l2sq")
    assert (found.keys == keys[np.argsort(want, axis=1)[:, :9]]).all()


def test_closed(files):
    shards = atlas.Shards.open(files / "all.shards")
    shards.close()
    shards.close()
    for call in (shards.info, shards.keys, lambda: len(shards), lambda: shards.find([1]), lambda: shards.get(1),
                 lambda: shards.search(random_rows(1, 1, DIMENSION)),
                 lambda: shards.range(random_rows(1, 1, DIMENSION)[0], 1.0)):
        with pytest.raises(atlas.Closed):
            call()


def test_the_numpy_backend_knows_a_shard_by_the_file_that_was_opened_not_by_its_path(files, monkeypatch):
    from atlas._pure.shards import PureIndex, PureShards
    opened = PureIndex.open

    def open_and_lead_away(path, *more):
        index = opened(path, *more)
        if path == paths[0]:
            os.replace(path, path + b".old")
            os.symlink(b"b.atlas", path)  # from now on the path leads to another shard
        return index

    paths = [os.fsencode(files / name) for name in ("a.atlas", "b.atlas", "c.atlas")]
    monkeypatch.setattr(PureIndex, "open", open_and_lead_away)
    assert PureShards.open_files(paths, 0, False, False).info().size == 120
