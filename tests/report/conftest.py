"""Every report that these tests make is held against the published schema."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _checked(findings_meet_their_schema: None) -> None: ...
