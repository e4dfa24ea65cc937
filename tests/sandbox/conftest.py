from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from makini_sandbox import Behaviour, ManualClock, Sandbox
from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


class Client:
    """Sends requests to a sandbox over a real socket, as one connection."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self._session = session
        self.token = sandbox.token

    def get(self, path: str, **parameters: object) -> requests.Response:
        return self._session.get(
            self.sandbox.url + path,
            params={name: str(value) for name, value in parameters.items()},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )

    def page(self, slug: str, **parameters: object) -> requests.Response:
        product = min(ENTITIES[slug].products)
        return self.get(f"/api/{product}/{slug}", **parameters)

    def rows(self, slug: str, **parameters: object) -> list[dict[str, Any]]:
        """Return the rows of all pages, read by page number."""
        rows: list[dict[str, Any]] = []
        page, last = 1, 1
        while page <= last:
            response = self.page(slug, page=page, **parameters).json()
            rows += response["data"]
            last = response["meta"]["last_page"]
            page += 1
        return rows


Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts sandboxes that stop with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Client:  # noqa: ANN401 - passed on as they are
            options.setdefault("clock", ManualClock(NOON))
            sandbox = stack.enter_context(Sandbox(**options))
            return Client(sandbox, stack.enter_context(requests.Session()))

        yield start


@pytest.fixture(scope="module")
def _served() -> Iterator[Client]:
    with Sandbox(rows=60, clock=ManualClock(NOON)) as sandbox, requests.Session() as session:
        yield Client(sandbox, session)


@pytest.fixture
def client(_served: Client) -> Client:
    """One sandbox of 60 rows for all tests of a module that leave the rows of its entities as they are."""
    _served.sandbox.behaviour = Behaviour()
    _served.sandbox.requests.clear()
    return _served
