"""Many series at once: each row is what its series alone gives, whatever becomes of the others."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError, TooLittleData, UnknownNameError
from conflictts.truce import panel as panels
from conflictts.truce import rows as series_rows
from conflictts.truce.latest import RECENT_DAYS, latest_of_rows
from conflictts.truce.rows import Plan
from conflictts.truce.stored import Store

NEAR = {"rel": 1e-9, "abs": 1e-12}  # the same numbers; sums in another order


@pytest.fixture(scope="module")
def panel(idlib) -> ct.DailyPanel:
    """By perpetrator: two series for a regression, two with few counts, two that are refused."""
    return ct.daily_series(idlib, measure="civilians", by="perpetrator", gaps=[("2019-06-01", "2019-06-05")], lag=3,
                           retrieved_on="2020-01-16")  # fmt: skip


@pytest.fixture(scope="module")
def truce(idlib) -> ct.Truce:
    return idlib.truces["TRC-5"]


@pytest.fixture(scope="module")
def found(panel, truce) -> ct.PanelAnalysis:
    return ct.analyse_panel(panel, truce=truce, threads=2)


def test_rows_stand_in_the_order_of_the_panel(panel, found):
    assert found.table.index.tolist() == list(panel)
    assert found.table.index.names == ["perpetrator"]


def test_changes_are_those_of_each_series_alone(panel, found):
    for key, daily in panel.items():
        alone = ct.detect_changepoints(daily)
        table = found.changes[found.changes["perpetrator"] == key].drop(columns="perpetrator").reset_index(drop=True)
        pd.testing.assert_frame_equal(table, alone.summary().drop(columns="set"), check_dtype=False, rtol=1e-9)
        row = found.table.loc[key]
        assert row["n_changes"] == len(alone.dates)
        assert row[["rate_now", "rate_now_lower", "rate_now_upper"]].tolist() == pytest.approx(
            alone.regimes.iloc[-1][["rate", "lower", "upper"]].tolist(), **NEAR
        )
    assert len(found.changes) > 0


def panel_of(idlib, series: dict[str, list[tuple[str, int]]], coverage: tuple[str, str]) -> ct.DailyPanel:
    """Areas with these deaths on these days."""
    lines = [(day, area, toll) for area, days in series.items() for day, toll in days]
    row, dates = idlib.table.iloc[0], pd.to_datetime([day for day, _, _ in lines]).as_unit("us")
    table = pd.DataFrame([row] * len(lines)).reset_index(drop=True).assign(
        incident_id=[f"I{number}" for number in range(len(lines))], admin1=[area for _, area, _ in lines],
        date_start=dates, date_end=dates,
        **{f"civilians_{bound}": [float(toll) for _, _, toll in lines] for bound in ("low", "best", "high")},
    )  # fmt: skip
    return ct.daily_series(replace(idlib, table=table), measure="civilians", by="admin1", coverage=coverage)


def test_a_single_day_is_named_and_is_no_change(idlib):
    """Thirty dead on one day among 365 near zero; on one of nothing else; and amid a rate that truly falls."""
    days = pd.date_range("2019-01-01", "2019-12-31").strftime("%Y-%m-%d")
    steady = [(day, 3 + number % 3) for number, day in enumerate(days[:180])]
    panel = panel_of(
        idlib,
        {
            "thin": [("2019-04-02", 1), ("2019-06-11", 30), ("2019-07-20", 1), ("2019-10-03", 1)],
            "once": [("2019-06-11", 30)],
            "falls": [(day, toll if day != "2019-03-10" else 400) for day, toll in steady],
        },
        ("2019-01-01", "2019-12-31"),
    )
    assert [len(ct.detect_changepoints(panel[area]).dates) for area in ("thin", "falls")] == [2, 3]
    found = ct.analyse_panel(panel)
    assert found.table["single_days"].to_dict() == {"falls": "2019-03-10", "once": "2019-06-11", "thin": "2019-06-11"}
    assert found.table["n_changes"].to_dict() == {"falls": 1, "once": 0, "thin": 0}
    assert found.table["changes_reason"].tolist() == [""] * 3
    assert found.table.loc["thin", "rate_now"] == pytest.approx(3 / 364, rel=0.05)  # the profile of weekdays shifts it
    assert found.changes["admin1"].tolist() == ["falls"]
    assert found.changes["best_point"].tolist() == [pd.Timestamp("2019-06-30")]


def test_effects_are_those_of_each_series_alone(panel, found, truce):
    methods, reasons = set(), {}
    for key, daily in panel.items():
        row = found.table.loc[key]
        try:
            alone = ct.estimate_truce_effect(daily, truce)
        except TooLittleData as refusal:
            reasons[key] = str(refusal)
            continue
        methods.add(alone.method)
        for name in ("rate_ratio", "lower", "upper", "averted", "averted_lower", "averted_upper", "method"):
            assert row[name] == getattr(alone, name)
        assert (row["p_value"] < 0.05) == (not alone.lower <= 1 <= alone.upper)
        if alone.fit is not None:
            assert row["log_ratio"] == pytest.approx(np.log(alone.rate_ratio), **NEAR)
    assert methods == {"nb-avar", "few-counts"}
    refused = found.table["effect_reason"]
    assert refused[refused != ""].to_dict() == reasons
    assert found.table.loc[list(reasons), "rate_ratio"].isna().all()


def test_few_counts_enter_by_the_moments_of_their_posterior(panel, found, truce):
    """Against draws of the two gamma posteriors, made from the shapes that their quantiles imply."""
    row = found.table[found.table["method"] == "few-counts"].iloc[0]
    daily = panel[found.table.index[found.table["method"] == "few-counts"][0]]
    effect = ct.estimate_truce_effect(daily, truce)
    factor = (effect.rates["best"].sum() + 0.0) and _factor(effect)
    rng = np.random.default_rng(3)
    gammas = [rng.gamma(total / factor + 0.5, size=400_000) / days for total, days in
              zip(effect.rates["best"], effect.rates["days"], strict=True)]  # fmt: skip
    log_ratio = np.log(gammas[1] / gammas[0])
    assert np.quantile(np.exp(log_ratio), [0.5, 0.975]) == pytest.approx([row["rate_ratio"], row["upper"]], rel=0.02)
    assert row["log_ratio"] == pytest.approx(log_ratio.mean(), abs=0.02)  # five standard errors of the draws
    assert row["standard_error"] == pytest.approx(log_ratio.std(), rel=0.02)
    assert row["p_value"] == pytest.approx(2 * min((log_ratio < 0).mean(), (log_ratio > 0).mean()), abs=0.003)


def _factor(effect: ct.TruceEffect) -> float:
    """Variance inflation of the richer side, fitted anew."""
    from conflictts.truce.negbin import fit_negbin

    side = effect.daily.settled.loc[effect.window[0] : effect.truce.effective - pd.Timedelta(days=1)]
    used = np.flatnonzero(side.notna())
    fit = fit_negbin(side.to_numpy()[used], np.ones((len(used), 1)), slow_columns=1, day=used)
    return float(fit.independent[0, 0] * fit.mean.sum()) * max(fit.inflation(np.ones(1)), 1.0)


def test_latest_is_what_escalation_says_of_the_last_half_year(panel, found):
    told = set()
    for key, daily in panel.items():
        cut = replace(daily, table=daily.table.iloc[-RECENT_DAYS:])
        alone = ct.measure_escalation(cut)
        row, growth, weeks = found.table.loc[key], alone.growth.iloc[-1], alone.comparisons.loc["previous period"]
        told.add(alone.phase[alone.phase.index <= daily.settled.last_valid_index()].iloc[-1])
        assert row["phase"] == alone.phase.loc[daily.settled.last_valid_index()]
        for name, value in (("growth", growth["growth"]), ("growth_lower", growth["lower"]),
                            ("growth_upper", growth["upper"]), ("ratio", weeks["ratio"]),
                            ("ratio_lower", weeks["lower"]), ("ratio_upper", weeks["upper"]),
                            ("last_weeks", weeks["best"]), ("weeks_before", weeks["other_best"])):  # fmt: skip
            assert row[name] == pytest.approx(value, nan_ok=True, **NEAR), (key, name)
        assert (row["growth_reason"], row["ratio_reason"]) == (growth["reason"], weeks["reason"])
    assert len(told) > 1


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_latest_phase_of_random_ends_is_that_of_all_windows(level):
    """It holds a window against no growth only where it must; `measure_escalation` holds all of them, by both ends."""
    rng, told = np.random.default_rng(12), []
    days = pd.date_range("2020-01-01", periods=RECENT_DAYS)
    for _ in range(30):
        log_rate = np.where(np.arange(RECENT_DAYS) < rng.integers(60, 180), 0.0, rng.normal(0, 1.5))
        log_rate = log_rate + rng.normal(0, 0.05) * np.maximum(np.arange(RECENT_DAYS) - rng.integers(60, 150), 0)
        counts = rng.negative_binomial(3.0, 3.0 / (3.0 + np.exp(np.clip(log_rate + rng.normal(1.5, 1), -5, 6))))
        counts = np.where(rng.random(RECENT_DAYS) < rng.choice([0.0, 0.08]), np.nan, counts)
        alone = ct.measure_escalation(ct.DailySeries.from_counts(pd.Series(counts, days)), level=level)
        (now,) = latest_of_rows(counts[None], days.day_of_week.to_numpy().astype(np.int64), level)
        last = np.flatnonzero(np.isfinite(counts))[-1]
        assert now.phase == alone.phase.iloc[last]
        growth = alone.growth.iloc[-1]
        assert now.growth_reason == growth["reason"]
        assert [now.growth, now.growth_lower, now.growth_upper] == pytest.approx(
            growth[["growth", "lower", "upper"]].tolist(), nan_ok=True, **NEAR
        )
        told.append(now.phase)
    assert min(told.count(phase) for phase in ("rising", "falling", "level")) >= 3


@pytest.mark.parametrize("n_days", [1, 6, 7, 41, 42, 43, 60])
def test_latest_of_short_and_empty_series_has_reasons(n_days):
    counts = np.array([np.zeros(n_days), np.full(n_days, 3.0), np.r_[np.full(n_days - 1, np.nan), 3.0]])
    for now in latest_of_rows(counts, np.arange(n_days) % 7, 0.95):
        assert np.isfinite(now.growth) or now.growth_reason
        assert np.isfinite(now.ratio) or np.isfinite(now.ratio_lower) or now.ratio_reason
    counts[1] = np.nan
    with pytest.raises(TooLittleData, match=f"none of {n_days} days is observed and settled"):
        latest_of_rows(counts, np.arange(n_days) % 7, 0.95)


def test_latest_of_many_series_is_that_of_each_alone():
    """Of series that end and begin unlike, some of which tell of few windows or of none."""
    rng = np.random.default_rng(5)
    rising = np.exp(np.clip(0.03 * (np.arange(RECENT_DAYS) - 150), -2, 3))
    counts = rng.negative_binomial(2.0, 2 / (2 + 3 * rising * np.ones((9, 1)))).astype(float)
    counts[1, 170:], counts[2, :100], counts[3, :150], counts[4] = np.nan, np.nan, np.nan, 0.0
    counts[5, ::4], counts[6, 60:], counts[7, :-5] = np.nan, 0.0, 0.0
    weekday = (np.arange(RECENT_DAYS) + 3) % 7
    together = latest_of_rows(counts, weekday, 0.9)
    assert len({now.phase for now in together}) >= 3
    assert len({now.growth_reason for now in together}) >= 4
    for row, now in zip(counts, together, strict=True):
        (alone,) = latest_of_rows(row[None], weekday, 0.9)
        for one, other in zip(now, alone, strict=True):
            assert one == (other if isinstance(other, str) else pytest.approx(other, nan_ok=True, rel=1e-12))


def test_adjusted_p_values_are_benjamini_and_hochbergs(found):
    """By hand: the k-th smallest of m times m / k, made non-decreasing from the largest down."""
    p = found.effects()["p_value"].sort_values(ascending=False)
    expected, least, m = {}, 1.0, len(p)
    for k, (key, value) in enumerate(p.items()):
        least = min(least, value * m / (m - k))
        expected[key] = least
    assert found.effects()["p_adjusted"].to_dict() == pytest.approx(expected)


def test_pooled_over_all_areas_that_were_watched(panel, found, truce):
    """Those too quiet for an effect too: their counts over the variance by mean of the busier side, as few counts."""
    names = ["effective_before", "effective_after", "exposure"]
    counted = found.table[names].dropna()
    assert found.pooled.areas.index.equals(counted.index)
    quiet = counted.index.difference(found.effects().index)
    assert len(quiet) > 0
    assert (found.table.loc[quiet, "effect_reason"].str.contains("independent events at most")).all()
    for key in quiet:
        settled = panel[key].settled.loc["2019-05-03":"2019-10-29"].dropna()  # 120 days before the truce, 60 of it
        after = settled.index >= truce.effective
        times = settled[~after].sum() / found.table.loc[key, "effective_before"]  # each count is worth so many
        assert times >= 1
        assert settled[after].sum() / times == pytest.approx(found.table.loc[key, "effective_after"])
        assert found.table.loc[key, "exposure"] == pytest.approx(after.sum() / (~after).sum())
    alone = ct.pool_effects(*(counted[name] for name in names))
    assert found.pooled.summary().equals(alone.summary())


def test_records_that_state_no_group_are_no_group(idlib, found, truce):
    """They have their row, and are in neither the adjusted p-values nor the mean, as if they were not there."""
    unstated = idlib.table.assign(perpetrator=idlib.table["perpetrator"].replace("government", ""))
    with_them, without = (
        ct.analyse_panel(
            ct.daily_series(replace(idlib, table=table), measure="civilians", by="perpetrator"), truce=truce
        )
        for table in (unstated, unstated[unstated["perpetrator"] != ""])
    )
    row = with_them.table.loc["not stated"]
    assert row["p_value"] < 0.05
    assert np.isnan(row["p_adjusted"])
    assert with_them.effects().equals(without.effects())
    assert len(with_them.effects()) == 2
    assert with_them.pooled.summary().equals(without.pooled.summary())


def test_no_fall_is_told_of_quiet_areas_in_which_nothing_changed(idlib, truce):
    """A small version of benchmarks/pooled_effects.py: areas with an effect of their own were busy before by chance."""
    days = pd.date_range("2019-05-03", periods=180)
    told, of_those_that_answer = [], []
    for seed in range(6):
        counts = np.random.default_rng([1, seed]).negative_binomial(1, 1 / 1.06, (40, 180))
        areas = {
            f"A{k}": [(f"{days[day]:%Y-%m-%d}", int(row[day])) for day in np.flatnonzero(row)]
            for k, row in enumerate(counts)
        }
        found = ct.analyse_panel(panel_of(idlib, areas, ("2019-05-03", "2019-10-29")), truce=truce, threads=1)
        assert len(found.pooled.areas) == 40
        assert found.pooled.lower < 1 < found.pooled.upper
        told.append(np.log(found.pooled.rate_ratio))
        effects = found.effects()
        of_those_that_answer.append(np.log(effects["after"].sum() / effects["before"].sum() * 2))
    assert abs(np.mean(told)) < 0.15  # three standard errors of six panels
    assert np.mean(of_those_that_answer) < -0.3


def test_one_bad_series_is_told_and_stops_nothing(panel, found, truce, monkeypatch):
    real, third = series_rows.latest_of_rows, panel[list(panel)[2]].settled.to_numpy()[-RECENT_DAYS:]

    def failing(counts, *given):
        if any(np.array_equal(each, third, equal_nan=True) for each in counts):
            raise ZeroDivisionError("broken on purpose")
        return real(counts, *given)

    monkeypatch.setattr(series_rows, "latest_of_rows", failing)
    other = ct.analyse_panel(panel, truce=truce, threads=1)
    bad = list(panel)[2]
    assert other.table.loc[bad, "growth_reason"] == "unexpected ZeroDivisionError: broken on purpose"
    assert other.table.loc[bad, "rate_ratio"] == pytest.approx(found.table.loc[bad, "rate_ratio"], nan_ok=True)
    pd.testing.assert_frame_equal(other.table.drop(bad), found.table.drop(bad))
    refused = other.refusals()
    assert refused[(refused["perpetrator"] == bad) & (refused["part"] == "growth")]["reason"].item().startswith("unex")


def test_threads_do_not_change_the_answer_and_progress_ends_at_the_last(panel, found, truce):
    told = []
    other = ct.analyse_panel(panel, truce=truce, threads=3, progress=lambda done, of: told.append((done, of)))
    pd.testing.assert_frame_equal(other.table, found.table)
    assert told[-1] == (len(panel), len(panel))


def test_truces_by_area_and_none_at_all(panel, found, truce):
    key = found.effects().index[0]
    one = ct.analyse_panel(panel, truces={key: truce})
    assert one.effects().index.tolist() == [key]
    assert one.pooled is None
    assert (one.table["effect_reason"].drop(key) == "no truce was given for it").all()
    none = ct.analyse_panel(panel)
    assert "rate_ratio" not in none.table
    assert len(none.effects()) == 0
    assert "effect" not in set(none.refusals()["part"])


def test_several_columns_make_an_index_of_as_many_levels(idlib, truce):
    panel = ct.daily_series(idlib, measure="civilians", by=("admin1", "perpetrator"))
    few = ct.analyse_panel(panel, truce=truce)
    assert few.table.index.names == ["admin1", "perpetrator"]
    assert few.refusals().columns.tolist() == ["admin1", "perpetrator", "part", "reason"]


def test_unknown_area_and_both_kinds_of_truces_are_refused(panel, truce):
    with pytest.raises(UnknownNameError, match="No area 'nobody' by perpetrator"):
        ct.analyse_panel(panel, truces={"nobody": truce})
    with pytest.raises(UnknownNameError, match="Both one truce for all areas and truces by area"):
        ct.analyse_panel(panel, truce=truce, truces={"russia": truce})
    with pytest.raises(ValueError, match="threads = 0 is no number of threads"):
        ct.analyse_panel(panel, threads=0)
    with pytest.raises(ValueError, match="spark = 'local' is no Spark session"):
        ct.analyse_panel(panel, spark="local")
    with pytest.raises(ValueError, match="threads, store and progress are for one machine"):
        ct.analyse_panel(panel, spark="local", threads=2)


class TestStore:
    """What an interrupted run leaves is taken up; whatever does not fit is made again."""

    @pytest.fixture
    def made(self, monkeypatch) -> list[object]:
        """The series that are analysed and not taken from the store."""
        made: list[object] = []
        real = panels.rows_of_chunk
        monkeypatch.setattr(panels, "rows_of_chunk", lambda *given: (made.extend(given[3]), real(*given))[1])
        return made

    def test_second_run_makes_nothing_and_ends_with_the_same(self, panel, found, truce, made, tmp_path):
        ct.analyse_panel(panel, truce=truce, store=tmp_path)
        assert made == list(panel)
        made.clear()
        again = ct.analyse_panel(panel, truce=truce, store=tmp_path)
        assert made == []
        pd.testing.assert_frame_equal(again.table, found.table)
        pd.testing.assert_frame_equal(again.changes, found.changes)

    def test_other_choices_or_counts_are_made_anew(self, panel, idlib, truce, made, tmp_path):
        ct.analyse_panel(panel, truce=truce, store=tmp_path)
        made.clear()
        ct.analyse_panel(panel, truce=truce, store=tmp_path, level=0.9)
        assert len(made) == len(panel)
        made.clear()
        ct.analyse_panel(ct.daily_series(idlib, measure="civilians", by="perpetrator"), truce=truce, store=tmp_path)
        assert len(made) > 0

    def test_an_area_without_a_truce_is_no_area_of_a_panel_without_truces(
        self, panel, truce, made, monkeypatch, tmp_path
    ):
        """Rows made where nobody asked for an effect do not say why there is none."""
        monkeypatch.setattr(panels, "CHUNK", 1)
        ct.analyse_panel(panel, store=tmp_path)
        made.clear()
        found = ct.analyse_panel(panel, truces={"russia": truce}, store=tmp_path)
        assert len(made) == len(panel)
        pd.testing.assert_frame_equal(found.table, ct.analyse_panel(panel, truces={"russia": truce}).table)

    def test_a_truce_of_another_name_is_told_by_its_own(self, panel, tmp_path):
        for name in ("first", "second"):
            outside = ct.Truce("2021-01-01", name=f"{name} truce")
            found = ct.analyse_panel(panel, truce=outside, store=tmp_path)
            assert found.table["effect_reason"].str.startswith(f"The {name} truce took effect").all()

    @pytest.mark.parametrize("harm", ["cut", "changed", "not json", "empty"])
    def test_harmed_file_is_made_again(self, panel, found, truce, made, tmp_path, harm):
        ct.analyse_panel(panel, truce=truce, store=tmp_path)
        file = next(iter(tmp_path.glob("*.json")))
        text = file.read_text()
        if harm == "changed":
            content = json.loads(text)
            content["rows"][0]["total"] += 1
            text = json.dumps(content)
        file.write_text({"cut": text[: len(text) // 2], "changed": text, "not json": "[1", "empty": ""}[harm])
        made.clear()
        again = ct.analyse_panel(panel, truce=truce, store=tmp_path)
        assert len(made) > 0
        pd.testing.assert_frame_equal(again.table, found.table)

    def test_folder_that_another_run_removed_is_made_again(self, panel, truce, tmp_path):
        """Two runs of one page share it, and the first to end no longer needs it."""
        store = Store(tmp_path / "parts", panel, Plan(truce, {}, None, 0.95))
        (tmp_path / "parts").rmdir()
        store.keep(range(1), [{"days": 1}])
        assert store.find(range(1)) == [{"days": 1}]

    def test_folder_that_cannot_be_written_is_said(self, panel, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="cannot be written"):
            ct.analyse_panel(panel, store=tmp_path / "file" / "parts")
