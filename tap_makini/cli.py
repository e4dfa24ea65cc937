"""The command line: that of the Singer SDK, with exit codes and last lines that say what came of a run."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from abc import abstractmethod
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, TextIO, cast

import click
from singer_sdk import Tap
from singer_sdk.cli import plugin_cli
from singer_sdk.exceptions import ConfigValidationError, MapExpressionError, StreamMapConfigError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import SingerCommand
from singer_sdk.tap_base import CliTestOptionValue

from tap_makini.credentials import SECRETS, secrets
from tap_makini.errors import NothingReadError, StreamsFailedError
from tap_makini.inputs import InputError, checked_catalog, checked_state, settings_from_environment
from tap_makini.redaction import clean_logs, presentable, redact_logs
from tap_makini.signals import after_deferral
from tap_makini.standard_output import OutputError, ReaderGoneError, printing
from tap_makini.sync.interruption import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAM = "tap-makini"
_OUTPUT_LOST = 4
_TARGET_GONE = 141  # as a shell shows a process that died of SIGPIPE


class Command(SingerCommand):
    """The program: whatever it is asked to do, it ends with an exit code and a last line that say what came of it."""

    def main(self, *args: Any, **others: Any) -> Any:  # noqa: ANN401 - click's
        """Run the program."""
        logging.captureWarnings(capture=True)
        sys.excepthook = self.excepthook
        threading.excepthook = lambda of: self.excepthook(of.exc_type, of.exc_value or of.exc_type(), of.exc_traceback)
        with _exit_codes(), printing():
            return super().main(*args, **others)

    def make_context(self, *args: Any, **others: Any) -> click.Context:  # noqa: ANN401 - click's
        """Read the command line, and act on options that ask for something other than a sync.

        Raises:
            click.ClickException: The command line is wrong; the message is fit to be shown.
        """
        try:
            return super().make_context(*args, **others)
        except click.ClickException as error:
            error.message = presentable(error.message)  # type: ignore[misc] # final, but there is no other way
            raise

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run; `main` does what the SDK does here, and for all options."""
        return click.Command.invoke(self, ctx)


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
        if cast("TextIO | None", sys.stderr) is None:  # it is closed
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process lasts
        clean_logs()
        for name in SECRETS:
            redact_logs(os.environ.get(f"{cls._env_var_prefix}{name.upper()}"))
        try:
            return super().cli
        except ValueError as error:
            message = f"The environment variable LOGLEVEL or TAP_MAKINI_LOGLEVEL is not valid: {error}."
            sys.exit(presentable(message))

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Give the program with the SDK's options."""
        usual = super().get_singer_command()
        return Command(
            usual.name,
            usual.context_settings,
            usual.callback,
            usual.params,
            usual.help,
            logger=cls.logger,
        )

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:  # noqa: ANN401 - the SDK's own type
        """Read the settings files that `--config` names."""
        try:
            given = super().cb_config(ctx, param, value)
        except OSError as error:
            raise click.BadParameter(error.strerror or str(error), ctx, param) from error
        except (ValueError, TypeError):
            _exit(1, "The settings file is damaged: it must be a JSON object.")
        for secret in secrets(given.config):
            redact_logs(secret)
        return given

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Check the connection with `--test`; the SDK's own way ends at the first stream that is not offered.

        Raises:
            click.BadParameter: There is no such test.
        """
        if value not in {test.value for test in CliTestOptionValue}:
            raise click.BadParameter("there are the tests 'all' and 'schema'", ctx, param)
        if value != CliTestOptionValue.All.value:
            super().cb_test(ctx, param, value)
            return
        config = ctx.params["config"]
        cls(config=config.config, parse_env_config=config.parse_env).check()
        ctx.exit()

    @classmethod
    def invoke(cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **options: Any) -> None:  # noqa: ANN401 - click's options
        """Check the state and the catalog, and read."""
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
    except ReaderGoneError:
        with after_deferral():
            sys.exit(_TARGET_GONE)
    except OutputError as error:
        _exit(
            _OUTPUT_LOST,
            f"Standard output could not be written: {error}. Send it to a target, or to a file on a disk with room.",
        )
    except Interrupted as interrupted:
        logging.shutdown()
        with after_deferral():
            # without the interpreter's own end, which threads that still wait for a server can hold or break
            os._exit(interrupted.exit_code)


def _exit(code: int, *lines: str) -> NoReturn:
    for line in lines:
        logging.getLogger(_PROGRAM).error(line)
    sys.exit(code)
