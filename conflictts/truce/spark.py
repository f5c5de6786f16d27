"""A panel's series analysed on a cluster: Spark maps groups of them to their rows, which come back in order."""

from __future__ import annotations

import json
import pickle
import zlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from conflictts.errors import InputError
from conflictts.series.daily import series_of
from conflictts.series.panel import DailyPanel
from conflictts.truce.rows import Plan, Row, rows_of_chunk

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GROUP = 64  # series that one task takes: about a fifth of a second of work at 3,000 days
SENT = "part long, series binary"  # a group's number, and its counts as `_packed` makes them
ROWS = "part long, rows string"  # its rows as JSON, as the store of an interrupted run keeps them


def rows_on_spark(panel: DailyPanel, plan: Plan, spark: SparkSession) -> list[Row]:
    """Rows of all series in the panel's order, as `rows_of_chunk` makes them on the workers of a cluster.

    Raises
    ------
    InputError
        If `spark` is no session.
    InputError
        If Spark stops.
    """
    if not hasattr(spark, "createDataFrame"):
        raise InputError(
            f"spark = {spark!r} is no Spark session. Give SparkSession.builder.getOrCreate(), of PySpark "
            "(pip install '.[spark]' in the project's folder)."
        )
    from pyspark.errors import PySparkException

    days, counting = panel.days, panel.counting

    def analysed(sent: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for series in sent["series"]:
            counts, keys, tally = pickle.loads(zlib.decompress(series))
            made = partial(series_of, tally, counting=counting)
            rows.append(json.dumps(rows_of_chunk(counts, days, plan, keys, made)))
        return pd.DataFrame({"part": sent["part"], "rows": rows})

    groups = [slice(begin, begin + GROUP) for begin in range(0, len(panel), GROUP)]
    try:
        sent = spark.createDataFrame(list(enumerate(_packed(panel, plan, groups))), SENT)
        # as many partitions as groups, for Spark would join them by their bytes, which say nothing of the work in them
        mapped = sent.repartition(len(groups), "part").groupBy("part").applyInPandas(analysed, ROWS)
        parts: dict[int, str] = dict(mapped.collect())
    except PySparkException as error:
        said = [line for line in str(error).splitlines() if line[:1].strip()]  # the last of a worker's is its fault
        raise InputError(
            f"Spark stopped the analysis: {said[-1] if said else error}. Every worker needs conflictts of this "
            "version, pandas and pyarrow in the Python that PYSPARK_PYTHON names."
        ) from None
    return [row for k in range(len(groups)) for row in json.loads(parts[k])]


def _packed(panel: DailyPanel, plan: Plan, groups: list[slice]) -> Iterator[bytes]:
    """Settled counts and keys of each group; all that is known of its series where an effect will need it."""
    keys, settled = list(panel), np.asarray(panel.counting.status) == "observed"
    for group in groups:
        counts = np.where(settled, panel.sums[1, group], np.nan)
        tally = panel._tally.part(group) if plan.has_truces else None
        yield zlib.compress(pickle.dumps((counts, keys[group], tally)), level=1)
