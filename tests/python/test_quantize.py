# SPDX-License-Identifier: Apache-2.0
"""Clusters, quantisers and rotations: arrays in and out."""

import gc

import numpy as np
import pytest

import atlas
from conftest import native_only, random_rows

KINDS = {"product": {"code_bytes": 4}, "product_4": {"code_bytes": 2, "bits": 4}, "scalar": {}, "scalar_4": {"bits": 4},
         "additive": {"code_bytes": 2, "beam": 2, "rounds": 1}, "corrected": {"code_bytes": 5}, "bits": {}}


def uneven_rows(seed, rows, dimension):
    return (random_rows(seed, rows, dimension) * np.arange(1, dimension + 1) + 2).astype(np.float32)


def trained(name, vectors, **more):
    return atlas.Quantizer.train(vectors, name.split("_")[0], iterations=3, **{**KINDS[name], **more})


def squared(queries, rows):
    return ((queries.astype(np.float64)[:, None] - rows[None]) ** 2).sum(axis=2)


def test_assign_to_centroids():
    vectors, centroids = random_rows(1, 200, 7), random_rows(2, 9, 7)
    ids, distances = atlas.assign_to_centroids(vectors, centroids)
    exact = squared(vectors, centroids)
    assert ids.dtype == np.uint32 and (ids == exact.argmin(axis=1)).all()
    np.testing.assert_allclose(distances, exact.min(axis=1), rtol=1e-5)
    strided, _ = atlas.assign_to_centroids(np.repeat(vectors, 2, axis=0)[::2], centroids)
    assert (strided == ids).all()
    bad = vectors.copy()
    bad[3, 4] = np.nan
    with pytest.raises(atlas.NotFinite) as problem:
        atlas.assign_to_centroids(bad, centroids)
    assert problem.value.row == 3
    with pytest.raises(atlas.DimensionMismatch):
        atlas.assign_to_centroids(vectors, centroids[:, :6])
    with pytest.raises(atlas.InvalidArgument):
        atlas.assign_to_centroids(vectors, centroids[:0])
    with pytest.raises(atlas.LimitExceeded):
        atlas.assign_to_centroids(vectors * np.float32(1e30), centroids)
    with pytest.raises(atlas.ScalarMismatch):
        atlas.assign_to_centroids(vectors.astype(np.float16), centroids)
    with pytest.raises(atlas.Cancelled):
        atlas.assign_to_centroids(vectors, centroids, progress=lambda done, total: False)
    with pytest.raises(atlas.DimensionMismatch, match="centroids.dimension"):
        atlas.assign_to_centroids(bad, centroids[:, :6])
    none, far = atlas.assign_to_centroids(vectors[:0], centroids[:0])
    assert none.shape == (0,) and far.shape == (0,)


@native_only
def test_kmeans():
    middles = np.array([[0, 0], [100, 0], [0, 100], [100, 100]], dtype=np.float32)
    vectors = (np.repeat(middles, 50, axis=0) + random_rows(3, 200, 2)).astype(np.float32)
    told = []
    found = atlas.kmeans(vectors, 4, start="plus_plus", progress=lambda done, total: told.append((done, total)))
    assert told and all(total == 10 for _, total in told)
    assert sorted(found.sizes.tolist()) == [50, 50, 50, 50]
    assert (squared(vectors, found.centroids).argmin(axis=1) == found.assigned).all()
    nearest = squared(vectors, found.centroids).min(axis=1)
    assert found.error == pytest.approx(nearest.mean(), rel=1e-4)
    assert 1 <= found.iterations <= 10
    np.testing.assert_allclose(np.sort(found.centroids.round(-2), axis=0), np.sort(middles, axis=0), atol=0)
    again = atlas.kmeans(vectors, 4, start="plus_plus", threads=1)
    assert (again.centroids == found.centroids).all()
    assert not (atlas.kmeans(vectors, 20, seed=1, iterations=1).centroids == atlas.kmeans(vectors, 20, seed=2, iterations=1).centroids).all()
    even = atlas.kmeans(uneven_rows(4, 400, 3), 8, iterations=30, balance=1.0)
    usual = atlas.kmeans(uneven_rows(4, 400, 3), 8, iterations=30)
    assert even.sizes.max() < usual.sizes.max()
    plain = atlas.kmeans(random_rows(5, 3000, 8), 80, iterations=8, relaxation=1)
    assert atlas.kmeans(random_rows(5, 3000, 8), 80, iterations=8).error < plain.error
    assert atlas.kmeans(uneven_rows(4, 400, 3), 8, iterations=100, tolerance=0.9).iterations < 10
    assert atlas.kmeans(vectors, 4, batch_rows=32, sample_rows=100, iterations=3).iterations == 3


@native_only
def test_kmeans_refuses():
    vectors = random_rows(1, 10, 3)
    for wrong in ({"clusters": 11}, {"clusters": 0}, {"clusters": 1 << 40}, {"clusters": 2, "iterations": 0},
                  {"clusters": 2, "balance": 1.5}, {"clusters": 2, "tolerance": float("nan")}, {"clusters": 2, "seed": 0},
                  {"clusters": 2, "relaxation": 2.0}, {"clusters": 2, "relaxation": 0.5},
                  {"clusters": 2, "start": "anywhere"}, {"clusters": 5, "sample_rows": 4}):
        with pytest.raises((atlas.InvalidArgument, atlas.LimitExceeded), match="expected .*found"):
            atlas.kmeans(vectors, **wrong)
    with pytest.raises(atlas.Cancelled):
        atlas.kmeans(vectors, 2, progress=lambda done, total: False)
    vectors[4] = np.inf
    with pytest.raises(atlas.NotFinite) as problem:
        atlas.kmeans(vectors, 2)
    assert problem.value.row == 4


@native_only
@pytest.mark.parametrize("name", KINDS)
def test_quantizer(name):
    vectors, queries = uneven_rows(1, 600, 13), uneven_rows(2, 5, 13)
    with trained(name, vectors) as quantizer:
        assert quantizer.kind == name.split("_")[0] and quantizer.dimension == 13
        codes = quantizer.encode(vectors)
        assert codes.dtype == np.uint8 and codes.shape == (600, quantizer.code_bytes)
        if "code_bytes" in KINDS[name]:
            assert quantizer.code_bytes == KINDS[name]["code_bytes"]
        assert (quantizer.encode(vectors[40:41]) == codes[40]).all()
        assert (quantizer.encode(np.repeat(vectors, 2, axis=0)[::2], threads=1) == codes).all()
        back = quantizer.decode(codes)
        assert back.dtype == np.float32 and back.shape == (600, 13)
        lost = ((vectors - back).astype(np.float64) ** 2).sum()
        said = quantizer.error_of(vectors)
        assert said.mean_squared == pytest.approx(lost / 600, rel=1e-4)
        assert said.share == pytest.approx(lost / (vectors.astype(np.float64) ** 2).sum(), rel=1e-4)
        distances = quantizer.distances(queries, codes)
        assert distances.shape == (5, 600) and distances.dtype == np.float32
        one = quantizer.distances(queries[3], codes)
        assert one.shape == (600,) and (one == distances[3]).all()
        if quantizer.kind in ("corrected", "bits"):
            exact = squared(queries, vectors)
            assert np.corrcoef(exact.ravel(), distances.ravel())[0, 1] > 0.9
        else:
            exact = squared(queries, back)
            np.testing.assert_allclose(distances, exact, rtol=1e-4, atol=0.1)
        state = quantizer.save_state()
        with atlas.Quantizer.open_state(state) as opened:
            assert opened.kind == quantizer.kind and (opened.encode(vectors) == codes).all()
            assert opened.save_state() == state
    with pytest.raises(atlas.Closed):
        quantizer.encode(vectors)


@native_only
def test_quantizer_tells_errors_of_one_bit_codes():
    vectors, queries = uneven_rows(1, 500, 64), uneven_rows(2, 4, 64)
    quantizer = atlas.Quantizer.train(vectors, "bits")
    codes = quantizer.encode(vectors)
    distances, errors = quantizer.distances_and_errors(queries, codes)
    assert (distances == quantizer.distances(queries, codes)).all() and errors.shape == (4, 500)
    off = np.abs(squared(queries, vectors) - distances) / errors
    assert (off < 3).mean() > 0.99 and (off > 0.3).any()
    one, spread = quantizer.distances_and_errors(queries[2], codes)
    assert (one == distances[2]).all() and (spread == errors[2]).all()
    with pytest.raises(atlas.InvalidArgument, match="kind: expected bits"):
        trained("product", vectors).distances_and_errors(queries, codes[:, :4])


@native_only
def test_quantizer_refuses():
    vectors = uneven_rows(1, 300, 8)
    for wrong in ({"kind": "product"}, {"kind": "corrected", "code_bytes": 1}, {"kind": "product", "code_bytes": 9},
                  {"kind": "scalar", "code_bytes": 8}, {"kind": "scalar", "bits": 5}, {"kind": "vector"},
                  {"kind": "corrected", "code_bytes": 4, "bits": 4}, {"kind": "product", "code_bytes": 5, "bits": 4},
                  {"kind": "additive", "code_bytes": 2, "beam": 65}, {"kind": "bits", "seed": 0},
                  {"kind": "product", "code_bytes": 2, "sample_rows": 20}):
        with pytest.raises(atlas.InvalidArgument, match="expected .*found"):
            atlas.Quantizer.train(vectors, **wrong)
    with pytest.raises(atlas.InvalidArgument, match="256"):
        atlas.Quantizer.train(vectors[:255], code_bytes=4)
    with pytest.raises(atlas.Cancelled):
        atlas.Quantizer.train(vectors, code_bytes=4, progress=lambda done, total: False)
    bad = vectors.copy()
    bad[7, 0] = np.nan
    with pytest.raises(atlas.NotFinite) as problem:
        atlas.Quantizer.train(bad, "scalar")
    assert problem.value.row == 7
    with pytest.raises(TypeError):
        atlas.Quantizer.train(vectors.tolist(), "scalar")
    quantizer = atlas.Quantizer.train(vectors, "scalar")
    codes = quantizer.encode(vectors)
    with pytest.raises(atlas.DimensionMismatch):
        quantizer.encode(vectors[:, :7])
    with pytest.raises(atlas.DimensionMismatch):
        quantizer.decode(codes[:, :7])
    with pytest.raises(atlas.ScalarMismatch):
        quantizer.decode(codes.astype(np.int8))
    with pytest.raises(atlas.DimensionMismatch):
        quantizer.distances(vectors, codes[:, :7])
    with pytest.raises(atlas.Cancelled):
        quantizer.encode(vectors, progress=lambda done, total: False)
    state = quantizer.save_state()
    for broken in (b"", state[:-1], state[:70] + b"x" + state[71:], state + b"\0\0\0\0"):
        with pytest.raises(atlas.CorruptFile):
            atlas.Quantizer.open_state(broken)
    with pytest.raises(atlas.CorruptFile, match="quantizer.kind"):
        atlas.Quantizer.open_state(atlas.Rotation.random(8).save_state())
    with pytest.raises(TypeError):
        atlas.Quantizer.open_state("text")


@native_only
@pytest.mark.parametrize("kind", ("random", "learned"))
def test_rotation(kind):
    vectors = uneven_rows(1, 400, 13)
    turn = atlas.Rotation.random(13, seed=0) if kind == "random" else atlas.Rotation.train(vectors, 4, bits=4, rounds=1)
    assert turn.kind == kind and turn.dimension == 13 and turn.padded == 16
    turned = turn.apply(vectors)
    assert turned.shape == (400, 16) and turned.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(vectors, axis=1), rtol=1e-4)
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, rtol=1e-3, atol=1)
    np.testing.assert_allclose(turn.apply_inverse(turned), vectors, rtol=1e-3, atol=1e-3)
    assert 0 <= turn.orthogonality_error() < 1e-5
    assert (atlas.Rotation.open_state(turn.save_state()).apply(vectors, threads=1) == turned).all()
    with pytest.raises(atlas.DimensionMismatch):
        turn.apply(turned)
    with pytest.raises(atlas.DimensionMismatch):
        turn.apply_inverse(vectors)
    with pytest.raises(atlas.CorruptFile):
        atlas.Rotation.open_state(turn.save_state()[:-1])
    with pytest.raises(atlas.CorruptFile):
        atlas.Rotation.open_state(trained("scalar", vectors).save_state())
    turn.close()
    with pytest.raises(atlas.Closed):
        turn.apply(vectors)


@native_only
def test_rotation_before_product_codes_loses_less():
    mixed = (random_rows(1, 2000, 16) * np.geomspace(1, 100, 16)).astype(np.float32) @ np.linalg.qr(random_rows(2, 16, 16))[0].astype(np.float32)
    mixed = np.ascontiguousarray(mixed, dtype=np.float32)
    plain = atlas.Quantizer.train(mixed, "product", code_bytes=4).error_of(mixed).share
    turned = atlas.Rotation.train(mixed, 4).apply(mixed)
    assert atlas.Quantizer.train(turned, "product", code_bytes=4).error_of(turned).share < 0.9 * plain


@native_only
def test_rotation_refuses():
    vectors = uneven_rows(1, 300, 8)
    for wrong in ({"parts": 9}, {"parts": 0}, {"parts": 2, "bits": 5}, {"parts": 2, "rounds": 1001}, {"parts": 2, "sample_rows": 20}):
        with pytest.raises(atlas.InvalidArgument, match="expected .*found"):
            atlas.Rotation.train(vectors, **wrong)
    with pytest.raises((atlas.InvalidArgument, atlas.LimitExceeded)):
        atlas.Rotation.random(65536)
    with pytest.raises(atlas.Cancelled):
        atlas.Rotation.train(vectors, 2, progress=lambda done, total: False)


@native_only
def test_arrays_of_no_rows_and_rows_that_no_code_can_stand_for():
    vectors = uneven_rows(1, 300, 8)
    for name in KINDS:
        quantizer = trained(name, vectors)
        codes = quantizer.encode(vectors[:0])
        assert codes.shape == (0, quantizer.code_bytes) and quantizer.decode(codes).shape == (0, 8)
        assert quantizer.distances(vectors[:2], codes).shape == (2, 0)
        assert quantizer.distances(vectors[:0], quantizer.encode(vectors)).shape == (0, 300)
        assert quantizer.error_of(vectors[:0]) == (0.0, 0.0)
        bad = vectors.copy()
        bad[9, 3] = np.nan
        for call in (quantizer.encode, quantizer.error_of):
            with pytest.raises(atlas.NotFinite) as problem:
                call(bad)
            assert problem.value.row == 9
    turn = atlas.Rotation.random(8)
    assert turn.apply(vectors[:0]).shape == (0, 8) and turn.apply_inverse(vectors[:0]).shape == (0, 8)
    endless = np.empty((1 << 40, 0), dtype=np.float32)  # no memory is asked for before its shape is looked at
    for refuse in (quantizer.encode, quantizer.error_of, turn.apply, lambda rows: atlas.kmeans(rows, 2),
                   lambda rows: atlas.assign_to_centroids(rows, vectors), lambda rows: quantizer.distances(rows, codes)):
        with pytest.raises((atlas.DimensionMismatch, atlas.InvalidArgument)):
            refuse(endless)
    with pytest.raises(atlas.DimensionMismatch):
        quantizer.decode(np.empty((1 << 40, 0), dtype=np.uint8))


@native_only
def test_an_interrupt_when_training_has_succeeded_closes_what_was_made(monkeypatch):
    from atlas import _native_quantize as native
    real, closed = native._lib, []

    class Library:
        def __getattr__(self, name):
            return getattr(real, name)

        def atlas_quantizer_close(self, address):
            closed.append(address)
            real.atlas_quantizer_close(address)

        def atlas_rotation_close(self, address):
            closed.append(address)
            real.atlas_rotation_close(address)

    def interrupted(call, progress):
        call(lambda *arguments: True)
        raise KeyboardInterrupt

    vectors = random_rows(1, 300, 8)
    monkeypatch.setattr(native, "_lib", Library())
    monkeypatch.setattr(native, "run_long", interrupted)
    for number, train in enumerate((lambda: atlas.Quantizer.train(vectors, "bits"), lambda: atlas.Rotation.train(vectors, 2))):
        with pytest.raises(KeyboardInterrupt):
            train()
        gc.collect()
        assert len(closed) == number + 1


@pytest.mark.skipif(atlas.native, reason="of the fallback")
def test_without_the_library_training_and_codes_say_what_they_need():
    vectors = random_rows(1, 300, 8)
    for call in (lambda: atlas.kmeans(vectors, 3), lambda: atlas.Quantizer.train(vectors, "scalar"),
                 lambda: atlas.Quantizer.open_state(b""), lambda: atlas.Rotation.random(8),
                 lambda: atlas.Rotation.train(vectors, 2), lambda: atlas.Rotation.open_state(b"")):
        with pytest.raises(atlas.NativeRequired):
            call()
