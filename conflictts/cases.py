"""The bundled case: its incidents, and what was claimed, agreed and happened around them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.incidents.catalogue import catalogue_incidents
from conflictts.incidents.files import read_raw_records
from conflictts.incidents.inputs import Input
from conflictts.incidents.table import Incidents, Provenance
from conflictts.series.claims import input_of_claims, read_claims
from conflictts.truce.period import Truce

IDLIB_COVERAGE = ("2019-04-20", "2020-01-15")
# The question of the bundled report is that of an AFP article of 6 November 2019: the toll from the end of April to the
# truce of 31 August, against the toll from then to its own day.
IDLIB_TRUCE, IDLIB_WINDOW = "TRC-5", ("2019-04-30", "2019-11-06")
IDLIB_CITATION = (
    "conflictts, Idlib and north-west Syria, April 2019 - January 2020: coded incident tables, from public press "
    "reports; the publisher and address of every record stand in its source columns."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Case(Incidents):
    """Incidents with their surroundings; usable wherever incidents are.

    Attributes
    ----------
    claims : DataFrame
        Tolls over a period as told by a body; see `read_claims`.
    truces : dict of str to Truce
        By identifier, in order of time.
    events : DataFrame, columns event_id, date, label, publisher, source_url, note
        Dated context for figures; nothing to count.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> len(case.table), len(case.claims), list(case.truces)[:2]
    (321, 136, ['TRC-1', 'TRC-2'])
    >>> case.truces["TRC-5"].effective.date().isoformat()
    '2019-08-31'
    """

    claims: pd.DataFrame
    truces: dict[str, Truce]
    events: pd.DataFrame


class Truces(dict[str, Truce]):
    """Truces by their identifier; one that is not known is refused with those that are."""

    def __missing__(self, name: str) -> Truce:
        raise UnknownNameError(f"There is no truce {name!r} in this case. Choose from {', '.join(self)}.")


def load_idlib_2019() -> Case:
    """Load the bundled case: Idlib and north-west Syria, 20 April 2019 to 15 January 2020.

    Returns
    -------
    Case
        321 incident records (205 counted, 116 details), 136 claims, 7 truces and 3 context events coded from public
        press reports. It is an incomplete catalogue, not a count of the dead: about 70 % of the Syrian Observatory's
        toll before the truce of 31 August 2019, and over 100 % of its single claim from then to 6 November.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> len(case.table), len(case.claims), len(case.truces), len(case.events)
    (321, 136, 7, 3)
    """
    folder = Path(str(files("conflictts"))) / "data" / "idlib_2019"
    raw, truces, dated = (read_raw_records(folder / f"{name}.csv") for name in ("incidents", "truces", "events"))
    claims = read_claims(folder / "claims.csv")
    first, last = (pd.Timestamp(day) for day in IDLIB_COVERAGE)
    provenance = Provenance(
        provider="press catalogue of the Idlib case",
        release="1",
        inputs=(
            Input.of(raw, "records"),
            input_of_claims(claims),
            Input.of(truces, "truces"),
            Input.of(dated, "events"),
        ),
        rows=raw.read,
        area="Idlib and north-west Syria",
        coverage=(first, last),
        licence="CC0 1.0",
        caveat="An incomplete catalogue of what public press pages showed, not a count of the dead.",
        citation=IDLIB_CITATION,
    )
    incidents = catalogue_incidents(raw, provenance=provenance)
    events = dated.table.reset_index(drop=True)
    events["date"] = pd.to_datetime(events["date"]).astype("datetime64[us]")
    return Case(
        table=incidents.table,
        ledger=incidents.ledger,
        provenance=incidents.provenance,
        claims=claims,
        truces=_truces(truces.table),
        events=events,
    )


def _truces(table: pd.DataFrame) -> dict[str, Truce]:
    truces = Truces()
    for row in table.sort_values("effective_start", kind="stable").to_dict("records"):
        truces[row["truce_id"]] = Truce(
            row["effective_start"],
            announced=row["announced"],
            ended=row["collapsed_or_end"],
            brokers=row["brokers"],
            scope=row["scope"],
            source_url=row["source_url"],
            note=row["note"],
        )
    return truces
