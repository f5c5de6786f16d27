"""Requests to a provider: signed, paced and repeated, with no credential in anything they leave behind."""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast
from urllib.parse import urlsplit

import numpy as np

from conflictts.errors import InputError, ProviderError
from conflictts.incidents.logins import Form, Login
from conflictts.incidents.pages import BadAnswer, Doubtful, Page, PageStore, Service, read_page
from conflictts.incidents.quota import DailyRequests

if TYPE_CHECKING:
    import ssl

    import httpx
    import tenacity

EXTRA = "pip install '.[remote]' in the project's folder"
PASSING = (408, 425, 429)  # and all from 500 on: the same request may be answered later


WIRE_LOGS = tuple(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks"))


def utc_now() -> datetime:
    """Return the time of the system's clock, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast, how patiently and by which clock a provider is asked.

    Attributes
    ----------
    pause : float, default 2.0
        Least time between two requests, seconds.
    attempts : int, default 6
        Times that one page is asked for before giving up.
    timeout : float, default 60.0
        Longest silence of the provider in one request, seconds.
    first_wait, longest_wait : float, default 2.0 and 300.0
        Wait before the second attempt, doubled before each further one (half to all of it, drawn), and its bound,
        which also bounds the ``Retry-After`` that is waited for; seconds.
    throttled : float, default 30.0
        Least wait after an answer of status 400 to a query that was answered before, which is how UCDP says that too
        many requests came within a minute; seconds.
    daily_requests : int, default 5000
        Requests to the service on one day (UTC), failed ones included, over all downloads and processes of one user on
        this machine; UCDP's limit for one token. They are counted in ``requests.json`` in the user's state folder
        (~/.local/state/conflictts on Linux; the environment variable CONFLICTTS_STATE names another).
    clock, sleep : callable
        The present time (UTC), and waiting.
    rng : Generator, optional
        Draws the waits.

    Examples
    --------
    >>> import conflictts as ct
    >>> patient = ct.Pace(pause=5, attempts=12)  # handed to fetch_ucdp or fetch_acled as pace=
    >>> patient.pause, patient.attempts, patient.daily_requests
    (5, 12, 5000)
    """

    pause: float = 2.0
    attempts: int = 6
    timeout: float = 60.0
    first_wait: float = 2.0
    longest_wait: float = 300.0
    throttled: float = 30.0
    daily_requests: int = 5000
    clock: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    rng: np.random.Generator | None = None


class Exchange:
    """Asks one service for its pages, over one connection that is closed with the ``with`` block."""

    def __init__(
        self, service: Service, login: Login, store: PageStore, *, pace: Pace, tell: Callable[[str], None]
    ) -> None:
        """Open the connection; nothing is sent yet."""
        httpx, self._tenacity = libraries()
        self._service, self._login, self._store, self._pace, self._tell = service, login, store, pace, tell
        self._rng = np.random.default_rng() if pace.rng is None else pace.rng
        self._asked_at: datetime | None = None
        address = f"{service.name} {urlsplit(service.url).netloc}"
        self._requests = DailyRequests(address, pace.daily_requests, tell)
        self._refusals = 0
        self._filter = functools.partial(_without_headers)  # its own: another exchange may end before this one
        self._httpx = httpx
        self._client = httpx.Client(
            timeout=pace.timeout,
            follow_redirects=False,  # a token goes to the address that was named, and nowhere else
            verify=_trusted(),
            headers={"Accept": "application/json", "User-Agent": "conflictts"},
        )

    def __enter__(self) -> Self:
        for name in WIRE_LOGS:
            logging.getLogger(name).addFilter(self._filter)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()
        for name in WIRE_LOGS:
            logging.getLogger(name).removeFilter(self._filter)

    def page(self, number: int) -> Page:
        """Ask for a page until it is sound and fits those on disk.

        Raises
        ------
        Doubtful
            If the provider says twice running what contradicts earlier pages.
        ProviderError
            If it refuses, or no attempt brought a sound page.
        """
        doubt = ""
        given_up = BadAnswer("")

        def attempt() -> Page:
            page = read_page(self._service, self._ask(number), number)
            self._store.check(page)
            return page

        def worth_repeating(error: BaseException) -> bool:
            nonlocal doubt
            believed = isinstance(error, Doubtful) and error.reason == doubt
            doubt = error.reason if isinstance(error, Doubtful) else ""
            return isinstance(error, BadAnswer) and not believed

        retrying = self._tenacity.Retrying(
            retry=self._tenacity.retry_if_exception(worth_repeating),
            stop=self._tenacity.stop_after_attempt(self._pace.attempts),
            wait=self._wait,
            before_sleep=self._tell_wait,
            sleep=self._pace.sleep,
            reraise=True,
        )
        self._refusals = 0
        last = 0
        try:
            page: Page = retrying(attempt)
            return page
        except BadAnswer as error:
            given_up, last = error, retrying.statistics.get("attempt_number", 0)
        # Raised out here, an error has no context: what it followed from knows the request, and so the credential.
        if isinstance(given_up, Doubtful) and last < self._pace.attempts:
            raise Doubtful(given_up.reason)
        return self._fail(
            f"page {number}: after {last} attempts the answer still {given_up.reason}",
            f"Look whether {self._service.name} announces an interruption",
        )

    def _ask(self, number: int) -> bytes:
        self._login.prepare(self._post, self._pace.clock())
        parameters = {**self._service.query, **self._store.address(number)}
        response = self._send("GET", self._service.url, parameters=parameters)
        if response.status_code in (401, 403):
            self._refused(response.status_code)
        if response.is_redirect:
            self._login.expire()
            raise BadAnswer("points elsewhere instead of giving data", wait=0.0)
        self._judge(response, number)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/xhtml+xml"):
            self._login.expire()
            raise BadAnswer("is a web page, as for an expired session, instead of data")
        if not re.fullmatch(r"(application|text)/(json|[\w.+-]+\+json)", kind):
            raise BadAnswer("is not declared as JSON")
        self._refusals = 0
        return response.content

    def _refused(self, status: int) -> NoReturn:
        self._refusals += 1
        if self._login.renewable and self._refusals < 3:  # first the refresh token is tried, then the password
            self._login.expire()
            raise BadAnswer(f"refuses the session ({status})", wait=0.0)
        self._fail(
            f"it refuses the credentials ({status})",
            "Check that they are current and that the account may read data through the API",
        )

    def _judge(self, response: httpx.Response, number: int) -> None:
        status = response.status_code
        asked_wait = self._asked_wait(response.headers.get("retry-after"))
        if status in PASSING or status >= 500:
            raise BadAnswer(f"is status {status}", wait=asked_wait)
        if status == 400 and len(self._store):  # the same query was answered for other pages
            raise BadAnswer("is status 400, as for too many requests", wait=asked_wait or self._pace.throttled)
        if status == 400:
            self._fail(
                f"page {number} was answered with status 400",
                "Check the query, and the release if any; if they are right, too many requests were sent in one minute",
            )
        if status != 200:
            self._fail(f"page {number} was answered with status {status}", "Check the query, and the release if any")

    def _asked_wait(self, retry_after: str | None) -> float | None:
        if not retry_after:
            return None
        if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
            seconds = float(retry_after)
        else:
            try:
                seconds = (parsedate_to_datetime(retry_after) - self._pace.clock()).total_seconds()
            except (ValueError, TypeError, OverflowError):
                return None
        if seconds > self._pace.longest_wait:
            until = self._pace.clock() + timedelta(seconds=seconds)
            self._fail(f"it asks to be left alone until {until:%Y-%m-%d %H:%M} UTC", "Wait until then")
        return seconds if seconds > 0 else None  # "at once" is no reason to press

    def _post(self, url: str, form: Form) -> httpx.Response:
        response = self._send("POST", url, form=form)
        if response.status_code in PASSING or response.status_code >= 500:
            wait = self._asked_wait(response.headers.get("retry-after"))
            raise BadAnswer(f"to the log-in is status {response.status_code}", wait=wait)
        return response

    def _send(
        self, method: str, url: str, *, parameters: dict[str, str] | None = None, form: Form | None = None
    ) -> httpx.Response:
        self._take_turn()
        broken = ""
        try:
            if form is not None:  # the form is made in the call, so that no name of this frame holds it
                return cast("httpx.Response", self._client.request(method, url, data=form()))
            return cast("httpx.Response", self._client.request(method, url, params=parameters, auth=self._login.sign))
        except self._httpx.TimeoutException:
            broken = f"did not come within {self._pace.timeout:g} s"
        except self._httpx.HTTPError:
            broken = "did not come, for the connection failed or broke off"
        except self._httpx.InvalidURL:
            pass
        if broken:
            raise BadAnswer(broken)
        raise InputError(f"{self._service.url} is no address that can be asked. Check `base_url`.")

    def _take_turn(self) -> None:
        now = self._pace.clock()
        if self._asked_at is not None:
            early = self._pace.pause - (now - self._asked_at).total_seconds()
            if early > 0:
                self._pace.sleep(min(early, self._pace.pause))
        self._asked_at = self._pace.clock()
        if not self._requests.take(self._asked_at):
            self._fail(
                f"{self._pace.daily_requests:,} requests were sent on {self._asked_at:%Y-%m-%d} (UTC), the limit of a "
                "day for all downloads of one user",
                "Wait until tomorrow",
            )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        bound = min(self._pace.longest_wait, self._pace.first_wait * 2.0 ** (state.attempt_number - 1))
        drawn = float(self._rng.uniform(0.5, 1.0)) * bound
        if not isinstance(error, BadAnswer) or error.wait is None:
            return drawn
        return error.wait + drawn if error.wait else 0.0  # not all at once when the provider opens again

    def _tell_wait(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, BadAnswer) and state.next_action is not None:
            self._tell(f"the answer {error.reason}; asking again in {state.next_action.sleep:.0f} s")

    def _fail(self, what: str, remedy: str) -> NoReturn:
        kept, of = len(self._store), self._store.n_pages()
        resume = f"the {kept} of {of} pages on disk are not fetched again" if kept else "nothing was written"
        raise ProviderError(f"{self._service.name}: {what}. {remedy}, then run the same again; {resume}.") from None


def _without_headers(record: logging.LogRecord) -> bool:
    """Keep httpcore's debug log from writing the headers of answers: a Set-Cookie among them is a credential."""
    return record.levelno > logging.DEBUG


def checked_base(url: str) -> str:
    """Return a base address without its last slash; refuse one over which credentials would travel readable."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"`base_url` is no address ({error}). Check it.") from None
    if parts.username or parts.password or "@" in url:  # without a scheme, a user name is told apart by that alone
        raise InputError("`base_url` holds a user name or password. Give the address alone.")
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InputError(f"{url} does not begin with https://, and credentials are not sent in the clear.")
    return url.rstrip("/")


def libraries() -> tuple[Any, Any]:
    """Import httpx and tenacity, or raise ProviderError with the command that installs them."""
    try:
        import httpx
        import tenacity
    except ImportError as error:
        raise ProviderError(f"Downloads need {error.name}, which is not installed. Install it: {EXTRA}") from None
    return httpx, tenacity


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates to trust, read once."""
    import httpx

    return httpx.create_ssl_context()
