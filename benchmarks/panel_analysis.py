"""Time of `analyse_panel` on invented panels: the kernels alone, what is added to them, and how it grows with series.

Series are independent negative binomial counts (size 1.5) whose rate changes by a factor of 2 to 4 every 500 days on
average. "Kernels" is the processor time of the same array functions called on every series in turn, nothing kept;
"added" is what `analyse_panel` takes beyond that. No truce: changes with their sets, and the latest weeks.

    python benchmarks/panel_analysis.py --series 400 --days 13000
    python benchmarks/panel_analysis.py --series 50000 --days 3000
    python benchmarks/panel_analysis.py --series 250 500 1000 2000 --days 3000      # and the exponent in series
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace

import numpy as np
import pandas as pd

import conflictts as ct
from conflictts.series.counting import Tally
from conflictts.series.panel import panel_of
from conflictts.truce.latest import RECENT_DAYS, latest_escalation
from conflictts.truce.rows import _changes


def invented(n_series: int, n_days: int, seed: int) -> ct.DailyPanel:
    """Series whose rates change now and then, as a panel."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("1990-01-01", periods=n_days)
    best = np.empty((n_series, n_days))
    for k in range(n_series):
        steps = np.where(rng.random(n_days) < 1 / 500, rng.uniform(np.log(2), np.log(4), n_days), 0.0)
        log_rate = np.cumsum(steps * rng.choice([-1, 1], n_days))
        rate = np.exp(np.clip(log_rate + rng.normal(0, 0.7), -4, 3))
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
    return panel_of(tally, counting, real.ledger)


def kernels(panel: ct.DailyPanel) -> float:
    """Processor seconds of the array functions alone, one series after the other."""
    weekday = panel.days.day_of_week.to_numpy().astype(np.int64)
    recent = slice(-RECENT_DAYS, None)
    begun = time.process_time()
    for counts in panel.sums[1]:
        _changes(counts, weekday, panel.days, 0.95)
        latest_escalation(counts[recent], weekday[recent])
    return time.process_time() - begun


def main(arguments: list[str] | None = None) -> None:
    """Measure each number of series, and say how time grows between them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, nargs="+", default=[400])
    parser.add_argument("--days", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args(arguments)
    ct.analyse_panel(invented(8, given.days, given.seed), threads=1)  # compiles
    taken = []
    for n_series in given.series:
        panel = invented(n_series, given.days, given.seed)
        alone = kernels(panel)
        begun, busy = time.perf_counter(), time.process_time()
        found = ct.analyse_panel(panel, threads=given.threads)
        wall, busy = time.perf_counter() - begun, time.process_time() - busy
        taken.append(busy)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{n_series:,} series x {given.days:,} days: {wall:.1f} s, processor {busy:.1f} s, kernels {alone:.1f} s, "
            f"added {busy / alone - 1:.0%}; {len(found.changes):,} changes; peak {peak:,.0f} MB",
            flush=True,
        )
    if len(taken) > 1:
        slope = np.polyfit(np.log(given.series), np.log(taken), 1)[0]
        print(f"processor time grows with the number of series to the power of {slope:.2f}")


if __name__ == "__main__":
    main()
