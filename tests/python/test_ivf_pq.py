# SPDX-License-Identifier: Apache-2.0
"""What only ivf_pq has: lists, their codes and training, probes and rerank; and its files on the NumPy backend."""

import gzip
import os
import pathlib
import struct

import numpy as np
import pytest

import atlas
from conftest import native_only, pure_only, random_rows, reference

METRICS = ("l2sq", "inner_product", "cosine")
GOLDEN = sorted(path.name for path in (pathlib.Path(__file__).parent / "golden").glob("ivf_*.atlas.gz"))
CODES = (("flat", "none", 0, 0), ("pq4", "none", 6, 4), ("pq4", "learned", 4, 2), ("pq8", "random", 2, 2),
         ("rabitq", "random", 0, 2), ("sq8", "none", 0, 12))


def whole_rows(seed, rows, dimension):
    """Whole numbers that every stored scalar holds."""
    return np.random.default_rng(seed).integers(1, 100, (rows, dimension)).astype(np.float32)


def filled(rows=1200, dimension=12, metric="l2sq", vectors=random_rows, **options):
    index = atlas.Index.create(dimension, metric, "ivf_pq", **{"lists": 16, **options})
    stored = vectors(1, rows, dimension)
    index.add(np.arange(rows), stored, threads=1)
    return index, stored


def nearest(queries, rows, keys, metric, k):
    """The keys that exact search answers: by distance, and of equal ones the least key."""
    return np.stack([keys[np.lexsort((keys, one.astype(np.float32)))][:k] for one in reference(queries, rows, metric)])


def sections_of(data):
    """{id: where its entry begins} of a file's section table."""
    return {int.from_bytes(data[at:at + 4], "little"): at for at in range(1024, 1024 + 64 * data[28], 64)}


def refusals(path, data):
    """What both backends say to a file with these bytes and a right checksum: (code, text up to what was expected), or None."""
    from atlas._pure.xxh3 import xxh3_64
    data[56:64] = bytes(8)
    data[56:64] = xxh3_64(bytes(data[:4096])).to_bytes(8, "little")
    path.write_bytes(data)
    said = []
    for open_index in (atlas.Index.open, pure_open):
        try:
            open_index(path)
            said.append(None)
        except atlas.AtlasError as problem:
            said.append((problem.code, str(problem).split(": expected")[0]))
    return said


def pure_open(path, change=False, residence=0):
    from atlas._pure.index import PureIndex
    return PureIndex.open(os.fsencode(path), change, residence)


@native_only
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("codes, rotation, parts, code_bytes", CODES)
def test_every_sort_of_codes_finds_all_with_all_lists(tmp_path, codes, rotation, parts, code_bytes, metric):
    index, vectors = filled(metric=metric, list_codes=codes, rotation=rotation, parts=parts, probes=3, rerank=6, iterations=4)
    queries = random_rows(2, 20, 12)
    want = nearest(queries, vectors, np.arange(1200), metric, 5)
    index.save(tmp_path / "index.atlas")
    atlas.verify(tmp_path / "index.atlas")
    for one in (index, atlas.Index.open(tmp_path / "index.atlas"), atlas.Index.open(tmp_path / "index.atlas", load=True),
                atlas.Index.open(tmp_path / "index.atlas", vectors="on_disk")):
        info = one.info()
        assert (info.kind, one.kind, info.lists, info.list_codes, info.rotation, info.parts, info.code_bytes, info.probes,
                info.rerank) == ("ivf_pq", "ivf_pq", 16, codes, rotation, parts, code_bytes, 3, 6)
        assert (info.connectivity, info.codes, info.sealed, info.size) == (0, "none", False, 1200)
        np.testing.assert_array_equal(one.search(queries, k=5, probes=16, rerank=240).keys, want)
        few = one.search(queries, k=5)
        np.testing.assert_array_equal(few.keys, index.search(queries, k=5, probes=3, rerank=6).keys)
        assert 0.2 < np.mean(few.keys == want) < 1
    assert info.memory["vectors"] == 0 < info.memory["graph"]


@native_only
def test_defaults():
    index = atlas.Index.create(32, kind="ivf_pq")
    info = index.info()
    assert (info.lists, info.list_codes, info.rotation, info.parts, info.code_bytes, info.rerank) == (0, "pq4", "none", 16, 0, 8)
    assert atlas.Index.create(32, kind="ivf_pq", list_codes="rabitq").info().rotation == "random"
    assert atlas.Index.create(32, kind="ivf_pq", list_codes="pq8").info().parts == 4
    info = filled()[0].info()
    assert info.rerank_codes == "none"
    assert info.lists == 16 and 4 < info.probes < 16 and info.promised is None  # measured, with vectors in no clusters
    early = atlas.Index.create(12, kind="ivf_pq", lists=16)
    early.train(random_rows(1, 1200, 12))
    assert early.info().probes == 4  # the root of the lists, with none to measure with
    for kind in ("flat", "hnsw"):
        info = atlas.Index.create(4, kind=kind).info()
        assert info.rerank_codes == "none"
        assert (info.lists, info.list_codes, info.rotation, info.parts, info.probes, info.rerank) == (0, "none", "none", 0, 0, 0)


@native_only
@pytest.mark.parametrize("codes", ("f16", "bf16", "lvq8", "lvq4"))
@pytest.mark.parametrize("metric", METRICS)
def test_candidates_are_compared_by_codes_beside_the_vectors(tmp_path, metric, codes):
    from atlas._types import SearchOptions
    path = tmp_path / "index.atlas"
    index, vectors = filled(metric=metric, list_codes="rabitq", rerank_codes=codes)
    queries = random_rows(2, 40, 12)
    want = nearest(queries, vectors, np.arange(1200), metric, 5)
    index.save(path)
    atlas.verify(path)
    on_disk = atlas.Index.open(path, vectors="on_disk")
    for one in (index, atlas.Index.open(path), atlas.Index.open(path, load=True), on_disk):
        assert (one.info().rerank_codes, one.info().codes) == (codes, "none")
        hits = one.search(queries, k=5, probes=16, rerank=240)
        assert np.mean([np.isin(found, exact).mean() for found, exact in zip(hits.keys, want)]) >= 0.97
    np.testing.assert_array_equal(on_disk.search(queries, k=5).keys, index.search(queries, k=5).keys)
    estimates = index.search(queries, k=5, probes=16, rerank=240, estimates_only=True)
    exact = np.take_along_axis(reference(queries, vectors, metric), estimates.keys.astype(np.int64), axis=1)
    np.testing.assert_allclose(estimates.distances, exact, rtol=0.25 if codes == "lvq4" else 0.03, atol=0.25 if codes == "lvq4" else 0.03)
    assert pure_open(path).info().rerank_codes == codes
    np.testing.assert_array_equal(pure_open(path).search(queries, 5, SearchOptions()).keys, want)


@native_only
def test_few_allowed_vectors_are_found_whatever_lists_hold_them():
    index, vectors = filled()
    queries = random_rows(2, 30, 12)
    for allowed in ([5], [3, 700, 1100], range(0, 1200, 100)):
        keys = np.array(sorted(allowed))
        hits = index.search(queries, k=4, probes=1, rerank=8, allowed=atlas.Bitmap.of(keys))
        want = nearest(queries, vectors[keys], keys, "l2sq", 4)
        np.testing.assert_array_equal(hits.keys[:, :want.shape[1]], want)
        assert (hits.counts == want.shape[1]).all()


def test_options_of_creation_are_checked():
    for name, bad, says in (
            ("rerank_codes", "lvq", "rerank_codes: expected one of none, f16, bf16, lvq8, lvq4"), ("rerank_codes", 3, "rerank_codes"),
            ("list_codes", "pq", "list_codes: expected one of automatic, flat, pq4, pq8, rabitq, sq8"),
            ("list_codes", 3, "list_codes"), ("rotation", "opq", "rotation: expected one of automatic, none, random, learned"),
            ("rotation", None, "rotation"), ("lists", -1, "lists"), ("lists", (1 << 20) + 1, "lists"), ("train_from", -1, "train_from"),
            ("parts", -1, "parts"), ("parts", 65536, "parts"), ("iterations", 0, "iterations"), ("iterations", 10001, "iterations"),
            ("probes", -1, "probes"), ("probes", (1 << 20) + 1, "probes"), ("rerank", 0, "rerank"), ("rerank", 65537, "rerank"),
            ("recall", -0.1, "recall: expected 0 to 1"), ("recall", 1.1, "recall"), ("recall", float("nan"), "recall"),
            ("recall_k", 0, "recall_k"), ("recall_k", (1 << 32) - 1, "recall_k")):
        with pytest.raises(atlas.InvalidArgument, match=says):
            atlas.Index.create(4, kind="ivf_pq", **{name: bad})
    for name in ("lists", "train_from", "parts", "iterations", "probes", "rerank", "recall", "recall_k"):
        with pytest.raises(TypeError, match=name):
            atlas.Index.create(4, kind="ivf_pq", **{name: "4"})


@native_only
def test_options_that_do_not_go_together_are_refused():
    for options, error, says in (
            ({"parts": 17}, atlas.InvalidArgument, "parts: expected at most the dimension 16, found 17"),
            ({"parts": 15}, atlas.InvalidArgument, "parts: expected as many as leave none empty, such as 8, found 15"),
            ({"list_codes": "sq8", "parts": 4}, atlas.InvalidArgument, "parts: expected 0 for codes without parts, found 4"),
            ({"list_codes": "rabitq", "rotation": "learned"}, atlas.InvalidArgument, "only product codes learn one, found learned"),
            ({"lists": 64, "train_from": 63}, atlas.InvalidArgument, "train_from: expected 0 or at least .* 64, found 63"),
            ({"train_from": 1 << 40}, atlas.LimitExceeded, "train_from")):
        with pytest.raises(error, match=says):
            atlas.Index.create(16, kind="ivf_pq", **options)


def test_options_of_searches_are_checked(golden, tmp_path):
    index = opened_golden(golden, tmp_path, GOLDEN[0])
    query = random_rows(2, 1, 7)
    for name in ("probes", "rerank"):
        for bad in (-1, 1 << 32):
            with pytest.raises(atlas.InvalidArgument, match=name):
                index.search(query, **{name: bad})
        with pytest.raises(TypeError, match=name):
            index.search(query, **{name: 1.5})
        assert index.search(query, k=3, **{name: (1 << 32) - 1}).counts[0] == 3
    with pytest.raises(atlas.InvalidArgument, match="probes"):
        index.range(query[0], 1.0, probes=-1)


@native_only
def test_searches_are_exact_until_it_is_trained_and_then_as_probes_and_rerank_say():
    index, vectors = filled(rows=1199, train_from=1200, probes=4)
    queries = random_rows(2, 40, 12)
    assert index.info().lists == 0
    np.testing.assert_array_equal(index.search(queries, k=10, probes=1, rerank=1).keys,
                                  nearest(queries, vectors, np.arange(1199), "l2sq", 10))
    index.add([1199], random_rows(3, 1, 12))
    assert index.info().lists == 16
    vectors = np.concatenate((vectors, random_rows(3, 1, 12)))
    want = nearest(queries, vectors, np.arange(1200), "l2sq", 10)
    recalls = [np.mean([np.isin(one, other).mean() for one, other in zip(index.search(queries, k=10, probes=probes, rerank=120).keys,
                                                                       want)]) for probes in (1, 4, 16)]
    assert recalls == sorted(recalls) and recalls[0] < 0.8 and recalls[-1] == 1

    estimated = index.search(queries, k=10, probes=16, estimates_only=True)
    true = np.stack([index.distances(query, keys) for query, keys in zip(queries, estimated.keys)])
    assert 0 < np.abs(estimated.distances - true).sum() < 0.3 * true.sum()
    np.testing.assert_array_equal(estimated.keys, np.stack([
        index.search(query, k=10, probes=16, estimates_only=True).keys for query in queries]))

    within = [index.range(queries[0], float(np.sort(reference(queries[:1], vectors, "l2sq")[0])[99]), probes=probes)[0]
              for probes in (1, 4, 16, 0)]
    assert within[0].size < within[1].size < within[2].size and within[2].size in (99, 100)
    np.testing.assert_array_equal(within[1], within[3])  # the index's 4 of 16

    allowed = np.arange(0, 1200, 50)
    hits = index.search(queries, k=24, probes=16, rerank=50, allowed=allowed)
    assert (np.sort(hits.keys, axis=1) == allowed).all()


@native_only
def test_training_on_a_sample_and_anew():
    index = atlas.Index.create(12, kind="ivf_pq", lists=16)
    calls = []
    index.train(random_rows(5, 500, 12), threads=1, progress=lambda done, total: calls.append((done, total)))
    assert calls and all(total == 100 for _, total in calls) and calls == sorted(calls)
    assert (index.info().lists, len(index)) == (16, 0)
    vectors = random_rows(1, 1000, 12)
    index.add(np.arange(1000), vectors)
    before = index.search(vectors[:50], k=5, probes=2)
    np.testing.assert_array_equal(before.keys[:, 0], np.arange(50))
    index.remove(range(500, 1000))
    index.train()
    after = index.search(vectors[:50], k=5, probes=16, rerank=100)
    np.testing.assert_array_equal(after.keys, nearest(vectors[:50], vectors[:500], np.arange(500), "l2sq", 5))
    again = index.search(vectors[:50], k=5, probes=2)
    for stop in (lambda done, total: False, lambda done, total: 1 / 0):
        with pytest.raises((atlas.Cancelled, ZeroDivisionError)):
            index.train(progress=stop)
        np.testing.assert_array_equal(index.search(vectors[:50], k=5, probes=2).keys, again.keys)


@native_only
def test_what_cannot_be_trained_on():
    index = atlas.Index.create(4, "cosine", "ivf_pq", lists=16)
    for sample, error, says, row in (
            (np.ones((15, 4)), atlas.InvalidArgument, "sample.rows: expected at least 16, found 15", None),
            (np.ones((0, 4)), atlas.InvalidArgument, "sample.rows: expected at least 1, found 0", None),
            (np.ones((20, 5)), atlas.DimensionMismatch, "expected 4, found 5", None),
            (np.where(np.arange(80).reshape(20, 4) == 30, np.nan, 1), atlas.NotFinite, "NaN", 7),
            (np.where(np.arange(80).reshape(20, 4) // 4 == 9, 0, 1), atlas.ZeroVector, "zero vector", 9)):
        with pytest.raises(error, match=says) as caught:
            index.train(sample.astype(np.float32))
        assert caught.value.row == row and index.info().lists == 0
    with pytest.raises(TypeError, match="float64"):
        index.train(np.ones((20, 4)))
    with pytest.raises(atlas.InvalidArgument, match="rows to train on: expected at least 16, found 0"):
        index.train()


def test_only_lists_are_trained(golden):
    for index in (atlas.Index.create(6, kind="flat"), atlas.Index.open(golden / "hnsw.atlas")):
        for sample in (None, random_rows(1, 20, 6)):
            with pytest.raises(atlas.KindMismatch, match=f"index: expected ivf_pq, found {index.kind}"):
                index.train(sample)


@native_only
@pytest.mark.parametrize("stored", ("float32", "float16", "bfloat16", "int8", "uint8"))
def test_stored_scalars(tmp_path, stored):
    index, vectors = filled(vectors=whole_rows, stored=stored)
    index.save(tmp_path / "index.atlas")
    for one in (index, atlas.Index.open(tmp_path / "index.atlas")):
        assert one.info().stored == stored
        np.testing.assert_array_equal(one.get(np.arange(1200)), vectors)
        np.testing.assert_array_equal(one.search(vectors, k=1).keys[:, 0], np.arange(1200))


@native_only
def test_tuning_finds_probes_and_rerank_and_keeps_them(tmp_path):
    index, _ = filled()
    queries = random_rows(9, 100, 12)
    calls = []
    tuned = index.tune(queries, k=5, recall=0.9, progress=lambda done, total: calls.append(done))
    assert calls == sorted(calls) and len(calls) > 1
    assert 0.9 <= tuned.recall <= 1 and 1 <= tuned.probes <= 16 and tuned.rerank >= 1 and tuned.queries_per_second > 0
    assert (tuned.width, tuned.prefetch_rows) == (0, 0)
    assert (index.info().probes, index.info().rerank) == (tuned.probes, tuned.rerank)
    exact = index.search(queries, k=5, probes=16, rerank=240)
    assert np.mean(index.search(queries, k=5).distances <= exact.distances[:, -1:]) == pytest.approx(tuned.recall)
    index.save(tmp_path / "tuned.atlas")
    opened = atlas.Index.open(tmp_path / "tuned.atlas")
    assert (opened.info().probes, opened.info().rerank) == (tuned.probes, tuned.rerank)
    assert opened.tune(queries, k=5, recall=0.9, threads=1)._replace(queries_per_second=tuned.queries_per_second) == tuned
    assert opened.tune(queries, k=5, recall=1, threads=2).recall > tuned.recall
    with pytest.raises(ValueError, match="threads"):
        opened.tune(queries, threads=-1)
    with pytest.raises(atlas.Cancelled):
        index.tune(queries, progress=lambda done, total: False)
    assert index.info().probes == tuned.probes
    assert index.promised == (pytest.approx(tuned.recall), 5) and index.promised.recall <= tuned.recall
    untrained = atlas.Index.create(12, kind="ivf_pq")
    untrained.add([1], queries[:1])
    with pytest.raises(atlas.InvalidArgument, match="index: expected trained, found not trained yet"):
        untrained.tune(queries)


@native_only
def test_what_is_removed_or_replaced_is_found_no_more_and_a_file_opened_for_change_goes_on(tmp_path):
    index, vectors = filled()
    assert index.remove(range(0, 1200, 2)) == 600
    index.upsert([1], vectors[:1])
    index.compact()
    index.save(tmp_path / "index.atlas")
    with atlas.Index.open(tmp_path / "index.atlas", mode="change") as opened:
        assert len(opened) == 600 and opened.search(vectors[0], k=1).keys[0] == 1
        opened.add(range(0, 1200, 2), vectors[::2].copy())
        opened.upsert([1], vectors[1:2])
        np.testing.assert_array_equal(opened.search(vectors, k=1, probes=16).keys[:, 0], np.arange(1200))
    with atlas.Index.open(tmp_path / "index.atlas") as read_only:
        for change in (read_only.train, read_only.compact, lambda: read_only.train(vectors), lambda: read_only.remove(1)):
            with pytest.raises(atlas.ReadOnly):
                change()
        with pytest.raises(atlas.KindMismatch, match="index: expected hnsw, found ivf_pq"):
            read_only.seal(tmp_path / "x")


def opened_golden(golden, tmp_path, name, **options):
    path = tmp_path / "golden.atlas"
    path.write_bytes(gzip.decompress((golden / name).read_bytes()))
    return atlas.Index.open(path, **options)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_files(golden, tmp_path, name):
    """Written once by the native library; both backends give the exact answers, it with all lists."""
    stored, codes, rotation, metric = name[len("ivf_"):-len(".atlas.gz")].split("_", 3)
    is_trained = codes != "untrained"
    rows, keys = whole_rows(13, 60, 7), (np.arange(60, dtype=np.uint64) * 37 + 5) % 60
    rows[50] = rows[7]
    kept = ~np.isin(keys, [11, 12])
    rows, keys = rows[kept], keys[kept]
    with opened_golden(golden, tmp_path, name) as index:
        atlas.verify(tmp_path / "golden.atlas")
        info = index.info()
        code_bytes = {"pq4": 2, "pq8": 2, "sq8": 8, "rabitq": 2}.get(codes, 0)
        assert (info.kind, info.metric, info.stored, info.size, info.lists, info.list_codes, info.rotation, info.code_bytes,
                info.probes, info.rerank) == ("ivf_pq", metric, stored, 58, 4 if is_trained else 0,
                                              codes if is_trained else "pq4", rotation, code_bytes, 3, 5)
        assert info.parts == {"pq4": 4, "untrained": 4, "pq8": 1}.get(codes, 0)
        assert sorted(index.keys().tolist()) == sorted(keys.tolist()) and 11 not in index
        np.testing.assert_array_equal(index.get(keys), rows)
        queries = np.concatenate((whole_rows(14, 6, 7), rows[7:8]))
        for k in (1, 4, 58):
            hits = index.search(queries, k=k, probes=4, rerank=60)
            np.testing.assert_array_equal(hits.keys, nearest(queries, rows, keys, metric, k))
        want = np.sort(reference(queries, rows, metric), axis=1)
        np.testing.assert_allclose(hits.distances, want, rtol=1e-5, atol=1e-5)
        found, _ = index.range(queries[6], float(want[6][9]), probes=4)
        np.testing.assert_array_equal(found, hits.keys[6, :found.size])
        assert found.size in (9, 10, 11)
        if is_trained:
            on_disk = atlas.Index.open(tmp_path / "golden.atlas", vectors="on_disk")
            np.testing.assert_array_equal(on_disk.search(queries, k=4, probes=4, rerank=60).keys, hits.keys[:, :4])
        else:
            with pytest.raises(atlas.InvalidArgument, match="expected mapped, as nothing is trained"):
                atlas.Index.open(tmp_path / "golden.atlas", vectors="on_disk")


@native_only
@pytest.mark.parametrize("metric", METRICS)
def test_a_saved_file_answers_alike_without_the_library(tmp_path, metric):
    from atlas._types import SearchOptions
    path = tmp_path / "index.atlas"
    for dimension in (1, 3, 17, 33, 130):
        for codes, rotation, _, _ in CODES:
            index, vectors = filled(rows=320, dimension=dimension, metric=metric, vectors=whole_rows, list_codes=codes, lists=5,
                                    train_from=300, rotation=rotation, stored="uint8")
            index.remove([3, 40])
            index.save(path)
            found, expected = pure_open(path).info(), atlas.Index.open(path).info()
            for field in ("kind", "metric", "dimension", "size", "read_only", "stored", "lists", "list_codes", "rotation", "parts",
                          "code_bytes", "probes", "rerank", "promised", "connectivity", "codes"):
                assert getattr(found, field) == getattr(expected, field), field
            answer = pure_open(path).search(vectors[:9], 5, SearchOptions())
            other = index.search(vectors[:9], k=5, probes=5, rerank=64)
            np.testing.assert_allclose(other.distances, answer.distances, rtol=1e-4, atol=1e-4)


@native_only
@pytest.mark.parametrize("name", [name for name in GOLDEN if "untrained" not in name])
def test_damaged_files_are_refused_alike(golden, tmp_path, name):
    good = gzip.decompress((golden / name).read_bytes())

    def opened(at, value):
        data = bytearray(good)
        data[at:at + len(value)] = value
        return refusals(tmp_path / "damaged.atlas", data)

    sections = sections_of(good)
    assert opened(64, good[64:65]) == [None, None]
    u32, u64 = (lambda value: value.to_bytes(4, "little")), (lambda value: value.to_bytes(8, "little"))
    parameters = 64
    changes = [(20, b"\4"), (22, b"\5"), (parameters, u32(128)), (parameters + 4, u32((1 << 20) + 1)), (parameters + 4, u32(5)),
               (parameters + 8, b"\5"), (parameters + 9, b"\3"), (parameters + 10, b"\3"), (parameters + 10, b"\3\3"), (parameters + 11, b"\5"), (parameters + 12, u32(77)), (parameters + 24, u64(1 << 21)),
               (parameters + 32, u64(1 << 40)), (parameters + 40, u32(0)), (parameters + 40, u32(10001)),
               (parameters + 44, u32((1 << 20) + 1)), (parameters + 48, u32(65537)), (parameters + 52, u32(99))]
    recall = {value: struct.pack("<f", value) for value in (0.5, 1.5, -0.5, float("nan"))}
    changes += [(parameters + 56, recall[value]) for value in recall]  # a promise, of no answers
    changes += [(parameters + 60, u32(10)), (parameters + 64, u64(58)), (parameters + 56, recall[0.5] + u32(10)),
                (parameters + 56, recall[0.5] + u32(10) + u64(1 << 40)), (parameters + 56, recall[0.5] + u32((1 << 32) - 1) + u64(58)),
                (parameters + 72, struct.pack("<d", 1.5)), (parameters + 72, struct.pack("<d", float("nan"))),
                (parameters + 72, struct.pack("<dI", 0.9, 0)), (parameters + 84, u32((1 << 20) + 1))]
    for id_ in sections:
        if id_ >= 0x120:
            changes.append((sections[id_], u32(0x199)))  # an id that nobody knows, and the one that is missing
            changes.append((sections[id_] + 24, u32(3)))  # the element's size
    for at, value in changes:
        native, pure = opened(at, value)
        if at in (sections.get(0x126, 0) + 24, sections.get(0x127, 0) + 24):
            assert native == pure, (at, value)  # images are bytes, whatever the element's size
            continue
        assert native is not None and native == pure, (at, value, native, pure)


@native_only
def test_a_wanted_recall_is_measured_and_promised(tmp_path):
    path = tmp_path / "index.atlas"
    index, vectors = filled(recall=0.9, recall_k=5)
    assert index.promised == index.info().promised and index.promised.k == 5 and 0.899 < index.promised.recall <= 1
    index.save(path)
    assert atlas.Index.open(path).promised == index.promised == pure_open(path).info().promised
    opened = atlas.Index.open(path, "change")
    tuned = opened.tune(k=3, recall=0.8)
    assert tuned.recall >= 0.8 and opened.promised == (pytest.approx(tuned.recall), 3)
    opened.add(np.arange(1200, 2399), vectors[:1199])
    assert opened.promised is not None
    opened.save(path)
    assert pure_open(path).info().promised == opened.promised
    opened.add([2399], vectors[:1])  # twice as many
    assert opened.promised is None
    opened.save(path)
    assert pure_open(path).info().promised is None
    opened.train()
    assert opened.promised.k == 5
    for kind in ("flat", "hnsw"):
        other = atlas.Index.create(4, kind=kind)
        assert other.promised is None
        with pytest.raises(atlas.InvalidArgument, match=f"queries of {kind}: expected an array, found None"):
            other.tune()


@native_only
def test_above_4096_lists_a_graph_finds_them_and_belongs_to_the_file(tmp_path):
    from atlas._types import SearchOptions
    path = tmp_path / "index.atlas"
    index, vectors = filled(rows=4400, dimension=4, lists=4200, train_from=4400, iterations=1, list_codes="flat")
    index.save(path)
    queries = random_rows(2, 20, 4)
    exact = pure_open(path).search(queries, 5, SearchOptions())
    assert pure_open(path).info().lists == atlas.Index.open(path).info().lists == 4200
    assert pure_open(path).info().probes == atlas.Index.open(path).info().probes == index.info().probes
    found = atlas.Index.open(path).search(queries, k=5, probes=400)
    assert np.mean([np.isin(one, other) for one, other in zip(found.keys, exact.keys)]) > 0.95
    good = path.read_bytes()
    entry = sections_of(good)[0x128]
    for id_, flags in ((0x199, 0), (0x128, 1)):  # gone, with another that need not be known; not growable
        data = bytearray(good)
        data[entry:entry + 8] = id_.to_bytes(4, "little") + flags.to_bytes(4, "little")
        native, pure = refusals(path, data)
        assert native is not None and native[0] == atlas.CorruptFile.code and native == pure, (native, pure)


@pure_only
def test_without_the_library_lists_are_not_made_trained_tuned_or_changed(golden, tmp_path):
    with pytest.raises(atlas.NativeRequired, match="kind='flat' searches exactly"):
        atlas.Index.create(4, kind="ivf_pq")
    for name in GOLDEN:
        index = opened_golden(golden, tmp_path, name, mode="change")
        rows = random_rows(1, 20, 7)
        for call in (index.train, lambda: index.train(rows), lambda: index.tune(rows), index.compact, lambda: index.remove(1),
                     lambda: index.add(range(900, 920), rows), lambda: index.save(tmp_path / "x")):
            with pytest.raises(atlas.NativeRequired, match="lists"):
                call()
        with pytest.raises(atlas.KindMismatch, match="index: expected hnsw, found ivf_pq"):
            index.seal(tmp_path / "x")
        with pytest.raises(atlas.ReadOnly):
            opened_golden(golden, tmp_path, name).train()
        assert not (tmp_path / "x").exists()
