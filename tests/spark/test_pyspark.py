"""A frame of PySpark, on a local engine, is counted as the same rows in a file."""

from __future__ import annotations

import importlib.util
import shutil

import numpy as np
import pandas as pd
import pytest

import conflictts as ct

# PySpark warns of pandas 3 when it starts; and leaves sockets to the collector of garbage.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
COUNTED = {"by": ["admin1", "event_type"], "coverage": ("2019-08-01", "2019-09-30"), "release": "25.1"}


@pytest.fixture(scope="session")
def spark(require):
    require(importlib.util.find_spec("pyspark") is not None, "needs PySpark (pip install 'conflictts[spark]')")
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
