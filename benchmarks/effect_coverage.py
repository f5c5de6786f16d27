"""How often the intervals of the truce's effect hold the truth, cell by cell, beside other regressions.

A cell is a kind of series: how its days depend on each other, its mean, memory (phi), dispersion (alpha), window and
true rate ratio. Every method sees the same series and the same columns (intercept, step, weekdays): Poisson, NB and NB
with Newey-West covariance by statsmodels, and a Poisson regression around a latent AR(1) (latent_ar.py).

    python benchmarks/effect_coverage.py --series 2000 --peers 60 --seed 3 --processes 2 --out effect_coverage.csv
    python benchmarks/effect_coverage.py --cells "mass,mean=3" --series 400
    python benchmarks/effect_coverage.py --table effect_coverage.csv
    python benchmarks/effect_coverage.py --reasons --cells "phi=0.8,28/28" --series 2000 --seed 3

With --out a finished cell is appended at once, and a run that was cut short goes on where it stopped. --list names the
cells; --cells takes a part of their names (comma-separated parts must all occur).
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from latent_ar import interval_of_step

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.truce.design import make_design
from conflictts.truce.few_counts import FEW_AFTER, FEW_BEFORE, answer_of_few_counts
from conflictts.truce.negbin import fit_negbin
from conflictts.truce.regression import answer_of_regression
from conflictts.truce.toll import difference_interval
from conflictts.truce.window import refuse_short_sides

WEEK = np.array([1.2, 1.1, 1.0, 1.0, 0.4, 1.1, 1.2])
WEEK /= WEEK.mean()
BURN_IN = 60
EROSION = 0.08  # growth of the log rate per week after the date, in the cells named "erosion"
METHODS = ("conflictts", "Poisson", "NB", "NB Newey-West", "latent AR(1)")
BESIDE = "width over that of latent AR(1)"
TYPICAL, EQUAL = f"median {BESIDE}", f"{BESIDE}, stretched to hold 95 %"
WINDOWS = ((28, 14), (28, 28), (60, 30), (180, 90), (365, 180))


@dataclass(frozen=True)
class Cell:
    kind: str
    mean: float
    phi: float
    alpha: float
    before: int = 120
    after: int = 60
    ratio: float = 0.4

    @property
    def name(self) -> str:
        return (
            f"{self.kind} mean={self.mean:g} phi={self.phi:g} alpha={self.alpha:g} {self.before}/{self.after} "
            f"ratio={self.ratio:g}"
        )


def all_cells() -> list[Cell]:
    grid = [Cell("latent", *values) for values in product((0.3, 1, 3, 10), (0.0, 0.3, 0.6, 0.8), (0.1, 0.5, 2.0))]
    grid += [
        Cell("latent", 3, phi, 0.5, before, after) for (before, after), phi in product(WINDOWS, (0.0, 0.3, 0.6, 0.8))
    ]
    grid += [
        Cell(kind, mean, phi, 0.5)
        for kind, mean, phi in product(
            ("self-exciting", "zero-inflated", "mass-casualty", "missing", "weekday", "erosion"),
            (1, 3, 10),
            (0.0, 0.3, 0.6),
        )
    ]
    grid += [
        Cell("latent", mean, phi, alpha, ratio=1.0)
        for mean, phi, alpha in product((1, 3, 10), (0.0, 0.3, 0.6, 0.8), (0.1, 0.5, 2.0))
    ]
    return grid


def fluctuation(n: int, phi: float, alpha: float, rng: np.random.Generator) -> np.ndarray:
    """exp of a stationary Gaussian AR(1), of mean 1 and variance alpha."""
    noise = rng.normal(size=n)
    latent = np.empty(n)
    latent[0] = noise[0]
    for t in range(1, n):
        latent[t] = phi * latent[t - 1] + np.sqrt(1 - phi**2) * noise[t]
    spread = np.sqrt(np.log1p(alpha))
    return np.exp(spread * latent - spread**2 / 2)


def simulate(cell: Cell, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Counts per day, NaN where missing, and the toll truly averted on the days observed after the date."""
    n = cell.before + cell.after
    post = np.arange(n) >= cell.before
    share = np.where(post, cell.ratio, 1.0)
    would = np.full(n, float(cell.mean))
    if cell.kind == "weekday":
        would *= WEEK[np.arange(n) % 7]
    if cell.kind == "erosion":
        share = share * np.exp(EROSION / 7 * np.where(post, np.arange(n) - cell.before, 0))
    mean = would * share
    if cell.kind == "self-exciting":
        level = np.concatenate([np.full(BURN_IN, cell.mean), mean])
        path = np.empty(len(level))
        previous = cell.mean
        for t, base in enumerate(level):
            rate = base * (1 - cell.phi) + cell.phi * previous
            previous = path[t] = rng.poisson(rate * rng.gamma(1 / cell.alpha, cell.alpha))
        counts = path[BURN_IN:]
    else:
        moved = fluctuation(n, cell.phi, cell.alpha, rng)
        if cell.kind == "zero-inflated":
            counts = np.where(rng.random(n) < 0.4, 0, rng.poisson(mean / 0.6 * moved))
        elif cell.kind == "mass-casualty":  # a fifth of the toll comes from days of 30 and more
            large = rng.random(n) < 0.2 * mean / 40
            counts = rng.poisson(0.8 * mean * moved) + np.where(large, 30 + rng.poisson(10, n), 0)
        else:
            counts = rng.poisson(mean * moved)
        counts = counts.astype(float)
    if cell.kind == "missing":
        counts[rng.random(n) < 0.15] = np.nan
    return counts, float((would - mean)[post & ~np.isnan(counts)].sum())


def peers(counts: np.ndarray, before: int) -> dict[str, tuple[float, float]]:
    """Log interval of the rate ratio by each other method that gives one."""
    import statsmodels.api as sm

    seen = np.flatnonzero(~np.isnan(counts))
    y, weekday = counts[seen], seen % 7
    columns = [np.ones(len(y)), (seen >= before).astype(float)]
    if all(y[weekday == k].sum() > 0 for k in range(7)):
        columns += [(weekday == k).astype(float) for k in range(1, 7)]
    design = np.column_stack(columns)
    found = {}
    lags = int(np.ceil(4 * (len(y) / 100) ** (2 / 9)))
    with warnings.catch_warnings():  # of non-convergence: such a fit is not counted as an answer
        warnings.simplefilter("ignore")
        try:
            poisson = sm.GLM(y, design, family=sm.families.Poisson()).fit()
            fits = [("Poisson", poisson, poisson.converged)]
            model = sm.NegativeBinomial(y, design)
            negbin = model.fit(start_params=np.append(poisson.params, 0.5), disp=0, maxiter=200)
            fits.append(("NB", negbin, negbin.mle_retvals["converged"]))
            robust = model.fit(
                start_params=negbin.params, disp=0, maxiter=200, cov_type="HAC", cov_kwds={"maxlags": lags}
            )
            fits.append(("NB Newey-West", robust, robust.mle_retvals["converged"]))
        except (np.linalg.LinAlgError, ValueError):
            fits = []
        for name, fit, converged in fits:
            lower, upper = fit.conf_int()[1]
            if converged and np.isfinite([lower, upper]).all() and upper - lower < 50:
                found[name] = lower, upper
    if y[seen >= before].sum() > 0:
        found["latent AR(1)"] = interval_of_step(counts, before)
    return found


def answer(counts: np.ndarray, days: pd.DatetimeIndex, truce: ct.Truce, model: str) -> dict[str, object] | None:
    """The numbers of `estimate_truce_effect` without what it does for a reader; None where it refuses."""
    before = (truce.effective - days[0]).days
    after = np.arange(len(days)) >= before
    try:
        refuse_short_sides(days, counts, after, np.ones(len(days), bool), truce)
        if np.nansum(counts[~after]) < FEW_BEFORE or np.nansum(counts[after]) < FEW_AFTER:
            if model != "level":
                return None
            return answer_of_few_counts(counts, after, days, 0.95, None)
        design = make_design(
            counts,
            first_after=before,
            day_of_week=days.day_of_week.to_numpy(),
            model=model,
            weekday=True,
            transition=0,
            offset=None,
        )
        fit = fit_negbin(design.counts, design.matrix, slow_columns=design.n_slow, day=design.used)
        return answer_of_regression(fit, design, days, truce.effective, model, 0.95)
    except TooLittleData:
        return None


def public(counts: np.ndarray, days: pd.DatetimeIndex, truce: ct.Truce, model: str) -> ct.TruceEffect | None:
    daily = ct.DailySeries.from_counts(pd.Series(counts, days))
    try:
        return ct.estimate_truce_effect(daily, truce, window=(days[0], days[-1]), model=model)
    except TooLittleData:
        return None


def measure(job: tuple[Cell, int, int, int]) -> dict[str, object]:
    """Every measure of one cell, from series that its name and the seed decide."""
    cell, n_series, n_peers, seed = job
    rng = np.random.default_rng([seed, zlib.crc32(cell.name.encode())])
    days = pd.date_range("2020-01-06", periods=cell.before + cell.after)
    truce = ct.Truce(days[cell.before])
    model = "level+erosion" if cell.kind == "erosion" else "level"
    tally: dict[str, list[tuple[bool, float]]] = {name: [] for name in (*METHODS, "averted", "slope")}
    few, rejected, shifted = 0, list[bool](), list[bool]()
    below, above, beside = 0, 0, list[tuple[float, float, float, float]]()
    for number in range(n_series):
        counts, averted = simulate(cell, rng)
        effect = answer(counts, days, truce, model)
        if number < max(n_peers, 20):  # by the public way too: the same numbers, and the test that needs its result
            shown = public(counts, days, truce, model)
            assert (shown is None) == (effect is None)
            if shown is not None and effect is not None:
                names = ("lower", "upper", "averted_lower", "averted_upper")
                assert np.allclose([getattr(shown, name) for name in names], [effect[name] for name in names])
                if cell.ratio == 1.0:
                    shifted.append(ct.shift_test(shown).p_value <= 0.05)
        if effect is not None:
            few += effect["method"] == "few-counts"
            tally["conflictts"].append(held(effect["lower"], cell.ratio, effect["upper"], log=True))
            below += effect["upper"] < cell.ratio
            above += effect["lower"] > cell.ratio
            tally["averted"].append(held(effect["averted_lower"], averted, effect["averted_upper"], log=False))
            if effect["per_week"] is not None:
                slope = effect["per_week_lower"], np.exp(EROSION), effect["per_week_upper"]
                tally["slope"].append(held(*slope, log=True))
            if cell.ratio == 1.0:
                rejected.append(not effect["lower"] <= 1 <= effect["upper"])
        if number < n_peers and model == "level":
            for name, (lower, upper) in peers(counts, cell.before).items():
                tally[name].append((lower <= np.log(cell.ratio) <= upper, upper - lower))
                if name == "latent AR(1)" and effect is not None:
                    beside.append(
                        (
                            tally["conflictts"][-1][1],
                            upper - lower,
                            stretch(np.log(effect["lower"]), np.log(effect["upper"]), np.log(cell.ratio)),
                            stretch(lower, upper, np.log(cell.ratio)),
                        )
                    )
    row: dict[str, object] = {"cell": cell.name, "seed": seed, "series": n_series, "few": few}
    for name, found in tally.items():
        tried = n_series if name in ("conflictts", "averted", "slope") else n_peers
        row[f"{name} answers"] = round(len(found) / tried, 4) if tried and found else ""
        row[f"{name} coverage"] = round(float(np.mean([inside for inside, _ in found])), 4) if found else ""
        row[f"{name} width"] = round(float(np.mean([width for _, width in found])), 3) if found else ""
    answers = max(len(tally["conflictts"]), 1)
    row["interval below truth"], row["interval above truth"] = round(below / answers, 4), round(above / answers, 4)
    row |= dict.fromkeys((BESIDE, TYPICAL, EQUAL), "")
    if beside:
        ours, latent, short, latent_short = np.array(beside).T
        row[BESIDE] = round(float(ours.mean() / latent.mean()), 3)
        row[TYPICAL] = round(float(np.median(ours) / np.median(latent)), 3)
        needed = np.quantile(short, 0.95) / np.quantile(latent_short, 0.95)
        row[EQUAL] = round(float(needed * ours.mean() / latent.mean()), 3)
    row["type I"] = round(float(np.mean(rejected)), 4) if rejected else ""
    row["shift type I"] = round(float(np.mean(shifted)), 4) if shifted else ""
    return row


def stretch(lower: float, upper: float, truth: float) -> float:
    """How many times its half width an interval must be wide on either side of its middle to reach the truth."""
    return abs(2 * truth - lower - upper) / (upper - lower)


def held(lower: float, truth: float, upper: float, *, log: bool) -> tuple[bool, float]:
    return lower <= truth <= upper, float(np.log(upper / lower)) if log else upper - lower


def share(table: pd.DataFrame, column: str, low: float, high: float) -> str:
    """Share of cells whose figure lies between two bounds, with the least and greatest figure in per cent."""
    values = pd.to_numeric(table[column], errors="coerce").dropna()
    if values.empty:
        return "–"
    inside = int(((values >= low) & (values <= high)).sum())
    return f"{inside} of {len(values)} ({100 * values.min():.1f}–{100 * values.max():.1f} %)"


def spread(table: pd.DataFrame, column: str) -> str:
    """Mean over cells with the least and greatest figure, in per cent; few series a cell do not tell which keep it."""
    values = pd.to_numeric(table[column], errors="coerce").dropna()
    if values.empty:
        return "–"
    return f"{100 * values.mean():.1f} % ({100 * values.min():.1f}–{100 * values.max():.1f} %)"


def print_table(path: Path) -> None:
    """For each kind of cell: how many cells keep the promise, and least and greatest figure; then those that do not."""
    table = pd.read_csv(path)
    parts = table["cell"].str.extract(
        r"^(?P<kind>\S+) mean=(?P<mean>\S+) phi=(?P<phi>\S+) alpha=(?P<alpha>\S+) (?P<days>\S+) ratio=(?P<ratio>\S+)$"
    )
    table = table.join(parts)
    table["memory"] = np.where(table["phi"].astype(float) <= 0.6, "up to 0.6", "0.8")
    table["group"] = np.where(table["days"] == "120/60", table["kind"], "latent, other windows")
    table.loc[table["ratio"] == "1", "group"] = "latent, no change"
    own = {
        "rate ratio, 93–97 %": ("conflictts coverage", 0.93, 0.97),
        "averted toll, 92–98 %": ("averted coverage", 0.92, 0.98),
        "slope, 93–97 %": ("slope coverage", 0.93, 0.97),
        "type I up to 6.5 %": ("type I", 0.0, 0.065),
    }
    others = {name: f"{name} coverage" for name in METHODS[1:]} | {"type I of the shift test": "shift type I"}
    groups = [((group, memory), part) for (group, memory), part in table.groupby(["group", "memory"], sort=False)]
    groups += [(("all", memory), part) for memory, part in table.groupby("memory", sort=False)]
    heads = ["cells", "phi", *own]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for (group, memory), part in groups:
        print("| " + " | ".join([group, memory, *(share(part, *spec) for spec in own.values())]) + " |")
    heads = ["cells", "phi", *others, BESIDE, TYPICAL, EQUAL]
    print("\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for (group, memory), part in groups:
        wider = part[[BESIDE, TYPICAL, EQUAL]].apply(pd.to_numeric, errors="coerce").dropna()
        if len(wider):
            row = [group, memory, *(spread(part, column) for column in others.values())]
            row += [f"{each.median():.2f} ({each.min():.2f}–{each.max():.2f})" for _, each in wider.items()]
            print("| " + " | ".join(row) + " |")
    print()
    for name, (column, low, high) in own.items():
        figures = pd.to_numeric(table[column], errors="coerce")
        for cell, figure in zip(table["cell"], figures, strict=True):
            if figure < low or figure > high:
                print(f"outside {name}: {cell}: {100 * figure:.1f} %")


def print_reasons(cell: Cell, n_series: int, seed: int) -> None:
    """Where the interval of the averted toll fails: in the variances, or in what is made of them."""
    rng = np.random.default_rng([seed, zlib.crc32(cell.name.encode())])
    days = pd.date_range("2020-01-06", periods=cell.before + cell.after)
    truce, would = ct.Truce(days[cell.before]), cell.mean * cell.after
    rows, fits = [], []
    for _ in range(n_series):
        counts, averted = simulate(cell, rng)
        found = answer(counts, days, truce, "level")
        if found is None:
            continue
        few = found["method"] == "few-counts"
        rows.append(
            {
                "few": few,
                "averted": found["averted_lower"] <= averted <= found["averted_upper"],
                "averted too low": found["averted_upper"] < averted,
                "counterfactual": found["counterfactual_lower"] <= would <= found["counterfactual_upper"],
            }
        )
        if not few:
            fit, matrix = found["fit"], found["design"].to_numpy()
            after = matrix[:, 1] == 1
            without = matrix[after].copy()
            without[:, 1] = 0.0
            weight = np.exp(without @ fit.coefficients)
            pull = weight @ without / weight.sum()
            fits.append(
                (
                    np.log(weight.sum() / would),
                    np.log(found["rate_ratio"] / cell.ratio),
                    pull @ fit.covariance @ pull,
                    fit.degrees_of_freedom(pull),
                )
            )
    table = pd.DataFrame(rows)
    print(f"\n{cell.name}: {len(table)} answers of {n_series}, of few counts {table['few'].mean():.1%}")
    for few, part in table.groupby("few"):
        figures = ", ".join(f"{name} {part[name].mean():.1%}" for name in table.columns[1:])
        print(f"  {'few counts' if few else 'regression'}: held {figures}")
    errors, ratios, variances, freedom = np.array(fits).T
    true = np.cov(errors, ratios)
    known = [
        difference_interval(error + np.log(would), ratio + np.log(cell.ratio), true, 1e6, 0.95)
        for error, ratio in zip(errors, ratios, strict=True)
    ]
    inside = np.mean([lower <= would * (1 - cell.ratio) <= upper for lower, upper in known])
    print(
        f"  log of the counterfactual: its variance {variances.mean() / errors.var():.2f} (mean) and "
        f"{np.median(variances) / errors.var():.2f} (median) times that of the estimates, degrees of freedom "
        f"{np.median(freedom):.1f} (median)\n"
        f"  with the covariance of the estimates themselves, normal: averted {inside:.1%}"
    )


def print_speed(seed: int) -> None:
    """Milliseconds of one effect, series in and result out, at 180 and at 1,500 days; seconds of a grid of choices."""
    for cell in (Cell("latent", 3, 0.3, 0.5), Cell("latent", 3, 0.3, 0.5, 1000, 500)):
        counts, _ = simulate(cell, np.random.default_rng(seed))
        days = pd.date_range("2020-01-06", periods=len(counts))
        daily, truce = ct.DailySeries.from_counts(pd.Series(counts, days)), ct.Truce(days[cell.before])
        times = []
        for _ in range(60):
            start = time.perf_counter()
            ct.estimate_truce_effect(daily, truce, window=(days[0], days[-1]))
            times.append(1000 * (time.perf_counter() - start))
        print(f"{len(counts):,} days: median {np.median(times):.1f} ms, best {min(times):.1f} ms")
    case, times = ct.load_idlib_2019(), []
    for _ in range(5):
        start = time.perf_counter()
        found = ct.sensitivity(case, case.truces["TRC-5"], measure="civilians")
        times.append(time.perf_counter() - start)
    print(f"{len(found.table)} choices of the bundled case: median {np.median(times):.2f} s, best {min(times):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=400, help="series per cell")
    parser.add_argument("--peers", type=int, help="of these, series shown to the other methods too (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cells", default="", help="parts of a cell's name, comma-separated; all must occur")
    parser.add_argument("--out", type=Path, default=Path("effect_coverage.csv"))
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="print the names of the cells and stop")
    parser.add_argument("--reasons", action="store_true", help="take the averted toll of latent cells apart, and stop")
    parser.add_argument("--speed", action="store_true", help="time one effect at two lengths and a grid, and stop")
    parser.add_argument("--table", type=Path, help="print the table of a finished file and stop")
    options = parser.parse_args()
    if options.table:
        print_table(options.table)
        return
    if options.speed:
        print_speed(options.seed)
        return
    chosen = [cell for cell in all_cells() if all(part in cell.name for part in options.cells.split(","))]
    if options.reasons:
        for cell in (each for each in chosen if each.kind == "latent" and each.ratio != 1.0):
            print_reasons(cell, options.series, options.seed)
        return
    if options.list:
        print(*(cell.name for cell in chosen), sep="\n")
        return
    done = set(pd.read_csv(options.out)["cell"]) if options.out.exists() else set()
    n_peers = options.series if options.peers is None else options.peers
    jobs = [(cell, options.series, n_peers, options.seed) for cell in chosen if cell.name not in done]
    with ProcessPoolExecutor(options.processes) as pool:
        for number, row in enumerate(pool.map(measure, jobs), start=1):
            new = not options.out.exists()
            with options.out.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(row))
                if new:
                    writer.writeheader()
                writer.writerow(row)
            print(f"{number} of {len(jobs)}: {row['cell']}: {row['conflictts coverage']}", file=sys.stderr, flush=True)
    print_table(options.out)


if __name__ == "__main__":
    main()
