"""The same effect for the low, best and high figures of the records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData, require_kind
from conflictts.truce.effect import TruceEffect, refit
from conflictts.truce.window import BOUNDS


def effect_envelope(effect: TruceEffect) -> pd.DataFrame:
    """Estimate an effect again from the low and from the high figures, by the same choices.

    Parameters
    ----------
    effect : TruceEffect
        Estimated from the best figures.

    Returns
    -------
    DataFrame, index "low", "best", "high", "envelope"
        ``rate_ratio``, ``lower``, ``upper``, ``averted``, ``averted_lower``, ``averted_upper`` and ``refused``: why a
        row has no numbers, else blank. The envelope runs from the least lower to the greatest upper limit of the rows
        that have them; its estimates are those of the best figures. A record without a stated bound counts with its
        best figure in both, so the envelope is then no ceiling. Draws of the days of records are of the best figures,
        so the rows of the low and high ones leave out how records were dated.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-10-18"))
    >>> ct.effect_envelope(effect).loc["envelope", ["lower", "upper"]].round(2).tolist()
    [0.02, 0.27]
    """
    require_kind(effect, TruceEffect, "effect")
    numbers = ["rate_ratio", "lower", "upper", "averted", "averted_lower", "averted_upper"]
    rows: dict[str, list[float | str]] = {}
    for bound in BOUNDS:
        table = effect.daily.table
        try:
            each = (
                effect
                if bound == "best"
                else refit(effect, replace(effect.daily, table=table.assign(best=table[bound]), draws=None))
            )
            rows[bound] = [*(getattr(each, name) for name in numbers), ""]
        except TooLittleData as refusal:
            rows[bound] = [*(np.nan for _ in numbers), str(refusal)]
    result = pd.DataFrame.from_dict(rows, orient="index", columns=[*numbers, "refused"])
    least, most, best = result[numbers].min(), result[numbers].max(), result.loc["best"]
    result.loc["envelope"] = [
        best["rate_ratio"], least["lower"], most["upper"],
        best["averted"], least["averted_lower"], most["averted_upper"], "",
    ]  # fmt: skip
    return result
