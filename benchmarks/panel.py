"""From records to a complete daily panel: `daily_panel` against scripts by hand that give the same numbers.

Every engine reads the columns it needs, lays the records of several days over their days, and gives low, best, high and
the number of records of every area on every day, quiet days included. `daily_panel` alone also checks every row and
keeps the ledger. Each run is a process of its own, its start and imports included; the engines take turns, so that all
of them meet the same load. "parse" reads the columns into memory and does nothing with them.

    python benchmarks/panel.py                       # everything, about an hour
    python benchmarks/panel.py --only ucdp --repetitions 11
"""

from __future__ import annotations

FIRST, LAST = "1989-01-01", "2024-12-31"
N_DAYS = 13_149
N_AREAS = 400
NOT_STATED = "not stated"
SINGLE = ("conflictts", "polars", "duckdb", "pandas", "parse")


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
