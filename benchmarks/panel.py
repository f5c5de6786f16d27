"""From records to a complete daily panel: `daily_panel` against scripts by hand that give the same numbers.

Every engine reads the columns it needs, lays the records of several days over their days, and gives low, best, high and
the number of records of every area on every day, quiet days included; `daily_panel` alone also checks every row and
keeps the ledger. Each run is a process of its own, and the engines take turns, so that all of them meet the same load:
"whole" is its wall time with start and imports, "inside" without them; processor time and peak memory are the
process's. "parse" reads the columns that are needed into memory by the fastest reader at hand and does nothing with
them; "read" is `read_incidents` alone. That all give the same numbers is checked (1e-9). Every engine starts from
bytecode, as installed packages do: ours is compiled before anything is timed.

    python benchmarks/panel.py --peers /tmp/peers/bin/python                  # start, ucdp, acled, parquet, text ids
    python benchmarks/panel.py --only ucdp --repetitions 11 --peers /tmp/peers/bin/python
    python benchmarks/panel.py --parts acled                                  # what the time goes into
    python benchmarks/panel.py --growth --peers /tmp/peers/bin/python         # exponents in the number of records
    python benchmarks/panel.py --only parquet --rows 5000000 --engines conflictts,spark    # with Java and PySpark

polars runs outside the project's environment: `python -m venv /tmp/peers && /tmp/peers/bin/pip install polars numpy`.
What is missing is named and left out. 5e7 rows of Parquet want about 1 GB of disk, and pandas 26 GB of memory.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FIRST, LAST = "1989-01-01", "2024-12-31"
N_DAYS = 13_149
N_AREAS = 400
NOT_STATED = "not stated"
FIGURES = ("low", "best", "high")


def draw(salt: int, below: int) -> str:
    """SQL for a whole number that is made of the record's number and of nothing else."""
    return f"(hash(i * 1000 + {salt}) % {below})::int"


BASIS = f"""
    select i, {draw(1, N_AREAS)} as area, date '{FIRST}' + {draw(2, N_DAYS - 31)} as first,
        case when {draw(3, 100)} < 15 then 1 + {draw(4, 30)} else 0 end::int as more,
        {draw(5, 4)} as a, {draw(6, 3)} as b, {draw(7, 5)} as civilians, {draw(8, 3)} as above,
        {draw(9, 1000)} as odd
    from range({{rows}}) as numbers(i)
"""
ARTICLE = "'Reuters News,2019-08-01,\"Shelling of the town, at least ten killed\";'"
UCDP = f"""
    select 100000 + i as id, 'SYR-2019-1-299-' || i as relid, year(first) as year, 1 as active_year,
        'Clear' as code_status, 1 + {draw(10, 3)} as type_of_violence, 1 as conflict_dset_id, 299 as conflict_new_id,
        'Syria: Government' as conflict_name, 1 as dyad_dset_id, 1 as dyad_new_id,
        'Government of Syria - Syrian insurgents' as dyad_name, 1 as side_a_dset_id, 118 as side_a_new_id,
        'Government of Syria' as side_a, 1 as side_b_dset_id, 4456 as side_b_new_id, 'Syrian insurgents' as side_b,
        1 + {draw(11, 5)} as number_of_sources, repeat({ARTICLE}, (1 + {draw(12, 5)})::int) as source_article,
        'Reuters' as source_office, '2019-08-01' as source_date, 'Syria: shelling, Idlib' as source_headline,
        'SOHR' as source_original, 1 + {draw(13, 6)} as where_prec, 'Khan Shaykhun town' as where_coordinates,
        'Khan Shaykhun town, Ma''arrat an Nu''man district' as where_description,
        case when odd < 50 then '' else 'Governorate ' || area end as adm_1, 'district ' || area as adm_2,
        round(30 + {draw(14, 6000)} / 1000, 6) as latitude, round(35 + {draw(15, 6000)} / 1000, 6) as longitude,
        'POINT (' || (35 + {draw(15, 6000)} / 1000) || ' ' || (30 + {draw(14, 6000)} / 1000) || ')' as geom_wkt,
        100000 + {draw(16, 60000)} as priogrid_gid, 'Country ' || area // 25 as country, area // 25 as country_id,
        'Middle East' as region, 1 + {draw(17, 2)} as event_clarity,
        case when more = 0 then 1 when more < 7 then 2 else 4 end as date_prec,
        strftime(first, '%Y-%m-%d 00:00:00.000') as date_start,
        strftime(first + more, '%Y-%m-%d 00:00:00.000') as date_end,
        a as deaths_a, b as deaths_b, civilians as deaths_civilians, 0 as deaths_unknown, a + b + civilians as best,
        a + b + civilians + above as high, a + b + case when odd > 997 then civilians + 1 else 0 end as low,
        652 as gwnoa, '' as gwnob
    from basis
"""
ACLED = f"""
    select 'SYR' || i as event_id_cnty, strftime(first, '%Y-%m-%d') as event_date, year(first) as year,
        case when more = 0 then 1 when more < 20 then 2 else 3 end as time_precision,
        'Political violence' as disorder_type, ['Battles', 'Explosions/Remote violence', 'Protests', 'Riots'][1 + a]
        as event_type, 'Shelling/artillery/missile attack' as sub_event_type,
        'Military Forces of Syria (2000-2024)' as actor1, '' as assoc_actor_1, 1 as inter1,
        case when b = 0 then '' else 'Civilians (Syria)' end as actor2, '' as assoc_actor_2, 7 as inter2,
        17 as interaction, case when b = 0 then '' else 'Civilian targeting' end as civilian_targeting, 760 as iso,
        'Middle East' as region, 'Country ' || area // 25 as country, 'Governorate ' || area as admin1,
        'district ' || area as admin2, '' as admin3, 'Town ' || {draw(10, 3000)} as location,
        round(30 + {draw(11, 60000)} / 10000, 4) as latitude, round(35 + {draw(12, 60000)} / 10000, 4) as longitude,
        1 as geo_precision, 'SOHR' as source,
        'Other' as source_scale,
        repeat('On an invented day, shelling struck the town; no one was hurt, as far as is known. ', 1 + {draw(13, 5)})
        as notes, civilians as fatalities, '' as tags, 1600000000 + i as timestamp
    from basis
"""
GED = f"""
    select {{identity}} as id, 1 + {draw(10, 3)} as type_of_violence,
        case when odd < 50 then '' else 'Governorate ' || area end as adm_1, 'Country ' || area // 25 as country,
        first as date_start, first + more as date_end, a as deaths_a, b as deaths_b, civilians as deaths_civilians,
        a + b + case when odd > 997 then civilians + 1 else 0 end as low, a + b + civilians as best,
        a + b + civilians + above as high
    from basis
"""
KINDS = {  # rows, the query, the file's name
    "ucdp": (400_000, UCDP, "ged251.csv"),
    "acled": (3_000_000, ACLED, "acled.csv"),
    "parquet": (50_000_000, GED.format(identity="i"), "ged251.parquet"),
    "text ids": (50_000_000, GED.format(identity="'SYR-' || i"), "ged251.parquet"),
}
BYTES = {"ucdp": 680, "acled": 500, "parquet": 25, "text ids": 30}  # of disk, a row at most
ENGINES = ("conflictts", "read", "polars", "duckdb", "pandas", "parse")
Panel = list[np.ndarray]  # low, best, high, records; each area's days one after the other, areas in order


def write(kind: str, rows: int, folder: Path) -> Path:
    """Invent the file, if there is room for it."""
    import duckdb

    _, query, name = KINDS[kind]
    wanted, free = rows * BYTES[kind], shutil.disk_usage(folder).free
    if wanted > free / 2:
        raise SystemExit(f"{rows:,} rows want {wanted / 1e9:.1f} GB of disk; {folder} has {free / 1e9:.1f} GB free.")
    path = folder / name
    form = "(format parquet)" if name.endswith("parquet") else "(header)"
    with duckdb.connect(config={"temp_directory": str(folder)}) as engine:
        engine.execute(f"copy (with basis as ({BASIS.format(rows=rows)}) {query}) to '{path}' {form}")
    return path


def by_conflictts(path: Path, _: str) -> Panel:
    import conflictts as ct

    panel = ct.daily_panel(path, by="admin1", measure="deaths", coverage=(FIRST, LAST))
    assert panel.ledger.used == panel.ledger.read, "the invented rows are sound"
    return list(panel.sums)


def by_reader(path: Path, _: str) -> Panel:
    import conflictts as ct

    assert len(ct.read_incidents(path).table)
    return []


def by_parse(path: Path, kind: str) -> Panel:
    import polars as pl

    columns = needed(kind)
    parsed = (
        pl.read_parquet(path, columns=columns) if kind not in ("ucdp", "acled") else pl.read_csv(path, columns=columns)
    )
    assert len(parsed)
    return []


def needed(kind: str) -> list[str]:
    """The columns that a panel of deaths by area takes."""
    if kind == "acled":
        return ["event_date", "time_precision", "admin1", "fatalities"]
    return ["adm_1", "date_start", "date_end", "low", "best", "high"]


def by_polars(path: Path, kind: str) -> Panel:
    import polars as pl

    if kind == "acled":
        day, precision = pl.col("event_date").str.to_date("%Y-%m-%d"), pl.col("time_precision")
        first = pl.when(precision == 2).then(day.dt.offset_by("-3d")).when(precision == 3).then(day.dt.month_start())
        last = pl.when(precision == 2).then(day.dt.offset_by("3d")).when(precision == 3).then(day.dt.month_end())
        first, last = first.otherwise(day), last.otherwise(day)
        figures = [pl.col("fatalities").cast(pl.Float64).alias(name) for name in FIGURES]
        area = pl.col("admin1")
    else:
        first, last = pl.col("date_start"), pl.col("date_end")
        if kind == "ucdp":
            first, last = (day.str.head(10).str.to_date("%Y-%m-%d") for day in (first, last))
        figures = [pl.col(name).cast(pl.Float64) for name in FIGURES]
        area = pl.col("adm_1")
    scanned = pl.scan_csv(path) if path.suffix == ".csv" else pl.scan_parquet(path)
    area = area.fill_null("").replace("", NOT_STATED)
    rows = scanned.select(*figures, area=area, first=first, last=last).with_columns(
        length=(pl.col("last") - pl.col("first")).dt.total_days() + 1
    )
    single = rows.filter(pl.col("length") == 1).select("area", *FIGURES, day="first", records=pl.lit(1.0))
    spread = (
        rows.filter(pl.col("length") > 1)
        .with_columns(day=pl.date_ranges("first", "last"))
        .select("area", "day", *(pl.col(name) / pl.col("length") for name in FIGURES), records=1 / pl.col("length"))
        .explode("day")
    )
    sums = (
        pl.concat([single.select(spread.collect_schema().names()), spread])
        .group_by("area", "day")
        .agg(pl.col(*FIGURES, "records").sum())
        .collect(engine="streaming")
    )
    days = pl.select(day=pl.date_range(pl.lit(FIRST).str.to_date(), pl.lit(LAST).str.to_date()))
    grid = sums.select("area").unique().sort("area").join(days, how="cross")
    full = grid.join(sums, on=["area", "day"], how="left", maintain_order="left").fill_null(0.0)
    return [full[name].to_numpy() for name in (*FIGURES, "records")]


def by_duckdb(path: Path, kind: str) -> Panel:
    import duckdb

    if kind == "acled":
        month = "date_trunc('month', event_date)::date"
        first = f"case time_precision when 2 then event_date - 3 when 3 then {month} else event_date end"
        last = "case time_precision when 2 then event_date + 3 when 3 then last_day(event_date) else event_date end"
        columns = "admin1 as area, fatalities::double as low, fatalities::double as best, fatalities::double as high"
    else:
        first, last = "date_start::date", "date_end::date"
        columns = "adm_1 as area, low::double as low, best::double as best, high::double as high"
    query = f"""
        with written as (select {columns}, {first} as first, {last} as last from '{path}'),
        rows as (select *, last - first + 1 as length from written),
        pieces as (
            select area, first as day, low, best, high, 1.0::double as records from rows where length = 1
            union all
            select area, first + unnest(range(length))::int, low / length, best / length, high / length, 1 / length
            from rows where length > 1
        ),
        sums as (
            select coalesce(nullif(area, ''), '{NOT_STATED}') as area, day, sum(low) as low, sum(best) as best,
                sum(high) as high, sum(records) as records
            from pieces group by all
        ),
        grid as (
            select area, day::date as day from (select distinct area from sums),
                range(date '{FIRST}', date '{LAST}' + 1, interval 1 day) as days(day)
        )
        select coalesce(low, 0) as low, coalesce(best, 0) as best, coalesce(high, 0) as high,
            coalesce(records, 0) as records
        from grid left join sums using (area, day) order by area, day
    """
    found = duckdb.execute(query).fetchnumpy()
    return [found[name] for name in (*FIGURES, "records")]


def by_pandas(path: Path, kind: str) -> Panel:
    import pandas as pd

    columns = needed(kind)
    table = pd.read_csv(path, usecols=columns) if path.suffix == ".csv" else pd.read_parquet(path, columns=columns)
    if kind == "acled":
        day = pd.to_datetime(table["event_date"], format="%Y-%m-%d")
        week, month = table["time_precision"] == 2, table["time_precision"] == 3
        first = day.mask(week, day - pd.Timedelta(days=3)).mask(month, day.dt.to_period("M").dt.start_time)
        last = day.mask(week, day + pd.Timedelta(days=3)).mask(month, day + pd.offsets.MonthEnd(0))
        table = pd.DataFrame({"area": table["admin1"], **dict.fromkeys(FIGURES, table["fatalities"])})
    else:
        first, last = (pd.to_datetime(table[column].astype("str").str[:10]) if kind == "ucdp"
                       else pd.to_datetime(table[column]) for column in ("date_start", "date_end"))  # fmt: skip
        table = table.rename(columns={"adm_1": "area"})[["area", *FIGURES]]
    length = (last - first).dt.days.to_numpy() + 1
    pieces = table.assign(area=table["area"].replace("", NOT_STATED).fillna(NOT_STATED), records=1.0)
    pieces[[*FIGURES, "records"]] = pieces[[*FIGURES, "records"]].div(length, axis=0)
    step = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    pieces = pieces.loc[pieces.index.repeat(length)]
    pieces["day"] = first.to_numpy().repeat(length) + pd.to_timedelta(step, unit="D")
    sums = pieces.groupby(["area", "day"])[[*FIGURES, "records"]].sum()
    grid = pd.MultiIndex.from_product([sums.index.levels[0], pd.date_range(FIRST, LAST)], names=["area", "day"])
    full = sums.reindex(grid, fill_value=0.0)
    return [full[name].to_numpy() for name in (*FIGURES, "records")]


def by_spark(path: Path, _: str) -> Panel:
    from pyspark.sql import SparkSession

    import conflictts as ct

    given = {"spark.driver.host": "127.0.0.1", "spark.driver.memory": "4g", "spark.ui.enabled": "false",
             "spark.sql.session.timeZone": "UTC"}  # fmt: skip
    frame = SparkSession.builder.master("local[2]").config(map=given).getOrCreate().read.parquet(str(path))
    return list(ct.daily_panel(frame, by="admin1", measure="deaths", coverage=(FIRST, LAST), release="25.1").sums)


RUN: dict[str, tuple[Callable[[Path, str], Panel], tuple[str, ...]]] = {
    "conflictts": (by_conflictts, ("conflictts.series.aggregation",)),
    "read": (by_reader, ("conflictts.series.aggregation",)),
    "polars": (by_polars, ("polars",)),
    "duckdb": (by_duckdb, ("duckdb",)),
    "pandas": (by_pandas, ("pandas", "pyarrow.parquet")),
    "parse": (by_parse, ("polars",)),
    "spark": (by_spark, ("pyspark.sql", "conflictts.series.aggregation")),
}


def run_here(engine: str, kind: str, path: Path) -> None:
    """Run one engine in this process; print the seconds inside and numbers that differ where any cell of it does."""
    function, modules = RUN[engine]
    for module in modules:
        importlib.import_module(module)
    begun = time.perf_counter()
    panel = function(path, kind)
    inside = time.perf_counter() - begun
    weights = np.random.default_rng(1).random(N_DAYS)
    told = [(np.asarray(sums).reshape(-1, N_DAYS) @ weights).tolist() for sums in panel]
    print(json.dumps({"inside": inside, "told": told}))


def run(engine: str, kind: str, path: Path, peers: str) -> dict[str, Any]:
    """Run one engine in a process of its own, and measure that."""
    python = peers if "polars" in RUN[engine][1] else sys.executable
    command = [python, __file__, "--one", engine, kind, str(path)]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    whole = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"{engine} failed on {path.name}.")
    return {
        **json.loads(printed),
        "whole": whole,
        "processor": used.ru_utime + used.ru_stime,
        "mebibytes": used.ru_maxrss / 1024,
    }


def missing(engine: str, peers: str) -> bool:
    """Whether the libraries of an engine are not there."""
    if "polars" in RUN[engine][1]:
        return subprocess.run([peers, "-c", "import polars, numpy"], capture_output=True, check=False).returncode != 0
    return any(importlib.util.find_spec(module.partition(".")[0]) is None for module in RUN[engine][1])


def compare(kind: str, rows: int, engines: list[str], repetitions: int, peers: str, folder: Path) -> dict[str, Any]:
    """Medians of every engine, taking turns; raises where they differ in a number."""
    path = write(kind, rows, folder)
    size = path.stat().st_size
    found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
    for _ in range(repetitions):
        for engine in engines:
            found[engine].append(run(engine, kind, path, peers))
            told = found[engine][-1]["told"]
            if told:
                np.testing.assert_allclose(told, found[engines[0]][0]["told"], rtol=1e-9, err_msg=engine)
    path.unlink()
    measured = ("whole", "inside", "processor", "mebibytes")
    return {"megabytes": size / 1e6} | {
        engine: {name: statistics.median(one[name] for one in runs) for name in measured}
        for engine, runs in found.items()
    }


def print_table(kind: str, rows: int, found: dict[str, Any]) -> None:
    ours = found["conflictts"]
    print(f"\n| {rows:,} rows, {kind}, {found['megabytes']:,.0f} MB | whole, s | inside, s | processor, s | peak MiB | "
          "ours over it, whole | inside | memory |\n|---|--:|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    for engine, each in found.items():
        if engine != "megabytes":
            ratios = (f"{ours[name] / each[name]:.2f}" for name in ("whole", "inside", "mebibytes"))
            print(f"| {engine} | {each['whole']:.2f} | {each['inside']:.2f} | {each['processor']:.2f} | "
                  f"{each['mebibytes']:,.0f} | {' | '.join(ratios)} |")  # fmt: skip


def print_parts(kind: str, rows: int, folder: Path) -> None:
    """Processor seconds of what `daily_panel` does with a CSV, each part by itself, the checks and the ledger apart."""
    from conflictts.incidents.encoding import decoded
    from conflictts.incidents.packing import digest
    from conflictts.incidents.splitting import find_layout, scan, stream_fast
    from conflictts.series import aggregation, engine, export_rows
    from conflictts.series.exports import export_of

    path = write(kind, rows, folder)
    taken: dict[str, float] = {}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        begun = time.process_time()
        found = function()
        taken[name] = time.process_time() - begun
        return found

    with path.open("rb") as stream, decoded(stream, path.name, declared=None, suspect=False) as text:
        layout = find_layout(text, path.name)
        stream.seek(0)
        timed("scan: proof that the rows may be split fast, and where they begin", lambda: scan(stream, layout))
    export = export_of(set(layout.header))
    assert export is not None
    forms = export.forms(layout.header, ("admin1",))
    panels = {name: form for name, form in forms.items() if name in needed(kind)}
    timed("digest (SHA-256) for the ledger", lambda: digest(path))
    timed("splitting, the columns of the panel", lambda: sum(map(len, stream_fast(path, layout, panels))))
    timed("splitting, with those of the checks", lambda: sum(map(len, stream_fast(path, layout, forms))))
    with engine.engine_of("2GB", folder) as duck:
        timed("_load", lambda: export_rows._load(path, layout, export, forms, duck, "records", hopeful=True))
        taken["days, figures and spans read and checked; rows handed to DuckDB"] = (
            taken.pop("_load") - taken["splitting, with those of the checks"]
        )
        found = export_rows.rows_of_files([path], duck, ("admin1",))
        assert found is not None
        timed("countries and their areas", lambda: aggregation._areas(found))
        frame, chosen = timed(
            "identifiers compared, first row of each warning",
            lambda: aggregation._also_checked(found, set(), found.export.unusual()),
        )
        timed("rows that go through the checks, as text", lambda: found.as_written(frame.filter(~found.sound | chosen)))
        sound = frame.filter(found.sound & ~chosen)
        timed("sums by days and area", lambda: aggregation._sums(sound, found, "deaths", ("admin1",)))
        timed("where the areas lie", lambda: aggregation._place_sums(sound, found, ("admin1",), ""))
    timed("all of `daily_panel`", lambda: by_conflictts(path, kind))
    print(f"\n| {rows:,} rows, {kind} | processor, s |\n|---|--:|")
    for name, seconds in taken.items():
        print(f"| {name} | {seconds:.2f} |")


def print_start(repetitions: int) -> None:
    """Start and import, medians."""
    print("\n| start | seconds |\n|---|--:|")
    for words, arguments in (
        ("python -c pass", ["-c", "pass"]),
        ("import pandas", ["-c", "import pandas"]),
        ("import conflictts", ["-c", "import conflictts"]),
        ("import conflictts, and its daily_panel", ["-c", "import conflictts as ct; ct.daily_panel"]),
        ("conflictts --help", ["-m", "conflictts.cli", "--help"]),
    ):
        taken = []
        for _ in range(repetitions):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            taken.append(time.perf_counter() - begun)
        print(f"| {words} | {statistics.median(taken):.2f} |")


def print_growth(engines: list[str], repetitions: int, peers: str, folder: Path) -> None:
    """The exponents by which time inside and memory grow with the number of records."""
    print("\n| rows | | inside, s | peak MiB |\n|---|---|--:|--:|")
    for kind, sizes in (("ucdp", (200_000, 400_000, 800_000)), ("parquet", (12_500_000, 25_000_000, 50_000_000))):
        measured: dict[str, list[tuple[float, float]]] = {engine: [] for engine in engines}
        for rows in sizes:
            found = compare(kind, rows, engines, repetitions, peers, folder)
            for engine in engines:
                each = found[engine]
                measured[engine].append((each["inside"], each["mebibytes"]))
                print(f"| {rows:,} {kind} | {engine} | {each['inside']:.2f} | {each['mebibytes']:,.0f} |", flush=True)
        for engine, pairs in measured.items():
            time_, memory = np.polyfit(np.log(sizes), np.log(pairs), 1)[0]
            print(f"| {kind}, exponent | {engine} | {time_:.2f} | {memory:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=3, metavar=("ENGINE", "KIND", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=["start", *KINDS])
    parser.add_argument("--rows", type=int, help="default: as many as the kind has")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--parts", choices=["ucdp", "acled"], help="what the time goes into, by part")
    parser.add_argument("--peers", default=sys.executable, help="a Python with polars and numpy")
    parser.add_argument("--folder", type=Path, help="where the invented files lie for a while; default: the system's")
    given = parser.parse_args()
    if given.one:
        engine, kind, path = given.one
        run_here(engine, kind, Path(path))
        return
    import conflictts

    compileall.compile_dir(Path(conflictts.__file__).parent, quiet=1)
    engines = [engine for engine in given.engines.split(",") if not missing(engine, given.peers)]
    if left := set(given.engines.split(",")) - set(engines):
        print(f"left out, not installed: {', '.join(sorted(left))}")
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="conflictts-bench-") as name:
        folder = Path(name)
        if given.parts:
            print_parts(given.parts, given.rows or KINDS[given.parts][0], folder)
            return
        if given.growth:
            chosen = [engine for engine in engines if engine in ("conflictts", "polars")]
            print_growth(chosen, given.repetitions, given.peers, folder)
            return
        if given.only in (None, "start"):
            print_start(given.repetitions)
        for kind, (usual, _, _) in KINDS.items():
            if given.only in (None, kind):
                rows = given.rows or usual
                chosen = [engine for engine in engines if engine != "read" or kind in ("ucdp", "acled")]
                print_table(kind, rows, compare(kind, rows, chosen, given.repetitions, given.peers, folder))


if __name__ == "__main__":
    main()
