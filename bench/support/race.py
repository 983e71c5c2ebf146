# SPDX-License-Identifier: Apache-2.0
"""Several ways to do one thing, timed in turn, and a line about two of them: what support/race.hpp is to the programs in C++."""

from __future__ import annotations

import json
import pathlib
import statistics
import time
from typing import Any, Callable, Dict, List, Tuple

Side = Tuple[str, Callable[[], Any]]


def cpu_info(field: str) -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return line.split(":", 1)[1].strip()
    return ""


def race(sides: List[Side], rounds: int, clock: Callable[[], float], sample_seconds: float, pause: float) -> Dict[str, List[float]]:
    """Seconds of a call, a number a round: each side once a round, beginning with another one each time."""
    calls: Dict[str, int] = {}
    seconds: Dict[str, List[float]] = {name: [] for name, _ in sides}
    for name, call in sides:
        call()
        start = clock()
        made = 0
        while made == 0 or clock() - start < sample_seconds:
            call()
            made += 1
        calls[name] = made
        time.sleep(pause)
    for turn in range(rounds):
        for name, call in sides[turn % len(sides):] + sides[:turn % len(sides)]:
            start = clock()
            for _ in range(calls[name]):
                call()
            seconds[name].append((clock() - start) / calls[name])
            time.sleep(pause)
    return seconds


def report(bench: str, json_lines: bool, case: str, ours: List[float], theirs: List[float], peer: str, unit: str,
           value: Callable[[float], float], **more: Any) -> None:
    """A line: the medians, the median of the paired ratios and their lower quartile."""
    ratios = sorted(b / a for a, b in zip(ours, theirs))
    line = {"bench": bench, "case": case, "atlas": value(statistics.median(ours)), "unit": unit, "peer": peer,
            "peer_value": value(statistics.median(theirs)), "ratio": statistics.median(ratios),
            "ratio_lower_quartile": ratios[int(0.25 * (len(ratios) - 1) + 0.5)], "rounds": len(ratios), **more}
    if json_lines:
        print(json.dumps(line), flush=True)
    else:
        print(f"{case:36} {line['atlas']:12.4g} {unit:12} {peer} {line['peer_value']:.4g}  ratio {line['ratio']:.2f}  "
              f"(lower quartile {line['ratio_lower_quartile']:.2f}, {len(ratios)} rounds) {json.dumps(more)}", flush=True)
