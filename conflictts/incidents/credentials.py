"""The name of a credential in, a secret out that shows itself to nobody."""

from __future__ import annotations

import os
from typing import NoReturn

from conflictts.errors import ProviderError

KEYRING_SERVICE = "conflictts"


class Secret:
    """A credential. Its text is given out by `reveal` alone: not by repr, str, format or pickle.

    Examples
    --------
    >>> Secret("open sesame")
    Secret(hidden)
    >>> f"{Secret('open sesame')}"
    'Secret(hidden)'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text. Use it where it is sent, and bind it to no name."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written to disk")


def find_credential(variable: str, *, purpose: str) -> Secret:
    """Find a credential in the environment or, failing that, in the keyring of the system.

    Parameters
    ----------
    variable : str
        The environment variable, and the name under which the keyring's service ``conflictts`` keeps it.
    purpose : str
        What it is, for the message ("the access token of the UCDP API").

    Raises
    ------
    ProviderError
        If neither has it, or it holds characters that cannot be sent.
    """
    secret = _from_environment(variable) or _from_keyring(variable)
    if secret is None:
        raise ProviderError(
            f"There is no {variable}, {purpose}. Set it in the environment, or keep it in the keyring: "
            f"keyring set {KEYRING_SERVICE} {variable}"
        )
    if not secret.reveal().isprintable():
        raise ProviderError(f"{variable} holds line breaks or other unprintable characters. Set it again.")
    return secret


def sendable_as_header(secret: Secret, variable: str) -> Secret:
    """Return `secret` unless an HTTP header cannot carry it, which raises ProviderError."""
    if not secret.reveal().isascii():
        raise ProviderError(f"{variable} holds letters beyond ASCII, which no access token does. Set it again.")
    return secret


def _from_environment(variable: str) -> Secret | None:
    return Secret(os.environ[variable].strip()) if os.environ.get(variable, "").strip() else None


def _from_keyring(variable: str) -> Secret | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        kept = Secret((keyring.get_password(KEYRING_SERVICE, variable) or "").strip())
    except (keyring.errors.KeyringError, RuntimeError, OSError):  # none installed, locked, or without a session
        return None
    return kept if kept.reveal() else None
