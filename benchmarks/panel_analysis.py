"""Time of `analyse_panel` on invented panels: by part, what is added to the kernels, and how it grows with series.

Series are independent negative binomial counts (size 1.5) whose rate changes by a factor of 2 to 4 every 500 days on
average; with `--times 0.03` as seldom as where a district counts deaths on a few days of a hundred. A kernel is a
function compiled by numba that Python calls; "kernels" is the processor time from its call to its return, measured in
the run itself, so arithmetic that moves into one changes sides without a saving. "Added" is all other processor time
of the run, from the panel to the assembled tables, over that; "ms a series" is both together, by which a change of
code is judged. No truce: changes with their sets, and the latest weeks.

    python benchmarks/panel_analysis.py                     # the table of README.md: minutes
    python benchmarks/panel_analysis.py --size 400x13000    # one size
    python benchmarks/panel_analysis.py --size 400x13000 --times 0.03
"""

from __future__ import annotations

import argparse
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numba
import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.series.counting import Tally
from conflictts.series.panel import panel_of
from conflictts.truce import _noise, _path, _posterior, _segment, _slope, _split, _trend_windows, _trends

SIZES = ["250x3000", "500x3000", "1000x3000", "2000x3000", "400x13000"]
PARTS = {
    _segment: "search",
    _path: "search",
    _posterior: "search",
    _split: "sets",
    _noise: "sets",
    _slope: "sets",
    _trends: "latest weeks",
    _trend_windows: "latest weeks",
}


def invented(n_series: int, n_days: int, seed: int, times: float = 1.0) -> ct.DailyPanel:
    """Series whose rates change now and then, as a panel; `times` as many a day."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("1990-01-01", periods=n_days)
    best = np.empty((n_series, n_days))
    for k in range(n_series):
        steps = np.where(rng.random(n_days) < 1 / 500, rng.uniform(np.log(2), np.log(4), n_days), 0.0)
        log_rate = np.cumsum(steps * rng.choice([-1, 1], n_days))
        rate = times * np.exp(np.clip(log_rate + rng.normal(0, 0.7), -4, 3))
        best[k] = rng.negative_binomial(1.5, 1.5 / (1.5 + rate))
    return _panel(best, days)


def _panel(best: np.ndarray, days: pd.DatetimeIndex) -> ct.DailyPanel:
    none = np.zeros(len(best))
    keys = pd.DataFrame({"admin2": pd.array([f"area {k:05d}" for k in range(len(best))], dtype="str")})
    account = pd.DataFrame({"key": np.zeros(0, dtype=int), "outcome": [], "records": [], "best": []})
    tally = Tally(
        days=days, sums=np.broadcast_to(best, (4, *best.shape)), draws=None, keys=keys, kept=np.arange(len(best)),
        account=account, all_keys=keys, allocated=none, no_lower_bound=none.astype(int),
        no_upper_bound=none.astype(int),
    )  # fmt: skip
    real = ct.daily_series(ct.load_idlib_2019(), measure="civilians", by="admin1")
    counting = replace(real.counting, by=("admin2",), status=np.full(len(days), "observed"))
    return panel_of(tally, counting, real.ledger, real.places)


@contextmanager
def timed_kernels() -> Iterator[dict[str, float]]:
    """Processor seconds within compiled functions, by part, while the context lasts; those compiled beforehand."""
    spent, lock = dict.fromkeys(PARTS.values(), 0.0), threading.Lock()

    def timed(kernel: Any, part: str) -> Any:
        def call(*given: Any) -> Any:
            begun = time.thread_time()
            answer = kernel(*given)
            taken = time.thread_time() - begun
            with lock:
                spent[part] += taken
            return answer

        return call

    kept = [
        (module, name, thing)
        for module in PARTS
        for name, thing in vars(module).items()
        if isinstance(thing, numba.core.registry.CPUDispatcher)
    ]
    for module, name, kernel in kept:
        setattr(module, name, timed(kernel, PARTS[module]))
    try:
        yield spent
    finally:
        for module, name, kernel in kept:
            setattr(module, name, kernel)


def measured(n_series: int, n_days: int, seed: int, threads: int | None, times: float = 1.0) -> dict[str, float]:
    """Wall and processor seconds of one panel, those in kernels by part, and memory in MB."""
    panel = invented(n_series, n_days, seed, times)
    with timed_kernels() as spent:
        begun, busy = time.perf_counter(), time.process_time()
        found = ct.analyse_panel(panel, threads=threads)
        wall, busy = time.perf_counter() - begun, time.process_time() - busy
    kernels = sum(spent.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": wall, "processor": busy, **spent, "added": busy / kernels - 1, "changes": len(found.changes),
            "peak": peak}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Measure each size, and say how time grows between those of one length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", nargs="+", default=SIZES, help="series x days, such as 400x13000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=float, default=1.0, help="as many counts a day")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args(arguments)
    sizes = [tuple(map(int, size.split("x"))) for size in given.size]
    ct.analyse_panel(invented(8, 1000, given.seed), threads=1)  # compiles
    parts = list(dict.fromkeys(PARTS.values()))
    print(f"| series | days | wall s | processor s | ms a series | {' | '.join(parts)} | added | changes | peak MB |")
    print(f"|{'--:|' * (8 + len(parts))}")
    taken: dict[int, list[tuple[int, float]]] = {}
    for n_series, n_days in sizes:
        row = measured(n_series, n_days, given.seed, given.threads, given.times)
        taken.setdefault(n_days, []).append((n_series, row["processor"]))
        cells = [f"{n_series:,}", f"{n_days:,}", f"{row['wall']:.1f}", f"{row['processor']:.1f}"]
        cells.append(f"{1000 * row['processor'] / n_series:.2f}")
        cells += [f"{row[part]:.1f}" for part in parts]
        cells += [f"{row['added']:.0%}", f"{row['changes']:,}", f"{row['peak']:,.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
    for n_days, pairs in taken.items():
        if len(pairs) > 1:
            power = np.polyfit(*np.log(np.array(pairs)).T, 1)[0]
            print(f"processor time at {n_days:,} days grows with the number of series to the power of {power:.2f}")


if __name__ == "__main__":
    main()
