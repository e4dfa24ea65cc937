"""Hold every private or final thing of the Singer SDK that the tap uses or overrides, each with its reason.

An upgrade of the SDK has this one module to check. It was written against singer-sdk 0.54.9. The streams are no
`RESTStream`s, whose loop isolates no failure and proves no completeness, so little of the SDK is needed at all.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Stream, Tap
from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.plugin_base import JSONSchemaValidator, SingerCommand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType

    from jsonschema import ValidationError
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.helpers.types import Context

# The public way reads all variables at once, and ends with a traceback at the first value of a wrong type.
parse_environment = parse_environment_config
TRUE_WORDS = TRUTHY


class SDKTap(Tap):
    """A tap with public names for the SDK's private hooks."""

    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        # All but BATCH, which ignores field selection and stream maps.
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @classmethod
    @abstractmethod
    def environment_settings(cls, schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        """Return the settings from environment variables.

        Args:
            schema: JSON schema of all settings, the SDK's own included.
            prefix: What the names of the variables begin with.
        """

    @abstractmethod
    def config_faults(
        self, errors: Iterable[ValidationError], config: Mapping[str, Any], *, is_complete: bool
    ) -> list[str]:
        """Return a sentence for each fault of the configuration.

        Args:
            errors: What the SDK's validator found.
            config: The configuration.
            is_complete: Whether it must hold a credential.
        """

    @abstractmethod
    def sync_selected(self) -> None:
        """Read the selected streams."""

    @abstractmethod
    def check(self) -> None:
        """Request one record of each stream."""

    @abstractmethod
    def handle_signal(self, number: int) -> None:
        """Act on SIGTERM or SIGINT, within the signal handler."""

    @classmethod
    def variable_of(cls, setting: str) -> str:
        """Return the name of the environment variable of a setting."""
        return f"{cls._env_var_prefix}{setting.upper()}"

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        """Overridden: a value of a wrong type has to be a fault like any other, not a traceback that shows it."""
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.environment_settings(cls.config_jsonschema, cls._env_var_prefix)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Overridden: the SDK's messages hold the values, and discovery goes on with settings that are wrong."""
        self.append_builtin_config(self.config_jsonschema)
        errors = JSONSchemaValidator(self.config_jsonschema).iter_errors(self._config)
        found = self.config_faults(errors, self._config, is_complete=raise_errors)
        if found:
            raise ConfigValidationError(" ".join(found), errors=found, schema=self.config_jsonschema)
        return found

    def require_credentials(self) -> None:
        """Check the settings again, as for a sync: discovery, which checked them, needs no credential.

        Raises:
            ConfigValidationError: A setting is missing.
        """
        self._validate_config()

    def sync_all(self) -> None:  # type: ignore[misc]
        """Overridden though final: the SDK's loop ends with the first stream that fails, and isolates none."""
        self.sync_selected()

    def run_connection_test(self) -> bool:  # type: ignore[misc]
        """Overridden though final: the SDK's test ends at the first stream that the connection does not offer."""
        self.check()
        return True

    def run_sync_dry_run(  # type: ignore[misc]
        self,
        dry_run_record_limit: int | None = 1,  # noqa: ARG002 - a list is read as a whole, or it proves nothing
        streams: Iterable[Stream] | None = None,
    ) -> bool:
        """Overridden though final: the SDK would read each stream by itself, not as a sync does.

        Args:
            dry_run_record_limit: Has no effect; streams are read to their end.
            streams: The streams to read; all by default.
        """
        wanted = list(self.streams.values() if streams is None else streams)
        for stream in self.streams.values():
            stream.selected = stream in wanted
        self.sync_selected()
        return True

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the SDK's interface
        """Overridden: the SDK exits with 0, and writes STATE from within the handler, into the middle of a line."""
        self.handle_signal(signum)


class SDKCommand(SingerCommand):
    """The SDK's command, without its own report of faulty settings."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Overridden: the SDK ends each list of faults with `Config validation failed`, and installs hooks too late."""
        return click.Command.invoke(self, ctx)


class SDKStream(Stream):
    """A stream that is described to the SDK, and read by something else."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """The SDK drops properties that it does not know, and emits values of a wrong type; `conform` does neither."""

    def write_schema(self) -> None:
        """Write the SCHEMA message, which the SDK does only as a part of its own sync."""
        self._write_schema_message()

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's interface
        """Return nothing: records are read elsewhere, but the SDK's method is abstract."""
        return ()


def set_message(error: click.ClickException, text: str) -> None:
    """Replace the message of a click error, which is final, and may show a secret from the command line."""
    error.message = text  # type: ignore[misc]
