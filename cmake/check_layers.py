#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves from the #include lines that dependencies point one way (ARCHITECTURE.md, "Rooms and arrows").

Checked for every header under include/atlas:
  - a room includes only rooms that its arrows reach; a facade only its room's; no two headers include each other;
  - xxHash, utf8proc, Highway and the operating system are named only where they are wrapped;
  - no standard header that costs more than the budget of a facade;
  - the banner's path, the include guard, and the number of lines (this one for every source file).
Prints one line a finding and exits with 1 if there is any.
"""
import argparse
import pathlib
import re
import sys

# Each room and the rooms it may name; what those may name, it may name too.
ARROWS = {
    "core": [],
    "simd": ["core"],
    "storage": ["core"],
    "distance": ["simd"],
    "quantize": ["distance"],
    "index": ["quantize", "storage"],
    "text": ["simd"],
    "chunk": ["text", "distance"],
    "embed": ["text", "distance"],
    "queue": ["core"],
    "folder": ["index", "chunk", "embed", "queue", "storage", "text"],
}

# Each facade include/atlas/<name>.hpp and its room. atlas.hpp includes facades and is included by nobody.
FACADES = {
    "distance": "distance", "flat": "index", "hnsw": "index", "ivf_pq": "index", "any_index": "index",
    "quantize": "quantize",
    "shards": "index",
    "text": "text", "chunk": "chunk", "embed": "embed", "queue": "queue", "store": "storage",
    "folder": "folder", "atlas": None,
}

# The only header outside its room's arrows: the one Highway pass gathers each room's loops.
PASS_FILE = "simd/kernels-inl.hpp"

# Where the operating system may be named.
OS_HEADER = re.compile(
    r"^(sys|linux|asm|netinet|arpa|net)/|^(unistd|fcntl|pthread|dirent|sched|signal|time|poll|errno|cpuid|fts|ftw|"
    r"glob|semaphore|dlfcn|immintrin|x86intrin|arm_neon)\.h$")
OS_FILES = re.compile(
    r"^core/(barrier|clock|futex|mutex|thread|thread_pool)\.hpp$|^simd/cpu\.hpp$|^simd/x86_\w+-inl\.hpp$|"
    r"^storage/(mapped_file|region|file_descriptor|file_writer|file_reader|file_bytes|folder_walk|replacement_file)"
    r"\.hpp$|^queue/(queue_event|shared_memory)\.hpp$")

# Standard headers that would break the include budgets (cmake/include_cost.py); core/ has a small one of each.
HEAVY = {
    "algorithm", "any", "array", "atomic", "barrier", "chrono", "condition_variable", "coroutine", "deque", "execution",
    "filesystem", "format", "forward_list", "fstream", "functional", "future", "iomanip", "ios", "iosfwd", "iostream",
    "istream", "iterator", "latch", "list", "locale", "map", "memory", "memory_resource", "mutex", "numeric", "optional",
    "ostream", "queue", "random", "ranges", "regex", "semaphore", "set", "shared_mutex", "span", "sstream", "stack",
    "stdexcept", "stop_token", "string", "string_view", "strstream", "syncstream", "thread", "tuple", "unordered_map",
    "unordered_set", "valarray", "variant", "vector",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
MAX_LINES = {".h": 800}  # the C header, mostly comments, is split into one a noun at 800
MAX_LINES_ELSEWHERE = 600


def reach(room):
    """The room and every room that its arrows reach."""
    rooms, todo = set(), [room]
    while todo:
        name = todo.pop()
        if name not in rooms:
            rooms.add(name)
            todo += ARROWS[name]
    return rooms


def room_of(path):
    """The room of a path below include/atlas, or None for atlas.hpp; raises KeyError for a stranger."""
    if "/" in path:
        room = path.split("/", 1)[0]
        return room if room in ARROWS else KeyError(room)
    name = path.rsplit(".", 1)[0]
    return FACADES[name] if name in FACADES else KeyError(name)


def includes(text):
    """Yields (line number, bracket, name) of each #include line."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def check_atlas_include(path, name, root):
    """What is wrong with <atlas/name> in the header `path`, or None."""
    if not (root / "include/atlas" / name).is_file():
        return f"includes <atlas/{name}>, which does not exist"
    own, other = room_of(path), room_of(name)
    if isinstance(other, KeyError):
        return None  # the other file is reported itself
    if name == "atlas.hpp":
        return "includes <atlas/atlas.hpp>; no header of ATLAS does"
    if own is None:
        return None if "/" not in name else f"includes <atlas/{name}>; atlas.hpp includes facades only"
    if path == PASS_FILE and name.endswith("-inl.hpp"):
        return None
    if "/" not in name and "/" in path and other == own:
        return f"includes the facade <atlas/{name}> of its own room"
    if other not in reach(own):
        return f"includes <atlas/{name}>: no arrow leads from {own} to {other}"
    return None


def check_foreign_include(path, bracket, name):
    """What is wrong with a header of somebody else in the header `path`, or None."""
    if bracket == '"':
        return f'includes "{name}"; headers of ATLAS are included as <atlas/...>'
    if name.startswith("xxhash") or name == "xxh3.h":
        return None if path == "core/hash.hpp" else "names xxHash; only core/hash.hpp may"
    if name.startswith("utf8proc"):
        return None if path.startswith("text/") else "names utf8proc; only text/ may"
    if name.startswith("hwy/"):
        return None if path.endswith(("-inl.hpp", ".ipp")) else "names Highway; only *-inl.hpp may"
    if OS_HEADER.search(name):
        return None if OS_FILES.search(path) else f"includes <{name}>; the operating system is named only in {OS_FILES.pattern}"
    if name in HEAVY:
        return f"includes <{name}>, which costs too much in a header"
    if name == "iconv.h":
        return None if path == "text/multibyte_table.hpp" else "names iconv; only text/multibyte_table.hpp may"
    if "/" in name or (name.endswith(".h") and not name.startswith("std")):
        return f"includes <{name}>, which is no dependency of the headers"
    return None


def check_shape(path, text):
    """Yields what is wrong with the banner, the guard, or the use of namespaces."""
    lines = text.splitlines()
    if not lines or lines[0] != "// SPDX-License-Identifier: Apache-2.0":
        yield 1, "does not begin with the SPDX line"
    if len(lines) < 2 or not lines[1].startswith(f"// include/atlas/{path} -- "):
        yield 2, f"does not say '// include/atlas/{path} -- what it is'"
    guard = "ATLAS_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper()
    if not re.search(rf"^#\s*(ifndef {guard}|if defined\({guard}\))", text, re.M) or f"#define {guard}" not in text:
        yield 3, f"has no include guard {guard}"
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*#\s*pragma\s+once", line):
            yield number, "has #pragma once beside its guard"
        if re.match(r"\s*using\s+namespace\b", line):
            yield number, "has a using-directive"
        if re.search(r"\b(throw|dynamic_cast|typeid)\b(?!\w)", line.split("//")[0]) and '"' not in line:
            yield number, "throws or needs RTTI"


def cycles(graph):
    """Yields the headers of one cycle of includes for each that is found."""
    state = {}

    def visit(name, trail):
        state[name] = "open"
        for other in graph.get(name, ()):
            if state.get(other) == "open":
                yield trail[trail.index(other):] + [other] if other in trail else [name, other]
            elif other not in state:
                yield from visit(other, trail + [other])
        state[name] = "done"

    for name in sorted(graph):
        if name not in state:
            yield from visit(name, [name])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    findings, graph = [], {}

    headers = sorted(p for p in (root / "include/atlas").rglob("*") if p.is_file())
    for header in headers:
        path = header.relative_to(root / "include/atlas").as_posix()
        text = header.read_text(encoding="utf-8")
        shown = f"include/atlas/{path}"
        if header.suffix not in (".hpp", ".ipp"):
            findings.append(f"{shown}: is not a .hpp file")
            continue
        own = room_of(path)
        if isinstance(own, KeyError):
            findings.append(f"{shown}: belongs to no room or facade that cmake/check_layers.py knows")
            continue
        findings += [f"{shown}:{number}: {what}" for number, what in check_shape(path, text)]
        graph[path] = []
        for number, bracket, name in includes(text):
            if bracket == "<" and name.startswith("atlas/"):
                graph[path].append(name[len("atlas/"):])
                what = check_atlas_include(path, name[len("atlas/"):], root)
            else:
                what = check_foreign_include(path, bracket, name)
            if what:
                findings.append(f"{shown}:{number}: {what}")
    # The pass file is included again for each target, by the file that runs the pass: not a cycle of meaning.
    graph.pop(PASS_FILE, None)
    for cycle in cycles(graph):
        findings.append("headers include each other: " + " -> ".join(cycle))

    sources = 0
    for folder in ("include", "c_api", "examples", "tests", "bench", "cmake"):
        for source in sorted((root / folder).rglob("*")):
            if source.suffix in (".hpp", ".h", ".cpp", ".c", ".py", ".sh", ".cmake") and source.is_file():
                sources += 1
                count = source.read_text(encoding="utf-8").count("\n")
                allowed = MAX_LINES.get(source.suffix, MAX_LINES_ELSEWHERE)
                if count > allowed:
                    findings.append(f"{source.relative_to(root)}: {count} lines, {allowed} are allowed")

    print("\n".join(findings + [f"{len(headers)} headers, {sources} source files, {len(findings)} findings"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
