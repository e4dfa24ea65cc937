"""Read with a tap written after the Singer SDK's guide, with this tap's own schema of work orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import BasePageNumberPaginator

from tap_makini.schema import load_item_schema, stream_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests
    from singer_sdk.helpers.types import Context


class _Pages(BasePageNumberPaginator):
    def has_more(self, response: requests.Response) -> bool:
        meta = response.json()["meta"]
        return bool(meta["current_page"] < meta["last_page"])


class WorkOrders(RESTStream[int]):
    """The work orders."""

    name = "work_orders"
    path = "/api/eam/work-orders"
    primary_keys = ("key",)
    replication_key = "updatedAt"
    records_jsonpath = "$.data[*]"
    schema: ClassVar[dict[str, Any]] = stream_schema(load_item_schema("WorkOrder"), ("key",))

    @property
    def url_base(self) -> str:
        """Address of the API."""
        return str(self.config["api_url"])

    @property
    def authenticator(self) -> BearerTokenAuthenticator:
        """Adds the token to each request."""
        return BearerTokenAuthenticator(token=self.config["api_token"])

    def get_new_paginator(self) -> _Pages:
        """Count pages from 1."""
        return _Pages(1)

    def get_url_params(self, context: Context | None, next_page_token: int | None) -> dict[str, Any]:  # noqa: ARG002
        """Return the query parameters of a page."""
        return {"page": next_page_token, "per_page": 500}


class PlainTap(Tap):
    """The tap."""

    name = "tap-makini"  # so that the same variables of the environment are its settings
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("api_token", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> Sequence[WorkOrders]:
        """Return the one stream."""
        return [WorkOrders(self)]


if __name__ == "__main__":
    PlainTap.cli()
