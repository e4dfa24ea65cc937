"""The command line: that of the Singer SDK, with exit codes and last lines that say what came of a run."""

from __future__ import annotations

import gc
import logging
import os
import sys
from abc import abstractmethod
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk import Tap
from singer_sdk.cli import plugin_cli
from singer_sdk.exceptions import ConfigValidationError, MapExpressionError, StreamMapConfigError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.tap_base import CliTestOptionValue

from tap_makini.api.shield import unshielded
from tap_makini.errors import NothingReadError, StreamsFailedError
from tap_makini.inputs import InputError, checked_catalog, checked_state, settings_from_environment
from tap_makini.running.interruption import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAM = "tap-makini"
_TARGET_GONE = 141  # as a shell shows a process that died of SIGPIPE


class CommandLine(Tap):
    """A tap as a program."""

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        """The SDK's own ends with a traceback at the first value of a wrong type."""
        cls.append_builtin_config(cls.config_jsonschema)
        return settings_from_environment(cls.config_jsonschema, cls._env_var_prefix)

    @abstractmethod
    def check(self) -> None:
        """Ask for one record of each stream, and print a table of what can be read."""

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805
        """The SDK's command line, which ends with a traceback where the level of the log is none."""
        gc.freeze()  # what was imported stays: looking for garbage in it would cost discovery a sixth of its time
        try:
            return super().cli
        except ValueError as error:
            sys.exit(f"The environment variable LOGLEVEL or TAP_MAKINI_LOGLEVEL is not valid: {error}.")

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:  # noqa: ANN401 - the SDK's own type
        """Read the settings files that `--config` names."""
        try:
            return super().cb_config(ctx, param, value)
        except OSError as error:
            raise click.BadParameter(error.strerror or str(error), ctx, param) from error
        except (ValueError, TypeError):
            _exit(1, "The settings file is damaged: it must be a JSON object.")

    @classmethod
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:  # noqa: FBT001 - click's
        """Discover with `--discover`; sampling reads, so it can fail as a run can."""
        with _exit_codes():
            super().cb_discover(ctx, param, value)

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Check the connection with `--test`; the SDK's own way ends at the first stream that is not offered.

        Raises:
            click.BadParameter: There is no such test.
        """
        if value not in {test.value for test in CliTestOptionValue}:
            raise click.BadParameter("there are the tests 'all' and 'schema'", ctx, param)
        with _exit_codes():
            if value != CliTestOptionValue.All.value:
                super().cb_test(ctx, param, value)
                return
            config = ctx.params["config"]
            cls(config=config.config, parse_env_config=config.parse_env).check()
        ctx.exit()

    @classmethod
    def invoke(cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **options: Any) -> None:  # noqa: ANN401 - click's options
        """Run the command line, and end with the exit code and the last line that say what came of it."""
        with _exit_codes():
            super().invoke(
                state=state and checked_state(state),
                catalog=catalog and checked_catalog(catalog),
                **options,
            )


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except ConfigValidationError as error:
        _exit(1, *error.errors)
    except (InputError, NothingReadError) as error:
        _exit(1, *error.args)
    except (MapExpressionError, StreamMapConfigError) as error:
        _exit(1, f"The setting stream_maps is not valid: {error}")
    except StreamsFailedError as error:
        _exit(3, str(error))
    except BrokenPipeError:
        with unshielded():
            sys.exit(_TARGET_GONE)
    except Interrupted as interrupted:
        logging.shutdown()
        with unshielded():
            # without the interpreter's own end, which threads that still wait for a server can hold or break
            os._exit(interrupted.exit_code)


def _exit(code: int, *lines: str) -> NoReturn:
    for line in lines:
        logging.getLogger(_PROGRAM).error(line)
    sys.exit(code)
