# SPDX-License-Identifier: Apache-2.0
"""The package itself: which library it loads, Ctrl-C in long calls, the GIL, fork."""

import inspect
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import zipfile

import numpy as np
import pytest

import atlas
from conftest import ROOT, native_only, random_rows


def run(code, environment, **more):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True,
                          timeout=120, **more)


def test_version_and_names():
    config = (ROOT / "include" / "atlas" / "core" / "config.hpp").read_text()
    assert f'ATLAS_VERSION_STRING "{atlas.__version__}"' in config
    for name in atlas.__all__:
        assert hasattr(atlas, name)
    assert (pathlib.Path(atlas.__file__).parent / "py.typed").exists()
    assert atlas.native == (atlas.native_problem == "") and atlas.native == (atlas.library_path is not None)


def test_every_status_has_its_exception():
    header = (ROOT / "c_api" / "atlas.h").read_text()
    codes = {int(number) for number in re.findall(r"ATLAS_ERR_\w+ = (-\d+)", header)}
    classes = {one.code for one in vars(atlas).values()
               if isinstance(one, type) and issubclass(one, atlas.AtlasError) and one is not atlas.AtlasError}
    assert codes == classes


def test_defaults_are_those_of_the_library():
    def default(header, struct, field):
        text = (ROOT / "include" / "atlas" / header).read_text()
        body = re.search(rf"struct {struct} \{{(.*?)\n\}};", text, flags=re.S).group(1)
        value = re.search(rf"\b{field} = ([^;]+);", body).group(1)
        shifted = re.search(r"(\d+)[U}]* << (\d+)", value)
        if shifted:
            return int(shifted[1]) << int(shifted[2])
        return float(value.rstrip("F"))

    def check(function, header, struct, names):
        parameters = inspect.signature(function).parameters
        for name, field in names.items():
            assert parameters[name].default == default(header, struct, field), (function, name)

    for function in (atlas.chunk, atlas.stream, atlas.Chunker, atlas.Chunker.open_state):
        check(function, "chunk/chunker_options.hpp", "chunker_options", {n: n for n in ("size", "overlap")})
    check(atlas.Chunker, "chunk/chunker_options.hpp", "chunker_options", {"coherent_percent": "coherent_percent"})
    embedder = ("dimension", "frequency_buckets", "seed", "word_weight", "pair_weight", "gram_weight", "gram_length")
    check(atlas.Embedder, "embed/hashing_options.hpp", "hashing_options", {n: n for n in embedder})
    check(atlas.EmbedderOptions, "embed/hashing_options.hpp", "hashing_options", {n: n for n in embedder})
    check(atlas.Index.create, "index/hnsw_options.hpp", "hnsw_options",
          {n: n for n in ("connectivity", "build_width", "search_width", "seed", "codes_from", "alpha")})
    check(atlas.Index.tune, "index/options.hpp", "tune_options", {n: n for n in ("k", "recall")})
    check(atlas.Index.seal, "index/options.hpp", "seal_options", {n: n for n in ("degree", "seed")})
    check(atlas.Folder.build, "folder/folder_options.hpp", "folder_options",
          {n: n for n in ("connectivity", "build_width", "search_width", "seed", "max_file_bytes")})
    check(atlas.Folder.build, "chunk/chunker_options.hpp", "chunker_options", {"chunk_size": "size", "chunk_overlap": "overlap"})


def test_defaults_in_the_comments_of_the_c_header_are_those_of_the_package():
    text = "".join(path.read_text() for path in sorted((ROOT / "c_api").glob("*.h")))

    def check(struct, function, prefix=""):
        body = re.search(rf"typedef struct {struct} \{{(.*?)\}} {struct};", text, flags=re.S).group(1)
        said = re.findall(r"\b(\w+);\s*/\*\*<[^*]*\bdefault (\d[\d.]*(?:\^\d+| MiB)?)", body)
        parameters = inspect.signature(function).parameters
        for name, words in said:
            number = words.rstrip(".").replace(" MiB", " * 2**20").replace("^", "**")
            assert eval(number) == parameters[prefix + name].default, (struct, name, words)
        return len(said)

    assert check("atlas_index_options", atlas.Index.create) == 9
    assert check("atlas_seal_options", atlas.Index.seal) == 2
    assert check("atlas_tune_options", atlas.Index.tune) == 2
    assert check("atlas_chunker_options", atlas.Chunker) == 4
    assert check("atlas_embedder_options", atlas.Embedder) == 7
    assert check("atlas_folder_options", atlas.Folder.build) == 3
    assert "search_width: 100" in text and inspect.signature(atlas.Folder.build).parameters["search_width"].default == 100


def test_disabled_native(library_environment):
    code = "import atlas; print(atlas.native, atlas.native_problem, atlas.library_path)"
    answer = run(code, {**library_environment, "ATLAS_DISABLE_NATIVE": "1"})
    assert answer.stdout == "False ATLAS_DISABLE_NATIVE is set None\n"
    environment = {key: value for key, value in library_environment.items() if not key.startswith("ATLAS_")}
    answer = run(code, environment)
    assert answer.stdout.startswith("False no ") and "libatlas.so.0" in answer.stdout


def test_a_named_library_that_is_none_is_an_import_error(library_environment, tmp_path):
    environment = {**library_environment, "ATLAS_DISABLE_NATIVE": "0"}
    answer = run("import atlas", {**environment, "ATLAS_LIBRARY": str(tmp_path / "missing.so")})
    assert answer.returncode != 0 and "ImportError" in answer.stderr and "missing.so" in answer.stderr

    path = next((p for p in map(pathlib.Path, ("/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6",
                                               "/lib64/libm.so.6")) if p.exists()), None)
    if path is not None:
        answer = run("import atlas", {**environment, "ATLAS_LIBRARY": str(path)})
        assert answer.returncode != 0 and "without atlas_abi_version" in answer.stderr


@native_only
def test_ctrl_c_stops_an_add_and_leaves_it_out(library_environment):
    """The signal is sent by the progress callback itself, so that it falls into the call and nobody sleeps."""
    answer = run("""
        import os, signal, atlas, numpy as np
        index = atlas.Index.create(64, kind="hnsw")
        vectors = np.random.default_rng(1).standard_normal((60000, 64)).astype(np.float32)
        last = [0]
        def progress(done, total):
            last[0] = done
            if done >= 300 and not sent:
                sent.append(1)
                os.kill(os.getpid(), signal.SIGINT)
        sent = []
        try:
            index.add(np.arange(60000), vectors, progress=progress)
        except KeyboardInterrupt:
            print("interrupted", len(index), last[0] < 60000)
        index.add(np.arange(10), vectors[:10])
        print(len(index))
        """, library_environment)
    assert answer.stdout == "interrupted 0 True\n10\n", answer.stderr


@native_only
def test_ctrl_c_without_a_progress_callback(library_environment):
    """A timer of the kernel sends SIGINT while the add runs; without it the call would take minutes."""
    answer = run("""
        import signal, atlas, numpy as np
        index = atlas.Index.create(128, kind="hnsw", build_width=2000)
        vectors = np.random.default_rng(1).standard_normal((200000, 128)).astype(np.float32)
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            index.add(np.arange(200000), vectors)
        except KeyboardInterrupt:
            print("interrupted", len(index))
        """, library_environment)
    assert answer.stdout == "interrupted 0\n", answer.stderr


@native_only
def test_other_python_threads_run_during_a_search():
    """The main thread counts while another is inside one native call; with the GIL held it could not."""
    index = atlas.Index.create(256, kind="flat")
    vectors = random_rows(1, 40000, 256)
    index.add(np.arange(40000), vectors)
    inside, done, counted = threading.Event(), threading.Event(), [0]

    def search():
        inside.set()
        index.search(vectors[:400], k=1, threads=1)
        done.set()

    thread = threading.Thread(target=search)
    thread.start()
    inside.wait()
    while not done.is_set():
        counted[0] += 1
    thread.join()
    # Ten billion multiplications take far longer than a few hundred turns of this loop.
    assert counted[0] > 200


def _search_in_child(index, vector, queue):
    queue.put(int(index.search(vector, k=1).keys[0]))


@pytest.mark.parametrize("threads", (1, 0))
def test_a_forked_child_searches_what_it_inherited(threads):
    index = atlas.Index.create(8)
    vectors = random_rows(4, 300, 8)
    index.add(np.arange(300), vectors, threads=threads)
    index.search(vectors, threads=threads)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_search_in_child, args=(index, vectors[123], queue))
    child.start()
    assert queue.get() == 123
    child.join()
    assert child.exitcode == 0


def test_a_handle_is_closed_once_wherever_an_interrupt_comes():
    """An exception is raised before each line in turn of what a call does around the native one."""
    from atlas._calls import Handle

    class Interrupt(Exception):
        pass

    for stop in range(12):
        closed = []
        handle = Handle(7, closed.append, "thing")
        lines = [0]

        def trace(frame, event, argument):
            if not frame.f_code.co_filename.endswith("_calls.py"):
                return None
            if event == "line":
                lines[0] += 1
                if lines[0] == stop + 1:
                    raise Interrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            with handle.use() as pointer:
                assert pointer == 7 and not closed
        except Interrupt:
            pass
        finally:
            sys.settrace(before)
        assert not closed
        handle.close()
        handle.close()
        assert closed == [7]
        with pytest.raises(atlas.Closed):
            handle.use()


def test_a_handle_closed_during_a_call_ends_after_it():
    from atlas._calls import Handle
    closed = []
    handle = Handle(7, closed.append, "thing")
    try:
        with handle.use():
            handle.close()
            assert not closed
            raise KeyError
    except KeyError as problem:
        assert closed == [7]  # although the traceback still holds the frame
        assert problem.__traceback__ is not None


def test_interrupt_handling_does_not_swallow_other_handlers():
    """A handler of the caller's that raises comes out of a long call, like KeyboardInterrupt."""
    if not hasattr(signal, "SIGUSR1"):
        pytest.skip("no SIGUSR1")

    class Alarm(Exception):
        pass

    def handler(number, frame):
        raise Alarm

    sent = []
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        index = atlas.Index.create(8)
        with pytest.raises(Alarm):
            index.add(np.arange(5000), random_rows(1, 5000, 8),
                      progress=lambda done, total: sent or (sent.append(1), os.kill(os.getpid(), signal.SIGUSR1)))
    finally:
        signal.signal(signal.SIGUSR1, before)


@native_only
def test_a_wheel_holds_the_library_and_loads_it(library_environment, tmp_path):
    pytest.importorskip("wheel")
    pytest.importorskip("setuptools")
    source = tmp_path / "source"
    shutil.copytree(ROOT / "c_api" / "python", source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    shutil.copy(atlas.library_path, source / "atlas" / "libatlas.so.0")
    built = subprocess.run([sys.executable, "setup.py", "-q", "bdist_wheel", "--dist-dir", str(tmp_path)], cwd=source,
                           capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert re.match(r"atlas_retrieval-[\d.]+-py3-none-linux_\w+\.whl", wheel.name)
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(installed)
    assert {"atlas/libatlas.so.0", "atlas/py.typed", "atlas/_pure/index.py"} <= names, names
    environment = {key: value for key, value in library_environment.items() if not key.startswith("ATLAS_")}
    answer = run("import atlas; print(atlas.library_path)", {**environment, "PYTHONPATH": str(installed)})
    assert answer.stdout.strip() == str(installed / "atlas" / "libatlas.so.0"), answer.stderr
