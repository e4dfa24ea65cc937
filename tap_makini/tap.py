"""The tap: its command line, its settings, its streams."""

from __future__ import annotations

import copy
import logging
import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.plugin_base import JSONSchemaValidator
from singer_sdk.tap_base import CliTestOptionValue

from tap_makini.check import check
from tap_makini.client import Client
from tap_makini.entities import ENTITIES
from tap_makini.interruption import Interruption
from tap_makini.job import Job
from tap_makini.reading import PageSize, Source
from tap_makini.redaction import redact_logs
from tap_makini.settings import PRODUCTS, SETTINGS, Settings, faults
from tap_makini.state import State
from tap_makini.stream import MakiniStream
from tap_makini.sync import NothingReadError, StreamsFailedError, Sync
from tap_makini.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.helpers.types import TapState

_LONG_WAIT_SECONDS = 10.0
_TARGET_GONE = 141  # as a shell shows a process that died of SIGPIPE


class TapMakini(Tap):
    """Singer tap for Makini, the unified API over CMMS, EAM, ERP and WMS systems."""

    name = "tap-makini"
    package_name = "tap-makini"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    message_writer_class = LineWriter
    message_writer: LineWriter
    # without BATCH, which in the SDK ignores field selection and stream maps
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Name all faults of the settings at once; the SDK's own messages hold their values, secret or not."""
        self.append_builtin_config(self.config_jsonschema)
        redact_logs(self._config.get("api_token"))
        found = faults(JSONSchemaValidator(self.config_jsonschema).iter_errors(self._config), self._config)
        if found and raise_errors:
            raise ConfigValidationError(" ".join(found), errors=found, schema=self.config_jsonschema)
        return found

    @cached_property
    def settings(self) -> Settings:
        """The checked settings."""
        return Settings.from_config(self.config)

    @cached_property
    def interruption(self) -> Interruption:
        """What SIGTERM and SIGINT lead to."""
        return Interruption(self.message_writer)

    @cached_property
    def client(self) -> Client:
        """The connection's client."""
        return Client(
            api_url=self.settings.api_url,
            token=self.settings.api_token,
            timeout=self.settings.request_timeout_seconds,
            max_wait=self.settings.max_wait_seconds,
            user_agent=self.settings.user_agent,
            on_wait=self._before_wait,
        )

    @cached_property
    def _page_size(self) -> PageSize:
        return PageSize(self.settings.page_size)

    def source(self, stream: MakiniStream) -> Source:
        """Give the list that a stream reads."""
        return Source(
            self.client,
            stream.path,
            stream.filter_key,
            self._page_size,
            sizes_pages=stream.entity.sizes_pages,
        )

    def discover_streams(self) -> Sequence[MakiniStream]:
        """Give a stream for each entity that the chosen products offer."""
        products = self.config.get("products") or PRODUCTS
        return [MakiniStream(self, entity, path) for entity in ENTITIES if (path := entity.path(products)) is not None]

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state as it is; each stream judges its own bookmark when it is read.

        Raises:
            NothingReadError: The state has not the form of a Singer state.
        """
        if not isinstance(state, dict) or not isinstance(state.get("bookmarks", {}), dict):
            raise NothingReadError("The state is damaged: it must be an object with an object 'bookmarks' in it.")
        self._state = cast("TapState", copy.deepcopy(state))

    def sync_all(self) -> None:  # type: ignore[misc] # final in the SDK, whose loop ends with the first stream that fails
        """Read every selected stream.

        Raises:
            NothingReadError: Nothing could be read at all.
            StreamsFailedError: Some streams failed.
            Interrupted: The process was told to stop.
        """
        state = State(cast("dict[str, Any]", self.state))
        Sync(self._jobs(state), state, self.message_writer).run()

    def _jobs(self, state: State) -> Iterator[tuple[str, Job]]:
        version = self.initialized_at // 1000
        for stream in self.streams.values():
            if isinstance(stream, MakiniStream) and stream.selected:
                yield (
                    stream.name,
                    Job(stream, self.client, self.settings, state, self.message_writer, version),
                )

    def _before_wait(self, seconds: float) -> None:
        if seconds > _LONG_WAIT_SECONDS:
            self.message_writer.write_state(self.state)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the SDK's interface
        """Stop with the line that is being written, as `interruption` says."""
        self.interruption.handle(signum)

    def check(self) -> None:
        """Ask for one record of each stream, and print a table of what can be read.

        Raises:
            NothingReadError: The credential is wrong, or no stream is offered.
            StreamsFailedError: Some streams could not be read.
        """
        streams = (stream for stream in self.streams.values() if isinstance(stream, MakiniStream))
        check(((stream.name, self.source(stream)) for stream in streams), click.echo)

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Check the connection with `--test`; the SDK's own way ends at the first stream that is not offered."""
        if value != CliTestOptionValue.All.value:
            super().cb_test(ctx, param, value)
            return
        config = ctx.params["config"]
        with _exit_codes():
            cls(config=config.config, parse_env_config=config.parse_env).check()
        ctx.exit()

    @classmethod
    def invoke(cls, **options: Any) -> None:  # noqa: ANN401 - click's options
        """Run the command line, and end with the exit code and the last line that say what came of it."""
        with _exit_codes():
            super().invoke(**options)


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except ConfigValidationError as error:
        _exit(1, *error.errors)
    except NothingReadError as error:
        _exit(1, str(error))
    except StreamsFailedError as error:
        _exit(3, str(error))
    except BrokenPipeError:
        sys.exit(_TARGET_GONE)


def _exit(code: int, *lines: str) -> None:
    for line in lines:
        logging.getLogger(TapMakini.name).error(line)
    sys.exit(code)
