# SPDX-License-Identifier: Apache-2.0
"""Distances, the nearest rows and batches of rows: arrays in and out."""

import threading

import numpy as np
import pytest

import atlas
from conftest import native_only, random_rows

METRICS = ("l2sq", "inner_product", "cosine")
DTYPES = ("float32", "float16", "bf16", "int8", "uint8")


def stored(seed, rows, dimension, dtype):
    """(array, its values in float64, the scalar argument)."""
    values = random_rows(seed, rows, dimension)
    if dtype == "bf16":
        array = atlas.to_bf16(values)
        return array, atlas.from_bf16(array).astype(np.float64), "bf16"
    if dtype in ("int8", "uint8"):
        low = -127 if dtype == "int8" else 0
        array = np.random.default_rng(seed).integers(low, 128, (rows, dimension)).astype(dtype)
    else:
        array = values.astype(dtype)
    return array, array.astype(np.float64), None


def reference(queries, rows, metric):
    if metric == "l2sq":
        return ((queries[:, None] - rows[None]) ** 2).sum(axis=2)
    products = queries @ rows.T
    if metric == "inner_product":
        return 1 - products
    return 1 - products / np.sqrt((queries ** 2).sum(axis=1)[:, None] * (rows ** 2).sum(axis=1)[None])


def bits(seed, rows, count):
    return np.random.default_rng(seed).integers(0, 2, (rows, count)).astype(np.uint8)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_distances_of_each_dtype(dtype, metric):
    rows, row_values, scalar = stored(2, 40, 37, dtype)
    for queries, values in (stored(1, 5, 37, dtype)[:2], stored(1, 5, 37, "float32")[:2], stored(1, 70, 37, "float32")[:2]):
        want = reference(values, row_values, metric)
        found = atlas.distances(queries, rows, metric, scalar=scalar)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, want, rtol=2e-5, atol=2e-5 * max(1, np.abs(want).max()))
        one = atlas.distances(queries[3], rows, metric, scalar=scalar)
        assert one.shape == (40,)
        np.testing.assert_allclose(one, want[3], rtol=2e-5, atol=2e-5 * max(1, np.abs(want).max()))
        ids = np.array([39, 0, 7, 7])
        np.testing.assert_allclose(atlas.distances(queries, rows, metric, ids=ids, scalar=scalar), want[:, ids], rtol=2e-5,
                                   atol=2e-5 * max(1, np.abs(want).max()))


@pytest.mark.parametrize("order", ("little", "big"))
def test_distances_of_bits(order):
    one, other = bits(1, 4, 123), bits(2, 9, 123)
    queries, rows = np.packbits(one, axis=1, bitorder=order), np.packbits(other, axis=1, bitorder=order)
    differ = (one[:, None] != other[None]).sum(axis=2)
    assert (atlas.distances(queries, rows, "hamming") == differ).all()
    both = (one[:, None] & other[None]).sum(axis=2)
    either = (one[:, None] | other[None]).sum(axis=2)
    np.testing.assert_allclose(atlas.distances(queries, rows, "jaccard"), 1 - both / either, rtol=1e-6)
    zero = np.zeros((1, 3), dtype=np.uint8)
    assert atlas.distances(zero, zero, "jaccard").tolist() == [[0.0]]
    ids, distances = atlas.nearest(rows[5], rows, 1, "hamming")
    assert ids.tolist() == [5] and distances.tolist() == [0.0]


def test_rows_are_used_where_they_lie():
    block = random_rows(3, 60, 64)
    for rows in (block[::3], block[:, 5:37], block[10:50:2, 7:8], block[4:5, 3:9], block[::-1][::-1]):
        queries = rows[:1]
        np.testing.assert_allclose(atlas.distances(queries, rows), reference(queries.astype(float), rows.astype(float), "l2sq"),
                                   rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(atlas.norms(rows), np.linalg.norm(rows, axis=1), rtol=1e-5)
    frozen = block.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(atlas.distances(frozen[0], frozen), atlas.distances(block[0], block))
    for wrong in (block.T, block[::-1], block[:, ::2], np.broadcast_to(block[0], (4, 64))):
        with pytest.raises(ValueError, match="strides"):
            atlas.distances(wrong[0].copy() if wrong.shape[1] == 64 else wrong[0], wrong)


def test_what_is_refused_names_both_values():
    queries, rows = random_rows(1, 3, 8), random_rows(2, 5, 8)

    def refused(kind, text, call):
        with pytest.raises(kind, match=text) as caught:
            call()
        assert isinstance(caught.value, ValueError)

    refused(atlas.DimensionMismatch, "rows.dimension: expected 8, found 7", lambda: atlas.distances(queries, random_rows(2, 5, 7)))
    refused(atlas.InvalidArgument, "dimension: expected 1 to 65535, found 0", lambda: atlas.distances(queries[:, :0], rows[:, :0]))
    refused(atlas.LimitExceeded, "dimension: expected 65535, found 70000",
            lambda: atlas.distances(np.zeros((1, 70000), "float32"), np.zeros((1, 70000), "float32")))
    refused(atlas.ScalarMismatch, "rows.scalar: expected i8, found u8",
            lambda: atlas.distances(np.zeros((1, 8), "int8"), np.zeros((1, 8), "uint8")))
    refused(atlas.ScalarMismatch, "rows.dtype: expected .*, found float64", lambda: atlas.distances(queries, rows.astype("float64")))
    refused(atlas.ScalarMismatch, "rows.dtype: expected .*, found uint16", lambda: atlas.distances(queries, rows.astype("uint16")))
    refused(atlas.ScalarMismatch, "rows.dtype: expected .*, found >f4", lambda: atlas.distances(queries, rows.astype(">f4")))
    refused(atlas.MetricMismatch, "metric: expected l2sq, inner_product or cosine .*, found hamming",
            lambda: atlas.distances(queries, rows, "hamming"))
    refused(atlas.InvalidArgument, "metric: expected one of .*, found 'manhattan'", lambda: atlas.distances(queries, rows, "manhattan"))
    refused(atlas.InvalidArgument, "scalar: expected 'bf16' or None, found 'b16'", lambda: atlas.distances(queries, rows, scalar="b16"))
    refused(atlas.LimitExceeded, "id: expected below 5, found 5", lambda: atlas.distances(queries, rows, ids=[0, 5]))
    refused(ValueError, "ids", lambda: atlas.distances(queries, rows, ids=[-1]))
    refused(atlas.InvalidArgument, "k: expected at least 1, found 0", lambda: atlas.nearest(queries, rows, 0))
    refused(atlas.InvalidArgument, "k: expected at most the number of rows, 5, found 6", lambda: atlas.nearest(queries, rows, 6))
    refused(atlas.InvalidArgument, "first_pass: expected one of f32, bf16, i8, found 'f64'",
            lambda: atlas.nearest(queries, rows, 1, first_pass="f64"))
    refused(ValueError, "rows: expected 2 dimensions", lambda: atlas.distances(queries, rows[0]))
    halves = rows.astype("float16")
    refused(atlas.ScalarMismatch, "rows.scalar: expected f32, found f16", lambda: atlas.normalize(halves))
    refused(atlas.ScalarMismatch, "rows.scalar: expected f32, found f16", lambda: atlas.mean(halves))
    refused(atlas.ScalarMismatch, "rows.scalar: expected f32, found f16", lambda: atlas.to_bf16(halves))
    refused(atlas.ScalarMismatch, "rows.scalar: expected bf16, found f32", lambda: atlas.from_bf16(rows))
    refused(atlas.ScalarMismatch, "rows.scalar: expected f32, found f16", lambda: atlas.to_i8(halves))
    refused(atlas.ScalarMismatch, "rows.scalar: expected i8, found f32", lambda: atlas.from_i8(rows, rows[:, 0].copy()))
    with pytest.raises(TypeError):
        atlas.distances(queries.tolist(), rows)
    with pytest.raises(TypeError):
        atlas.nearest(queries, np.ma.array(rows), 1)


@pytest.mark.parametrize("metric", METRICS)
def test_nearest_is_what_sorting_gives(metric):
    rows, queries = random_rows(1, 700, 24), random_rows(2, 41, 24)
    rows[13] = np.nan
    rows[600] = rows[20]  # of equal distances the lower row
    all_distances = np.stack([atlas.distances(query, rows, metric) for query in queries])
    order = np.argsort(all_distances, axis=1, kind="stable")[:, :12]
    for first_pass in ("f32", "bf16", "i8"):
        for threads in (0, 1):
            ids, distances = atlas.nearest(queries, rows, 12, metric, threads=threads, first_pass=first_pass)
            assert ids.dtype == np.int64 and distances.dtype == np.float32
            np.testing.assert_array_equal(ids, order)
            np.testing.assert_array_equal(distances, np.take_along_axis(all_distances, order, axis=1))
    ids, distances = atlas.nearest(queries[0], rows, 700, metric)
    assert ids.shape == (700,) and ids[-1] == -1 and np.isposinf(distances[-1]) and 13 not in ids


def test_a_flat_index_gives_the_same_answers_after_each_first_pass():
    rows, queries = random_rows(1, 700, 24), random_rows(2, 41, 24)
    index = atlas.Index.create(24, metric="cosine", kind="flat")
    index.add(np.arange(700), rows)
    want = index.search(queries, k=5)
    for first_pass in ("f32", "bf16", "i8"):
        found = index.search(queries, k=5, first_pass=first_pass)
        np.testing.assert_array_equal(found.keys, want.keys)
        np.testing.assert_array_equal(found.distances, want.distances)
    with pytest.raises(atlas.InvalidArgument, match="first_pass: expected one of f32, bf16, i8, found 'i4'"):
        index.search(queries, k=5, first_pass="i4")


@pytest.mark.parametrize("dtype", DTYPES)
def test_nearest_of_each_dtype_finds_a_row_itself(dtype):
    rows, _, scalar = stored(2, 300, 31, dtype)
    ids, distances = atlas.nearest(rows[40:60], rows, 3, scalar=scalar)
    assert ids[:, 0].tolist() == list(range(40, 60)) and (distances[:, 0] == 0).all()


def test_nearest_tells_its_progress_and_stops():
    rows = random_rows(1, 500, 8)
    seen = []
    atlas.nearest(rows, rows, 2, progress=lambda done, total: seen.append((done, total)))
    assert seen and seen[-1][0] == seen[-1][1]
    with pytest.raises(atlas.Cancelled):
        atlas.nearest(rows, rows, 2, progress=lambda done, total: False)


def test_no_queries_and_no_rows():
    rows = random_rows(1, 5, 8)
    assert atlas.distances(rows[:0], rows).shape == (0, 5)
    assert atlas.distances(rows, rows[:0]).shape == (5, 0)
    assert atlas.distances(rows, rows, ids=[]).shape == (5, 0)
    assert atlas.nearest(rows[:0], rows, 2)[0].shape == (0, 2)
    assert atlas.norms(rows[:0]).shape == (0,) and atlas.consecutive_cosine(rows[:0]).shape == (0,)
    assert atlas.normalize(rows[:0]).shape == (0, 8)
    with pytest.raises(ValueError, match="at least 1, found 0"):
        atlas.mean(rows[:0])


def test_normalize_norms_mean():
    rows = random_rows(1, 9, 33)
    rows[4] = 0
    lengths = np.linalg.norm(rows.astype(float), axis=1)
    np.testing.assert_allclose(atlas.norms(rows), lengths, rtol=1e-5)
    want = rows / np.where(lengths == 0, 1, lengths)[:, None]
    np.testing.assert_allclose(atlas.normalize(rows), want, rtol=1e-5)
    np.testing.assert_allclose(atlas.normalize(rows[2]), want[2], rtol=1e-5)
    np.testing.assert_allclose(atlas.mean(rows), rows.astype(float).mean(axis=0), rtol=1e-6)
    wide = np.full((9, 40), 7, dtype=np.float32)
    assert atlas.normalize(rows, wide[:, 2:35]) is not None
    np.testing.assert_allclose(wide[:, 2:35], want, rtol=1e-5)
    assert (wide[:, :2] == 7).all() and (wide[:, 35:] == 7).all()
    same = rows.copy()
    assert atlas.normalize(same, out=same) is same
    np.testing.assert_allclose(same, want, rtol=1e-5)
    for out, text in ((rows.astype("float64"), "float32"), (rows[:3], "shape"), (rows[:, :32], "shape")):
        with pytest.raises(ValueError, match=text):
            atlas.normalize(rows, out)
    block = random_rows(3, 10, 8)
    with pytest.raises(atlas.InvalidArgument, match="apart"):
        atlas.normalize(block[:-1], block[1:])
    frozen = rows.copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        atlas.normalize(rows, frozen)


@pytest.mark.parametrize("dtype", DTYPES)
def test_consecutive_cosine_and_norms_of_each_dtype(dtype):
    rows, values, scalar = stored(5, 12, 19, dtype)
    want = [reference(values[i:i + 1], values[i + 1:i + 2], "cosine")[0, 0] for i in range(11)]
    np.testing.assert_allclose(atlas.consecutive_cosine(rows, scalar=scalar), want, atol=1e-5)
    np.testing.assert_allclose(atlas.norms(rows, scalar=scalar), np.linalg.norm(values, axis=1), rtol=1e-5)


def test_bf16_is_rounded_to_nearest_even():
    values = np.array([1.0, 1.00390625, 1.01171875, -3.4e38, np.inf, -np.inf, 0.0, 1e-40], dtype=np.float32)
    found = atlas.from_bf16(atlas.to_bf16(values))
    want = np.array([1.0, 1.0, 1.015625, -np.inf, np.inf, -np.inf, 0.0, 9.18355e-41], dtype=np.float32)
    np.testing.assert_allclose(found, want, rtol=1e-4)
    assert np.isnan(atlas.from_bf16(atlas.to_bf16(np.array([np.nan], dtype=np.float32)))).all()
    rows = random_rows(1, 5, 50)
    assert np.abs(atlas.from_bf16(atlas.to_bf16(rows)) - rows).max() <= np.abs(rows).max() * 2 ** -8


@pytest.mark.parametrize("scaling", ("row", "dimension"))
def test_i8_is_within_half_a_scale(scaling):
    rows = random_rows(1, 6, 50)
    rows[2] = 0
    codes, scales = atlas.to_i8(rows, scaling)
    assert codes.dtype == np.int8 and scales.shape == ((6,) if scaling == "row" else (50,))
    back = atlas.from_i8(codes, scales, scaling)
    step = scales[:, None] if scaling == "row" else scales[None, :]
    assert (np.abs(back - rows) <= step * 0.501).all()
    again, same = atlas.to_i8(rows, scaling, scales)
    assert (again == codes).all() and same is scales
    with pytest.raises(ValueError, match="shape"):
        atlas.to_i8(rows, scaling, scales[:3])
    with pytest.raises(atlas.InvalidArgument, match="scales"):
        atlas.to_i8(rows, scaling, -scales - 1)
    rows[3, 7] = np.nan
    with pytest.raises(atlas.NotFinite) as caught:
        atlas.to_i8(rows, scaling)
    assert caught.value.row == 3


@native_only
def test_other_python_threads_run_during_a_search_of_arrays():
    """The main thread counts while another is inside one native call; with the GIL held it could not."""
    rows = random_rows(1, 40000, 256)
    inside, done, counted = threading.Event(), threading.Event(), [0]

    def search():
        inside.set()
        atlas.distances(rows[:200], rows)
        done.set()

    thread = threading.Thread(target=search)
    thread.start()
    inside.wait()
    while not done.is_set():
        counted[0] += 1
    thread.join()
    assert counted[0] > 200
