"""Credentials in, signed requests out; tokens are renewed here and live in memory alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

from conflictts.errors import ProviderError
from conflictts.incidents.credentials import Secret
from conflictts.incidents.pages import BadAnswer

if TYPE_CHECKING:
    import httpx

Form = Callable[[], dict[str, str]]


class Answer(Protocol):
    """The part of a response that logins read."""

    @property
    def status_code(self) -> int: ...  # noqa: D102
    @property
    def content(self) -> bytes: ...  # noqa: D102


class Login(Protocol):
    """Signs requests with a credential."""

    renewable: ClassVar[bool]

    def prepare(self, post: Callable[[str, Form], Answer], now: datetime) -> None:
        """Get ready to sign, by asking for a token if one is needed."""

    def sign(self, request: httpx.Request) -> httpx.Request:
        """Add the credential to a request."""

    def expire(self) -> None:
        """Take note that the provider did not accept the signature."""


@dataclass(frozen=True, slots=True)
class HeaderLogin:
    """One token in one header, valid until the provider withdraws it (UCDP)."""

    header: str
    token: Secret
    renewable: ClassVar[bool] = False

    def prepare(self, post: Callable[[str, Form], Answer], now: datetime) -> None:
        """Need nothing."""

    def sign(self, request: httpx.Request) -> httpx.Request:
        """Add the token."""
        request.headers[self.header] = self.token.reveal()
        return request

    def expire(self) -> None:
        """Change nothing: there is no other token."""


@dataclass(slots=True)
class PasswordLogin:
    """Exchanges a user name and password for a token, and renews it (ACLED; OAuth 2.0, RFC 6749 sections 4.3 and 6)."""

    url: str
    user: Secret
    password: Secret
    renewable: ClassVar[bool] = True
    _access: Secret | None = None
    _refresh: Secret | None = None
    _until: datetime | None = None
    _refreshed: bool = False

    def prepare(self, post: Callable[[str, Form], Answer], now: datetime) -> None:
        """Get a token if there is none or its time is over: by the refresh token, else by the password."""
        if self._until is not None and now >= self._until:
            self._access = None
        if self._access is None and self._refresh is not None:
            answer = post(self.url, self._refresh_form)
            self._refreshed = answer.status_code == 200 and self._take(answer, now)
            if not self._refreshed:
                self._refresh = None
        if self._access is None:
            answer = post(self.url, self._password_form)
            self._refreshed = False
            if answer.status_code in (400, 401, 403):
                raise ProviderError(
                    f"The log-in was refused ({answer.status_code}). Check user name and password by logging in on the "
                    "provider's own page, then run the same again."
                )
            if answer.status_code != 200 or not self._take(answer, now):
                raise BadAnswer(f"to the log-in has no token (status {answer.status_code})")

    def sign(self, request: httpx.Request) -> httpx.Request:
        """Add the token."""
        if self._access is not None:
            request.headers["Authorization"] = f"Bearer {self._access.reveal()}"
        return request

    def expire(self) -> None:
        """Drop the token; and the refresh token too, if that is where the token came from."""
        self._access = None
        if self._refreshed:
            self._refresh = None

    def _take(self, answer: Answer, now: datetime) -> bool:
        """Keep the tokens of an answer; tell whether it had any. Nothing is raised while they are in the clear."""
        try:
            grant = json.loads(answer.content)
            access, lifetime = grant["access_token"], float(grant.get("expires_in", 86400))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False
        usable = isinstance(access, str) and access.isascii() and access.isprintable() and 0 < lifetime < 1e9
        if not usable:
            return False
        refresh = grant.get("refresh_token")
        self._access = Secret(access)
        self._refresh = Secret(refresh) if isinstance(refresh, str) and refresh else None
        self._until = now + timedelta(seconds=max(0.0, lifetime - 60))
        return True

    def _password_form(self) -> dict[str, str]:
        return {
            "username": self.user.reveal(),
            "password": self.password.reveal(),
            "grant_type": "password",
            "client_id": "acled",
            "scope": "authenticated",
        }

    def _refresh_form(self) -> dict[str, str]:
        token = self._refresh.reveal() if self._refresh else ""
        return {"refresh_token": token, "grant_type": "refresh_token", "client_id": "acled"}
