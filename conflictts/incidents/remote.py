"""A query to a provider's service in, a file in the provider's own columns out, whole or not at all."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from conflictts.errors import InputError, ProviderError, require_path
from conflictts.incidents import acled, sidecar, ucdp
from conflictts.incidents.credentials import find_credential, sendable_as_header
from conflictts.incidents.day import read_day
from conflictts.incidents.exchange import Exchange, Pace, checked_base, libraries
from conflictts.incidents.lock import Taken, locked
from conflictts.incidents.logins import HeaderLogin, Login, PasswordLogin
from conflictts.incidents.pages import BadAnswer, Doubtful, Envelope, PageStore, Service, in_words, write_whole

if TYPE_CHECKING:
    import pandas as pd

UCDP_TOKEN = "CONFLICTTS_UCDP_TOKEN"
ACLED_USER = "CONFLICTTS_ACLED_USER"
ACLED_PASSWORD = "CONFLICTTS_ACLED_PASSWORD"
UCDP_PAGE, ACLED_PAGE = 1000, 5000  # rows, the most that each service gives at once
STARTS = 3  # times a download begins from its first page before the provider is called inconsistent
ACLED_COLUMNS = (*acled.REQUIRED, "time_precision", "country")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Download:
    """A finished download.

    Attributes
    ----------
    path : Path
        The CSV file, UTF-8, in the provider's own columns, in the order of the records' ids.
    provenance_path : Path
        ``<path>.provenance.json`` beside it.
    rows, pages : int
        Records, and pages in which they came.
    resumed : int
        Pages that an earlier, interrupted run had left on disk.
    sha256 : str
        Of the file.
    notes : tuple of str
        What a reader should know: starts anew and why, pages fetched again.

    Examples
    --------
    >>> from pathlib import Path
    >>> import conflictts as ct
    >>> done = ct.Download(
    ...     Path("ged.csv"), Path("ged.csv.provenance.json"), rows=1203, pages=2, resumed=1, sha256="9f2c", notes=()
    ... )
    >>> done.summary()
          file  rows  pages  resumed sha256
    0  ged.csv  1203      2        1   9f2c
    """

    path: Path
    provenance_path: Path
    rows: int
    pages: int
    resumed: int
    sha256: str
    notes: tuple[str, ...]

    def summary(self) -> pd.DataFrame:
        """One row: file, rows, pages, resumed, sha256."""
        import pandas as pd

        columns = {"file": self.path.name, "rows": self.rows, "pages": self.pages, "resumed": self.resumed}
        return pd.DataFrame([{**columns, "sha256": self.sha256}])


def fetch_ucdp(
    out: str | PathLike[str],
    *,
    version: str,
    country: int | Sequence[int] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    base_url: str = "https://ucdpapi.pcr.uu.se/api",
    page_size: int = UCDP_PAGE,
    pace: Pace | None = None,
    progress: Tell | None = None,
) -> Download:
    """Download georeferenced events from the UCDP API, every record once, into a CSV that `read_ucdp` reads.

    The token is taken from CONFLICTTS_UCDP_TOKEN or the keyring (service ``conflictts``, the same name). An
    interrupted download leaves its verified pages in ``<out>.partial`` beside `out`; the same call completes it, with
    the same bytes as if it had not been interrupted. `out` itself appears, or is replaced, when it is complete.

    Parameters
    ----------
    out : path-like
        The file to write. Its folder must exist.
    version : str
        The release: "25.1" of GED, "26.0.7" of the Candidate dataset.
    country : int or sequence of int, optional
        Gleditsch-Ward numbers: 652 is Syria. Default: the whole world.
    start, end : str (YYYY-MM-DD) or date, optional
        Sent as StartDate and EndDate; the service compares them with the day on which an event ended, so that one that
        runs over `end` is left out. Ask for more and filter after reading if such records matter.
    base_url : str
        Address of the service; https, unless on this machine.
    page_size : int, default 1000
        Rows a page, at most 1,000.
    pace : Pace, optional
        How fast and how patiently to ask.
    progress : callable, optional
        Is told in one sentence what is done.

    Returns
    -------
    Download

    Raises
    ------
    ProviderError
        If there is no token, the service refuses or keeps failing, or no record matches. Verified pages are kept.
    InputError
        If an argument is not usable, or another process is downloading to the same file.

    References
    ----------
    https://ucdp.uu.se/apidocs/ (header x-ucdp-access-token; at most 1,000 rows a page, pages counted from 0; 5,000
    requests a day, errors included; TotalCount, TotalPages, NextPageUrl, Result). Beside the limit of a day there is
    one of about 40 requests a minute, answered with status 400; `Pace` waits.

    Examples
    --------
    >>> import conflictts as ct
    >>> done = ct.fetch_ucdp("ged.csv", version="25.1", country=652, start="2019-01-01")  # doctest: +SKIP
    >>> ct.fetch_ucdp("ged.csv", version="25.1", country="Syria")
    Traceback (most recent call last):
        ...
    conflictts.errors.InputError: country 'Syria' is no Gleditsch-Ward number, by which UCDP is asked: 652 is Syria.
    """
    require_path(out, "out")
    if not (isinstance(version, str) and re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2}){1,3}", version)):
        raise InputError(f"version {version!r} is no release of UCDP. Give one like '25.1', or '26.0.7' for Candidate.")
    first, last = _window(start, end)
    countries = _countries_by_number(country)
    query = {"pagesize": str(_within(page_size, UCDP_PAGE))}
    query |= {"Country": ",".join(map(str, countries))} if countries else {}
    query |= {"StartDate": first.isoformat()} if first else {}
    query |= {"EndDate": last.isoformat()} if last else {}

    def belongs(row: dict[str, Any]) -> bool:
        days = str(row["date_start"])[:10], str(row["date_end"])[:10]
        inside = (last is None or days[0] <= last.isoformat()) and (first is None or days[1] >= first.isoformat())
        return inside and (not countries or "country_id" not in row or str(row["country_id"]) in map(str, countries))

    service = Service(
        name="UCDP",
        url=f"{checked_base(base_url)}/gedevents/{version}",
        query=query,
        first_page=0,
        page_size=page_size,
        identifier="id",
        required=ucdp.REQUIRED,
        envelope=lambda answer, number: _ucdp_envelope(answer, number, page_size),
        belongs=belongs,
    )
    release = ucdp.Release.named(version)
    candidate = release is not None and release.candidate
    terms: dict[str, Any] = {
        "provider": "UCDP Candidate" if candidate else "UCDP GED",
        "release": version,
        "licence": ucdp.LICENCE,
        "citation": f"{ucdp.CITATION} {ucdp.CITATION_CANDIDATE}" if candidate else ucdp.CITATION,
    }
    through = [day for day in (last, release.data_through if release else None) if day is not None]

    def login() -> Login:
        token = find_credential(UCDP_TOKEN, purpose="the access token of the UCDP API")
        return HeaderLogin("x-ucdp-access-token", sendable_as_header(token, UCDP_TOKEN))

    return _download(Path(out), service, login, terms, through, pace=pace or Pace(), progress=progress)


def fetch_acled(
    out: str | PathLike[str],
    *,
    country: str | Sequence[str],
    start: str | date,
    end: str | date,
    base_url: str = "https://acleddata.com",
    page_size: int = ACLED_PAGE,
    pace: Pace | None = None,
    progress: Tell | None = None,
) -> Download:
    """Download events from the ACLED API, every record once, into a CSV in ACLED's own columns.

    User name (the e-mail address of the myACLED account) and password are taken from CONFLICTTS_ACLED_USER and
    CONFLICTTS_ACLED_PASSWORD or the keyring (service ``conflictts``, the same names). They are exchanged for a token
    that lives in memory alone and is renewed when it expires. Interrupted downloads resume as in `fetch_ucdp`, within
    a day: ACLED revises its records, and pages of different days do not belong in one file.

    Parameters
    ----------
    out : path-like
        The file to write. Its folder must exist. ACLED's terms do not allow its records to be passed on.
    country : str or sequence of str
        Names as ACLED writes them: "Syria".
    start, end : str (YYYY-MM-DD) or date
        First and last day of the events, inclusive.
    base_url, page_size, pace, progress
        As in `fetch_ucdp`; at most 5,000 rows a page.

    Returns
    -------
    Download
        Where ACLED holds records back from the account (the most recent months, for some), the provenance says so,
        and so does the caveat of the incidents that `read_acled` reads from the file.

    Raises
    ------
    ProviderError
        If there are no credentials, the service refuses or keeps failing, or no record matches. Verified pages are
        kept.
    InputError
        If an argument is not usable, or another process is downloading to the same file.

    References
    ----------
    https://acleddata.com/api-documentation/getting-started (password and refresh grants; tokens of 24 hours and 14
    days; at most 5,000 rows a page; ``cursor``, 0 for the first page and then the ``next_cursor`` of the page before,
    in place of ``page``, which ACLED withdrew in October 2026). ``with_total=true`` makes the answer say how many
    records the query has in all.

    Examples
    --------
    >>> import conflictts as ct
    >>> done = ct.fetch_acled("syria.csv", country="Syria", start="2019-01-01", end="2019-12-31")  # doctest: +SKIP
    >>> ct.fetch_acled("syria.csv", country="Syria", start="2019-12-31", end="2019-01-01")
    Traceback (most recent call last):
        ...
    conflictts.errors.InputError: `start` 2019-12-31 is after `end` 2019-01-01. Exchange them.
    """
    require_path(out, "out")
    first, last = _window(start, end)
    if first is None or last is None:
        raise InputError("ACLED is asked for a span of days. Give both `start` and `end`, as YYYY-MM-DD.")
    names = _countries_by_name(country)
    query = {
        "_format": "json",
        "country": ":OR:country=".join(names),
        "event_date": f"{first.isoformat()}|{last.isoformat()}",
        "event_date_where": "BETWEEN",
        "limit": str(_within(page_size, ACLED_PAGE)),
        "with_total": "true",
    }
    known = {name.casefold() for name in names}

    def belongs(row: dict[str, Any]) -> bool:
        inside = first.isoformat() <= str(row["event_date"])[:10] <= last.isoformat()
        return inside and str(row["country"]).casefold() in known

    base = checked_base(base_url)
    service = Service(
        name="ACLED",
        url=f"{base}/api/acled/read",
        query=query,
        first_page=1,
        page_size=page_size,
        identifier="event_id_cnty",
        required=ACLED_COLUMNS,
        envelope=lambda answer, _: _acled_envelope(answer),
        belongs=belongs,
        by_cursor=True,
        keeps=timedelta(days=1),
    )
    terms = {"provider": "ACLED", "release": None, "licence": acled.LICENCE, "citation": acled.ATTRIBUTION}

    def login() -> Login:
        user = find_credential(ACLED_USER, purpose="the e-mail address of a myACLED account")
        password = find_credential(ACLED_PASSWORD, purpose="the password of the myACLED account")
        return PasswordLogin(f"{base}/oauth/token", user, password)

    return _download(Path(out), service, login, terms, [last], pace=pace or Pace(), progress=progress)


def _download(
    out: Path,
    service: Service,
    login: Callable[[], Login],
    terms: Mapping[str, str | None],
    through: Sequence[date],
    *,
    pace: Pace,
    progress: Tell | None,
) -> Download:
    if out.is_dir() or not out.parent.is_dir():
        raise InputError(f"{out} is a folder, or its folder does not exist. Name a file in a folder that exists.")
    tell: Tell = progress or (lambda _: None)
    libraries()
    signed = login()
    with _alone(out) as folder:
        store = PageStore(folder, service, now=pace.clock(), tell=tell)
        return _download_alone(out, store, signed, terms, through, pace=pace, tell=tell)


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[Path]:
    """The folder of the pages of one file, for this process only."""
    folder = out.with_name(f"{out.name}.partial")
    try:
        with locked(folder / "lock", remove=True):
            yield folder
    except Taken as taken:
        raise InputError(
            f"{out.name} is being downloaded already, by {taken.holder}. Wait until it ends, or name another file."
        ) from None
    except OSError as error:
        raise InputError(
            f"{error.filename or folder} cannot be written or read ({error.strerror or error}). Check the path and the "
            "space on its disk, then run the same again; verified pages are kept."
        ) from None


def _download_alone(
    out: Path,
    store: PageStore,
    login: Login,
    terms: Mapping[str, str | None],
    through: Sequence[date],
    *,
    pace: Pace,
    tell: Tell,
) -> Download:
    service = store.service
    with Exchange(service, login, store, pace=pace, tell=tell) as exchange:
        _complete(service, store, exchange, tell, pace.clock)
    rows, pages = store.total or 0, len(store)
    digest = store.write_csv(out)
    provenance = {
        "format": sidecar.FORMAT,
        **terms,
        "file": out.name,
        "sha256": digest,
        "rows": rows,
        "pages": pages,
        "endpoint": service.url,
        "query": dict(service.query),
        "requested": store.requested.isoformat(timespec="seconds"),
        "finished": pace.clock().isoformat(timespec="seconds"),
        "data_through": _data_through(through, store).isoformat() if through else None,
        "restrictions": store.restrictions,
        "held_back": in_words(store.restrictions) if store.restrictions else None,
        "notes": store.notes,
    }
    beside = out.with_name(out.name + sidecar.ENDING)
    told = json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
    write_whole(beside, store.folder, told.encode("utf-8", "replace"))  # a lone surrogate has no bytes
    done = Download(out, beside, rows, pages, store.resumed, digest, tuple(store.notes))
    store.remove()
    return done


def _data_through(through: Sequence[date], store: PageStore) -> date:
    """Last day that a download may claim: as asked and released, no later than its own day, less what was held back."""
    recency = store.restrictions.get("date_recency") if isinstance(store.restrictions, dict) else None
    held_back = str(recency.get("date")) if isinstance(recency, dict) else ""
    days = [*through, store.requested.date()]
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", held_back):
        with contextlib.suppress(ValueError):
            days.append(date.fromisoformat(held_back))
    return min(days)


def _complete(service: Service, store: PageStore, exchange: Exchange, tell: Tell, now: Callable[[], datetime]) -> None:
    """Fetch what the store lacks, from the first page again where the provider contradicts what is on disk."""
    starts = 1
    while (number := store.next_missing()) is not None:
        doubt = ""
        try:
            store.add(exchange.page(number))
        except Doubtful as error:
            doubt = error.reason
        if not doubt:
            tell(f"{service.name}: {len(store)} of {store.n_pages()} pages")
            continue
        if store.total is None:
            store.remove()
            raise ProviderError(
                f"{service.name} {doubt}: {', '.join(f'{name}={value}' for name, value in service.query.items())}. "
                "Check the country as the provider writes it, the days and the release."
            )
        store.start_anew(f"{service.name} {doubt}", now())
        starts += 1
        if starts > STARTS:
            raise ProviderError(
                f"{service.name} contradicts itself: in {STARTS} downloads from the first page on, a page {doubt}. "
                "Its records may be changing at this moment; run the same again later."
            )


def _ucdp_envelope(answer: dict[str, Any], number: int, page_size: int) -> Envelope:
    total, pages, rows = answer.get("TotalCount"), answer.get("TotalPages"), answer.get("Result")
    if type(total) is not int or type(pages) is not int or not isinstance(rows, list) or total < 0:
        raise BadAnswer("has no TotalCount, TotalPages and Result")
    if pages != -(-total // page_size):
        raise BadAnswer(f"counts {pages:,} pages where {total:,} records make {-(-total // page_size):,}")
    following = answer.get("NextPageUrl") or None
    named = parse_qs(urlsplit(str(following).lower()).query).get("page", [""])[0] if following else ""
    expected = str(number + 1) if number + 1 < pages else ""
    if named != expected:
        raise BadAnswer(f"is another page: it names {named or 'none'} as the next, not {expected or 'none'}")
    return Envelope(total, rows)


def _acled_envelope(answer: dict[str, Any]) -> Envelope:
    if answer.get("success") is False or str(answer.get("status", 200)) != "200":
        raise BadAnswer("says that it was not successful")
    rows = answer.get("data")
    total, count = (_whole(answer.get(name)) for name in ("total_count", "count"))
    if not isinstance(rows, list) or total is None:
        raise BadAnswer("has no data and total_count")
    if count is not None and count != len(rows):
        raise BadAnswer(f"has {len(rows):,} rows and says {count:,}")
    following = answer.get("next_cursor")
    if following is not None and not re.fullmatch(r"[\w.:=+/-]{1,500}", str(following)):
        raise BadAnswer("names a next page that cannot be asked for")
    return Envelope(total, rows, None if following is None else str(following))


def _whole(value: Any) -> int | None:
    return int(value) if re.fullmatch(r"[0-9]{1,12}", str(value)) else None


def _window(start: str | date | None, end: str | date | None) -> tuple[date | None, date | None]:
    first, last = _day(start, "start"), _day(end, "end")
    if first and last and first > last:
        raise InputError(f"`start` {first} is after `end` {last}. Exchange them.")
    return first, last


def _day(value: str | date | None, name: str) -> date | None:
    try:
        return None if value is None else read_day(value).date()
    except (ValueError, TypeError):
        raise InputError(f"`{name}` is {value!r}, which is no day. Write it as YYYY-MM-DD.") from None


def _countries_by_number(country: int | Sequence[int] | None) -> list[int]:
    given = [] if country is None else [country] if isinstance(country, (int, str)) else list(country)
    for number in given:
        if not re.fullmatch(r"[0-9]{1,4}", str(number)):
            raise InputError(f"country {number!r} is no Gleditsch-Ward number, by which UCDP is asked: 652 is Syria.")
    return [int(number) for number in given]


def _countries_by_name(country: str | Sequence[str]) -> list[str]:
    names = [country] if isinstance(country, str) else list(country)
    for name in names:
        if not isinstance(name, str) or not name.strip() or re.search(r"[|:=&]", name):
            raise InputError(f"country {name!r} is no name of a country as ACLED writes it, such as 'Syria'.")
    if not names:
        raise InputError("No country was named. Give at least one as ACLED writes it, such as 'Syria'.")
    return [name.strip() for name in names]


def _within(page_size: int, most: int) -> int:
    if not 1 <= page_size <= most:
        raise InputError(f"page_size is {page_size}; the service gives 1 to {most:,} rows a page.")
    return page_size
