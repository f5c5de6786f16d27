"""Detected changes against peers on the same seeded series: hits, false alarms, time, memory.

Weekly series of `--days` days under the five kinds of noise of location_sets.py (size 2), with 0 to `--most` changes by
a factor of 2 to 4 at least `--least` days apart, and as many series without change. They begin at 1 to 6 a day, and
fall to as few as a quarter a day, or at `--times` as many. F1 counts a detected day as a hit
within 7 days of a true one, over all series with changes together; "F1 of both" also over those without, where each
detected day is false. A lead is ours less the peer's F1 on the series that both were given, with the 2.5 and 97.5 %
quantiles of 2,000 draws of those series. All methods run in processes of their own, one after the other on each series,
compiled and loaded beforehand; slow ones get the first of the series (`SHARE`).

    python benchmarks/changepoints.py --days 300 --series 200 --seed 1 --peers /tmp/peers/bin/python --out rows.csv
    python benchmarks/changepoints.py --days 3000 ...

A run goes on where `--out` stops; `--quick` is a tenth of it; `--growth` measures time and memory up to 100,000 days.
"exact NB, slope heuristic" is the recipe of Segmentor3IsBack, which is not in Debian, written anew from its papers:
size as the median over sliding windows of its estimate by moments, exact partitions without a weekday profile, their
number by the penalty of Cleynen & Lebarbier (2014), ESAIM P&S 18, 750-769, its constant by the greatest jump.

Peers run outside the project's environment: `python -m venv /tmp/peers && /tmp/peers/bin/pip install ruptures skchange
numba fastcpd Rbeast` and, on Debian, `apt install r-cran-strucchange`. What is missing is named and left out.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from location_sets import LEAST, NOISE, Peer, made, r_peer

from conflictts.truce import _path, _segment
from conflictts.truce.changepoints import ODDS

SIZE = 2.0
NEAR = 7  # days
MOST = 10  # changes
OURS, LEVELS, SEARCH = "conflictts", "conflictts, find_levels", "conflictts, search alone"
EXACT = "exact NB, slope heuristic"
SHARE = {
    OURS: 1.0,
    LEVELS: 1.0,
    SEARCH: 1.0,
    "ruptures": 1.0,
    "fastcpd": 1.0,
    EXACT: 0.3,
    "skchange": 0.4,
    "Rbeast": 0.2,
    "strucchange": 0.25,
    "strucchange, h = 0.15": 0.25,
}
R_DAYS = 1000  # longer series would take strucchange, quadratic in time and memory, minutes each

# a file's name in; processor seconds, wall seconds, MiB above those at the start, days of changes out
PYTHON_PEER = """
import math, sys, time, warnings
import numpy as np
warnings.filterwarnings("ignore")
name = sys.argv[1]
if name.startswith("conflictts"):
    import pandas as pd
    import conflictts as ct
    from conflictts.truce import _segment
    from conflictts.truce._path import rate_grid
    from conflictts.truce.changepoints import ODDS
    def whole(y):
        days = pd.date_range("1750-01-05", periods=len(y))
        found = ct.detect_changepoints(ct.DailySeries.from_counts(pd.Series(y, days)))
        return days.get_indexer(found.dates)
    def search(y):
        observed, weekday = np.ones(len(y), bool), np.arange(len(y)) % 7
        return _segment.find_changes(y, weekday, observed, rate_grid(y, observed), math.log(ODDS), True, 1)[0]
    def levels(y):
        return ct.find_levels(y, np.arange(len(y)) % 7).changes
    detect = {"alone": search, "find_levels": levels}.get(name.split()[-1], whole)
elif name.startswith("exact NB"):
    from numba import njit
    @njit(cache=False)
    def partitions(total, size, most):
        n = total.size - 1
        xlog = lambda x: x * math.log(x) if x > 0 else 0.0
        of_days = np.array([xlog(size * k) for k in range(n + 1)])
        best, last = np.full((most + 1, n + 1), np.inf), np.zeros((most + 1, n + 1), np.int64)
        best[0, 0] = 0.0
        cost = np.empty(n + 1)
        for t in range(1, n + 1):
            for s in range(t):
                d = total[t] - total[s]
                cost[s] = xlog(d + size * (t - s)) - xlog(d) - of_days[t - s]
            for k in range(1, most + 1):
                for s in range(k - 1, t):
                    if best[k - 1, s] + cost[s] < best[k, t]:
                        best[k, t], last[k, t] = best[k - 1, s] + cost[s], s
        return best[1:, n], last
    def detect(y):
        width, size = 15, 0.0
        while not 0 < size < np.inf:
            windows = np.lib.stride_tricks.sliding_window_view(y, min(width, len(y)))
            mean, excess = windows.mean(axis=1), windows.var(axis=1, ddof=1) - windows.mean(axis=1)
            with np.errstate(all="ignore"):
                size = np.nanmedian(mean**2 / excess)
            size = 1e4 if width > len(y) and not 0 < size < np.inf else size
            width *= 2
        cost, last = partitions(np.r_[0.0, np.cumsum(y)], size, 30)
        parts = np.arange(1, 31)
        shape = parts * (1 + 4 * np.sqrt(1.1 + np.log(len(y) / parts))) ** 2
        price = np.geomspace(1e-5, 10, 2000)
        chosen = np.argmin(cost + price[:, None] * shape, axis=1)
        jump = price[1 + np.argmax(chosen[:-1] - chosen[1:])]
        count, end, found = int(np.argmin(cost + 2 * jump * shape)) + 1, len(y), []
        for k in range(count, 1, -1):
            end = last[k, end]
            found.append(end)
        return found[::-1]
elif name == "ruptures":
    import ruptures
    def detect(y):
        z = np.sqrt(y + 0.375).reshape(-1, 1)
        noise = np.median(np.abs(np.diff(z[:, 0]))) / 0.954 + 1e-9
        penalty = 3 * noise**2 * np.log(len(y))
        return ruptures.KernelCPD(kernel="linear", min_size=2).fit(z).predict(pen=penalty)[:-1]
elif name == "skchange":
    from skchange.detectors import PELT
    from skchange.interval_scorers import PoissonCost
    def detect(y):
        z = y.astype(int).reshape(-1, 1)
        return np.asarray(PELT(PoissonCost()).fit(z).predict(z)).ravel()
elif name == "fastcpd":
    import fastcpd.segmentation
    def detect(y):
        return fastcpd.segmentation.mean(np.sqrt(y + 0.375).reshape(-1, 1)).cp_set
else:
    import Rbeast
    def detect(y):
        trend = Rbeast.beast(
            np.sqrt(y + 0.375), season="harmonic", period=7, scp_minmax=[0, 0], torder_minmax=[0, 0],
            tcp_minmax=[0, 12], tseg_minlength=7, mcmc_seed=1, quiet=True, print_progress=False, print_param=False,
        ).trend
        count = int(trend.ncp_median[0])
        return trend.cp[:count][np.isfinite(trend.cp[:count])] - 1
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
detect(np.random.default_rng(1).poisson(3.0, 60).astype(float))
start = peak()
print("ready", flush=True)
for line in sys.stdin:
    y = np.load(line.strip() + ".npy")
    wall, cpu = time.perf_counter(), time.process_time()
    found = detect(y)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(cpu, wall, peak() - start, *[int(t) for t in found], flush=True)
"""

R_PEER = """
suppressMessages(library(strucchange))
input <- file("stdin", "r")
cat("ready\\n"); flush(stdout())
while (length(line <- readLines(input, n = 1)) > 0) {
  z <- sqrt(scan(paste0(line, ".txt"), quiet = TRUE) + 0.375)
  begin <- proc.time()
  found <- BREAKPOINTS$breakpoints
  spent <- proc.time() - begin
  cat(spent[[1]] + spent[[2]], spent[[3]], "nan", if (is.na(found[1])) "" else found, "\\n"); flush(stdout())
}
"""


def hits(true: list[int], found: list[int], within: int) -> list[tuple[int, int]]:
    """Pairs (position in true, position in found), nearest first, each used once."""
    pairs = sorted((abs(t - f), i, j) for i, t in enumerate(true) for j, f in enumerate(found) if abs(t - f) <= within)
    used_true: set[int] = set()
    used_found: set[int] = set()
    answer = []
    for _, i, j in pairs:
        if i not in used_true and j not in used_found:
            used_true.add(i)
            used_found.add(j)
            answer.append((i, j))
    return answer


def f1(table: np.ndarray) -> float:
    """Of rows (hits, wanted, said), one per series."""
    hit, wanted, said = table.sum(axis=0)
    return float(2 * hit / (wanted + said)) if wanted + said else 0.0


def started(python: str, n_days: int, wanted: str) -> dict[str, Peer]:
    answer: dict[str, Peer] = {}
    folder = Path(tempfile.mkdtemp())
    script = folder / "peer.py"
    script.write_text(PYTHON_PEER)
    for name in SHARE:
        if wanted and not name.startswith((OURS, *wanted.split(","))):
            continue
        if name.startswith("strucchange"):
            call = "breakpoints(z ~ 1)" if "0.15" in name else f"breakpoints(z ~ 1, h = {LEAST}, breaks = {MOST})"
            peer = r_peer(R_PEER.replace("BREAKPOINTS", call), folder, "strucchange") if n_days <= R_DAYS else None
            if peer is not None:
                answer[name] = peer
            continue
        try:
            answer[name] = Peer([sys.executable if name.startswith((OURS, EXACT)) else python, str(script), name])
        except (RuntimeError, OSError):
            print(f"{name} is missing: {python} -m pip install {name} numba (in an environment of its own)")
    return answer


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """One row per series and method; goes on where the file stops."""
    out = Path(options.out) if options.out else Path(tempfile.mkdtemp()) / "rows.csv"
    done = pd.read_csv(out) if out.exists() else pd.DataFrame(columns=["noise", "days", "k"])
    seen = set(done[["noise", "days", "k"]].itertuples(index=False, name=None))
    peers = started(options.peers, options.days, options.methods)
    stem = Path(tempfile.mkdtemp()) / "series"
    for noise in options.noise.split(","):
        rows = []
        for k in range(2 * options.series):
            rng = np.random.default_rng([options.seed, list(NOISE).index(noise), options.days, k])
            changing = k < options.series
            mean, true = made(
                rng, options.days, int(rng.integers(0, options.most + 1)) if changing else 0, options.least
            )
            counts = NOISE[noise](options.times * mean, SIZE, rng)
            if (noise, options.days, k) in seen or counts.sum() == 0:
                continue
            np.save(stem.with_suffix(".npy"), counts)
            np.savetxt(stem.with_suffix(".txt"), counts)
            for name, peer in peers.items():
                if k % options.series >= math.ceil(SHARE[name] * options.series):
                    continue
                cpu, wall, mib, *found = peer(stem).split()
                near = len(hits(true, [int(t) for t in found], NEAR))
                rows.append((noise, options.days, k, changing, name, near, len(true), len(found), cpu, wall, mib))
        columns = ["noise", "days", "k", "changing", "method", "hits", "wanted", "said", "cpu", "wall", "mib"]
        pd.DataFrame(rows, columns=columns).to_csv(out, mode="a", header=not out.exists(), index=False)
    every = pd.read_csv(out)
    return every[every["days"] == options.days]


def lead(ours: pd.DataFrame, theirs: pd.DataFrame, rng: np.random.Generator) -> str:
    """Our F1 less theirs on the series that both were given, with its interval."""
    parts = ["hits", "wanted", "said"]
    both = ours.set_index("k")[parts].join(theirs.set_index("k")[parts].add_prefix("its_"), how="inner").to_numpy()
    own, its = both[:, :3], both[:, 3:]
    draws = [rng.integers(0, len(both), len(both)) for _ in range(2000)]
    low, high = np.quantile([f1(own[drawn]) - f1(its[drawn]) for drawn in draws], [0.025, 0.975])
    return f"{f1(own) - f1(its):+.3f} ({low:+.3f} to {high:+.3f})"


def tell(rows: pd.DataFrame, seed: int) -> None:
    rng = np.random.default_rng(seed)
    print("\n| noise | method | series | F1 (± 7 days) | our lead (95 %) | steady series with a change | F1 of both |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for noise, of_noise in rows[~rows["method"].isin((LEVELS, SEARCH))].groupby("noise", sort=False):
        of_method = dict(list(of_noise[of_noise["changing"]].groupby("method", sort=False)))
        for method, table in of_method.items():
            steady = of_noise[~of_noise["changing"] & (of_noise["method"] == method)]
            ahead = "–" if method == OURS else lead(of_method[OURS], table, rng)
            parts = [each[["hits", "wanted", "said"]].to_numpy() for each in (table, steady)]
            print(
                f"| {noise} | {method} | {len(table)} + {len(steady)} | {f1(parts[0]):.3f} | {ahead} "
                f"| {(steady['said'] > 0).mean():.1%} | {f1(np.concatenate(parts)):.3f} |"
            )
    print(
        "\n| method | series | processor ms | wall ms | ours / its | find_levels / its | our search / its | peak MiB |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    wide = rows.pivot_table(index=["noise", "k"], columns="method", values="cpu")
    for method, table in rows.groupby("method", sort=False):
        ratios = [f"{(wide[own] / wide[method]).median():.3g}" for own in (OURS, LEVELS, SEARCH)]
        most = "–" if table["mib"].isna().all() else f"{table['mib'].max():.0f}"
        print(
            f"| {method} | {len(table)} | {1000 * table['cpu'].median():.2f} | {1000 * table['wall'].median():.2f} "
            f"| {' | '.join(ratios)} | {most} |"
        )


def grow(seed: int, repeats: int) -> None:
    """Processor time and peak memory of our result by length; each length in a process of its own."""
    folder = Path(tempfile.mkdtemp())
    (folder / "peer.py").write_text(PYTHON_PEER)
    rng = np.random.default_rng(seed)
    print(
        "\n| days | search, ms | find_levels, ms | whole result, ms | find_levels, series a second, core | peak MiB |"
    )
    print("|--:|--:|--:|--:|--:|--:|")
    spent: dict[str, dict[int, float]] = {SEARCH: {}, LEVELS: {}, OURS: {}}
    for n_days in (300, 1_000, 2_000, 10_000, 100_000):
        mib = {}
        peers = {name: Peer([sys.executable, str(folder / "peer.py"), name]) for name in spent}
        told: dict[str, list[list[float]]] = {name: [] for name in spent}
        for _ in range(max(repeats * min(2_000, n_days) // n_days, 4)):
            mean, _ = made(rng, n_days, min(n_days // 250, MOST))
            np.save(folder / "series.npy", NOISE["independent NB"](mean, SIZE, rng))
            for name, peer in peers.items():
                told[name].append([float(word) for word in peer(folder / "series").split()[:3]])
        for name, rows in told.items():
            spent[name][n_days] = 1000 * float(np.median([row[0] for row in rows]))
            mib[name] = max(row[2] for row in rows)
        print(
            f"| {n_days:,} | {' | '.join(f'{each[n_days]:.2f}' for each in spent.values())} "
            f"| {1000 / spent[LEVELS][n_days]:,.0f} | {mib[OURS]:.1f} |",
            flush=True,
        )
    powers = [f"{math.log(each[100_000] / each[1_000]) / math.log(100):.2f}" for each in spent.values()]
    print(
        f"\nFrom 1,000 to 100,000 days time grows as days to the power {powers[0]} (search), {powers[1]} (find_levels) "
        f"and {powers[2]} (whole result)."
    )
    series = [NOISE["independent NB"](made(rng, 2_000, number % (MOST + 1))[0], SIZE, rng) for number in range(repeats)]
    rounds = in_memory(series)
    print(
        f"{repeats} series of 2,000 days one after the other in memory, median of {len(rounds)} rounds: "
        f"{np.median(rounds):.2f} ms each (best {min(rounds):.2f}), {1000 / np.median(rounds):,.0f} a second and core."
    )


def in_memory(series: list[np.ndarray], rounds: int = 9) -> list[float]:
    """Processor milliseconds of the search alone for each of some series of one length, round by round."""
    observed, weekday = np.ones(series[0].size, dtype=bool), np.arange(series[0].size) % 7
    taken = []
    for _ in range(rounds + 1):  # the first compiles
        begun = time.process_time()
        for counts in series:
            grid = _path.rate_grid(counts, observed)
            _segment.find_changes(counts, weekday, observed, grid, math.log(ODDS), True, 1)
        taken.append(1000 * (time.process_time() - begun) / len(series))
    return taken[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="series with and as many without changes, per noise")
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--most", type=int, default=MOST, help="changes")
    parser.add_argument("--least", type=int, default=LEAST, help="days between changes")
    parser.add_argument("--times", type=float, default=1.0, help="as many a day")
    parser.add_argument("--noise", default=",".join(NOISE))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default=sys.executable, help="a Python with ruptures, skchange, fastcpd and Rbeast")
    parser.add_argument("--methods", default="", help="only those whose names begin so, and ours; default all")
    parser.add_argument("--out", help="keep the rows here, and go on from those there are")
    parser.add_argument("--quick", action="store_true", help="a tenth of the series")
    parser.add_argument("--growth", action="store_true", help="only time and memory by length")
    options = parser.parse_args()
    if options.quick:
        options.series = max(options.series // 10, 1)
    if options.growth:
        grow(options.seed, 8 if options.quick else 40)
    else:
        tell(measure(options), options.seed)


if __name__ == "__main__":
    main()
