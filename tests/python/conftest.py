# SPDX-License-Identifier: Apache-2.0
"""The same tests over both backends: run once with ATLAS_LIBRARY, once with ATLAS_DISABLE_NATIVE=1."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "c_api" / "python"))

import numpy as np
import pytest

import atlas

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_report_header():
    if atlas.native:
        return f"atlas: native backend, {atlas.library_path}, {atlas.simd_target()}"
    return f"atlas: NumPy backend ({atlas.native_problem})"


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(pytest_report_header())


native_only = pytest.mark.skipif(not atlas.native, reason="needs the native library")
pure_only = pytest.mark.skipif(atlas.native, reason="is about the NumPy backend")


def random_rows(seed, rows, dimension):
    return np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)


def reference(queries, rows, metric):
    """Distances in float64, the slow and obvious way."""
    out = np.empty((len(queries), len(rows)))
    for i, a in enumerate(queries.astype(np.float64)):
        for j, b in enumerate(rows.astype(np.float64)):
            if metric == "l2sq":
                out[i, j] = ((a - b) ** 2).sum()
            elif metric == "inner_product":
                out[i, j] = 1.0 - (a * b).sum()
            else:
                out[i, j] = 1.0 - (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
    return out


@pytest.fixture
def golden():
    """A folder of files that an earlier build of the native library wrote."""
    return pathlib.Path(__file__).resolve().parent / "golden"


@pytest.fixture
def library_environment():
    """What a child process needs to load the package with the native library."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "c_api" / "python")}
