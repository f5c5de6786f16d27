"""On a local engine of PySpark a frame is counted as the same rows in a file, and a panel analysed as by threads."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import conflictts as ct
from conflictts.errors import InputError
from conflictts.truce import spark as on_spark

# PySpark warns of pandas 3 when it starts; and leaves sockets to the collector of garbage.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
COUNTED = {"by": ["admin1", "event_type"], "coverage": ("2019-08-01", "2019-09-30"), "release": "25.1"}


@pytest.fixture(scope="session")
def spark(require):
    require(
        importlib.util.find_spec("pyspark") is not None,
        "needs PySpark (pip install '.[spark]' in the project's folder)",
    )
    require(shutil.which("java") is not None, "needs Java 17 or newer, which PySpark runs on")
    from pyspark.sql import SparkSession

    given = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "3",
        "spark.ui.enabled": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)  # of the workers
        session = SparkSession.builder.master("local[2]").config(map=given).getOrCreate()
        yield session
        session.stop()


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """600 records as Parquet, with blank places, spans, unstated bounds, faults, and an identifier used twice."""
    rng = np.random.default_rng(3)
    count = 600
    a, b, civilians = rng.poisson(1, (3, count)).astype("int64")
    first = pd.Timestamp("2019-07-25") + pd.to_timedelta(rng.integers(0, 75, count), unit="D")
    table = pd.DataFrame(
        {
            "id": np.where(np.arange(count) == 40, "7", np.arange(count).astype("str")),
            "adm_1": rng.choice(["Idlib", "Hama", " Hama ", None], count),
            "type_of_violence": rng.choice([1, 3], count),
            "country": "Syria",
            "date_start": first,
            "date_end": first + pd.to_timedelta(rng.choice([0, 0, 6, -1], count, p=[0.6, 0.2, 0.15, 0.05]), unit="D"),
            "deaths_a": a,
            "deaths_b": b,
            "deaths_civilians": civilians,
            "low": a + b,
            "best": a + b + civilians,
            "high": pd.Series(a + b + civilians + rng.integers(-1, 9, count)).where(rng.random(count) < 0.9),
        }
    )
    path = tmp_path_factory.mktemp("spark") / "ged251.parquet"
    table.astype({"date_start": "datetime64[us]", "date_end": "datetime64[us]"}).to_parquet(path)
    return path


@pytest.mark.parametrize("measure", ["deaths", "deadly incidents"])
def test_frame_of_pyspark_is_counted_as_the_file(spark, path, measure):
    panel = ct.daily_panel(spark.read.parquet(str(path)), measure=measure, **COUNTED)
    expected = ct.daily_panel(path, measure=measure, **COUNTED)
    assert expected.ledger.n_quarantined > 20
    assert list(panel) == list(expected)
    np.testing.assert_allclose(panel.sums, expected.sums, rtol=0, atol=1e-9)  # the order of summation differs
    assert (panel.ledger.read, panel.ledger.used) == (expected.ledger.read, expected.ledger.used)
    faults = [each.ledger.quarantined["incident_id"].sort_values().tolist() for each in (panel, expected)]
    assert faults[0] == faults[1]
    pd.testing.assert_frame_equal(panel.account, expected.account, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def panel(idlib) -> ct.DailyPanel:
    """With draws, days not observed and provisional ones; of one series a count is negative, which no code expects."""
    panel = ct.daily_series(idlib, measure="civilians", by="perpetrator", gaps=[("2019-06-01", "2019-06-05")], lag=3,
                            retrieved_on="2020-01-16", draws=4, rng=np.random.default_rng(1))  # fmt: skip
    sums = panel.sums.copy()
    sums[1, 2, 20] = -1.0
    return replace(panel, _tally=replace(panel._tally, sums=sums))


@pytest.mark.parametrize("with_truce", [True, False])
def test_panel_is_analysed_as_by_threads(spark, idlib, panel, monkeypatch, with_truce):
    monkeypatch.setattr(on_spark, "GROUP", 2)  # three groups, the last of one series
    truce = idlib.truces["TRC-5"] if with_truce else None
    found, expected = ct.analyse_panel(panel, truce=truce, spark=spark), ct.analyse_panel(panel, truce=truce)
    assert len(panel) % 2 == 1
    pd.testing.assert_frame_equal(found.table, expected.table, rtol=1e-9, atol=1e-12)
    pd.testing.assert_frame_equal(found.changes, expected.changes, rtol=1e-9, atol=1e-12)
    assert found.table.index.tolist() == list(panel)
    reasons = found.table["changes_reason"]
    assert reasons.iloc[2].startswith("counts[20] = -1 is no count")
    assert (reasons == "").sum() >= 2
    assert len(found.effects()) == (0 if truce is None else 3)


def test_what_stops_spark_is_said(spark, panel, monkeypatch):
    def broken(*_):
        raise MemoryError("broken on purpose")

    monkeypatch.setattr(on_spark, "rows_of_chunk", broken)
    with pytest.raises(InputError, match="Spark stopped the analysis: MemoryError: broken on purpose"):
        ct.analyse_panel(panel, spark=spark)
