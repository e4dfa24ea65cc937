"""The command line of the Singer SDK, with exit codes and a last line that state the outcome of a run."""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, TextIO, cast

import click
from singer_sdk.cli import plugin_cli
from singer_sdk.exceptions import ConfigValidationError, MapExpressionError, StreamMapConfigError
from singer_sdk.tap_base import CliTestOptionValue

from tap_makini.catalog import form_faults
from tap_makini.config import SECRETS, faults, secrets
from tap_makini.config_schema import settings_from_environment
from tap_makini.errors import NothingReadError, StreamsFailedError
from tap_makini.redaction import clean_logs, presentable, redact_logs
from tap_makini.sdk_compat import SDKCommand, SDKTap, set_message
from tap_makini.signals import after_deferral
from tap_makini.sync.interruption import Interrupted
from tap_makini.sync.writer import OutputError, ReaderGoneError, printing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema import ValidationError

_PROGRAM = "tap-makini"
_NO_OBJECT = "expected a JSON object at the top level"
_OUTPUT_LOST = 4
_TARGET_GONE = 141  # as a shell reports a process that died of SIGPIPE


class InputError(Exception):
    """A file on the command line is not valid.

    Each argument is one line for one fault: the file, what is wrong with it, what to do.
    """


class Command(SDKCommand):
    """The program `tap-makini`. Its exit code and its last line state the outcome."""

    def main(self, *args: Any, **others: Any) -> Any:  # noqa: ANN401 - click's
        """Run the program."""
        logging.captureWarnings(capture=True)
        sys.excepthook = self.excepthook
        threading.excepthook = lambda of: self.excepthook(of.exc_type, of.exc_value or of.exc_type(), of.exc_traceback)
        with _exit_codes(), printing():
            return super().main(*args, **others)

    def make_context(self, *args: Any, **others: Any) -> click.Context:  # noqa: ANN401 - click's
        """Parse the command line, and run the options that do something other than a sync.

        Raises:
            click.ClickException: The command line is wrong. The message shows no secret.
        """
        try:
            return super().make_context(*args, **others)
        except click.ClickException as error:
            set_message(error, presentable(error.message))
            raise


class CommandLine(SDKTap):
    """A tap as a program."""

    @classmethod
    def environment_settings(cls, schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        """Return the settings from environment variables, faulty ones as text."""
        return settings_from_environment(schema, prefix)

    def config_faults(
        self, errors: Iterable[ValidationError], config: Mapping[str, Any], *, is_complete: bool
    ) -> list[str]:
        """Return a sentence for each fault of the settings; from here on, logs mask the secrets among them."""
        for secret in secrets(config):
            redact_logs(secret)
        return faults(errors, config, is_complete=is_complete)

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805
        """Return the SDK's command line, which ends with a traceback when the log level is not valid."""
        gc.freeze()  # imported objects stay: looking for garbage among them would take a sixth of discovery's time
        if cast("TextIO | None", sys.stderr) is None:  # it is closed
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process lasts
        clean_logs()
        for name in SECRETS:
            redact_logs(os.environ.get(cls.variable_of(name)))
        try:
            return super().cli
        except ValueError as error:
            message = f"Environment variable LOGLEVEL or {cls.variable_of('loglevel')}: not valid ({error})."
            sys.exit(presentable(message))

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the program with the SDK's options."""
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
        given = super().cb_config(ctx, param, ())
        for path in value:
            if not path:
                raise click.BadParameter("the name of the file is empty", ctx, param)
            try:
                more = super().cb_config(ctx, param, (path,))
            except OSError as error:
                raise click.BadParameter(error.strerror or str(error), ctx, param) from error
            except (ValueError, TypeError, RecursionError) as error:
                raise InputError(f"Settings file {path}: {_json_fault(error)}.") from error
            given = replace(given, config={**given.config, **more.config}, parse_env=given.parse_env or more.parse_env)
        for secret in secrets(given.config):
            redact_logs(secret)
        return given

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Check the connection with `--test`, or write the SCHEMA messages with `--test=schema`.

        Raises:
            click.BadParameter: There is no such test.
        """
        if value not in {test.value for test in CliTestOptionValue}:
            raise click.BadParameter("the tests are 'all' and 'schema'", ctx, param)
        super().cb_test(ctx, param, value)

    @classmethod
    def invoke(cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **options: Any) -> None:  # noqa: ANN401 - click's options
        """Check the form of the state and of the catalog, and sync."""
        super().invoke(
            state=state and checked_state(state),
            catalog=catalog and checked_catalog(catalog),
            **options,
        )


def checked_state(file: IO[str]) -> IO[str]:
    """Check that a state is a JSON object, and return it as a file to read from the start; the original may be a pipe.

    Raises:
        InputError: It is not.
    """
    text, _ = _read_object(file, "State")
    return io.StringIO(text)


def checked_catalog(file: IO[str]) -> IO[str]:
    """Check that a catalog has the form of a Singer catalog, and return it as a file to read from the start.

    Raises:
        InputError: It does not; one line for each faulty stream.
    """
    text, document = _read_object(file, "Catalog")
    if found := form_faults(document):
        raise InputError(*found)
    return io.StringIO(text)


def _read_object(file: IO[str], what: str) -> tuple[str, dict[str, Any]]:
    name = f"{what} {file.name}"
    try:
        text = file.read()
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: {_json_fault(error)}.") from error
    if not isinstance(document, dict):
        raise InputError(f"{name}: {_NO_OBJECT}.")
    return text, document


def _json_fault(error: Exception) -> str:
    """Return why a file holds no JSON object, without showing anything of its content."""
    place: Any = error  # the SDK reads settings with another decoder, whose errors have the same attributes
    if hasattr(error, "lineno"):
        reason = f"line {place.lineno}, column {place.colno}: {place.msg[:1].lower()}{place.msg[1:]}"
    elif isinstance(error, UnicodeDecodeError):
        reason = f"byte {error.start} is not UTF-8"
    elif isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    else:
        return _NO_OBJECT
    return f"not valid JSON ({reason})"


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except ConfigValidationError as error:
        _exit(1, *error.errors)
    except (InputError, NothingReadError) as error:
        _exit(1, *error.args)
    except (MapExpressionError, StreamMapConfigError) as error:
        _exit(1, f"Setting stream_maps: not valid ({error}).")
    except StreamsFailedError as error:
        _exit(3, str(error))
    except ReaderGoneError:
        with after_deferral():
            sys.exit(_TARGET_GONE)
    except OutputError as error:
        _exit(
            _OUTPUT_LOST,
            f"Standard output could not be written: {error}. Pipe it to a target, or to a disk with free space.",
        )
    except Interrupted as interrupted:
        logging.shutdown()
        with after_deferral():
            # skips the interpreter's shutdown, which threads that still wait for a server can block or break
            os._exit(interrupted.exit_code)


def _exit(code: int, *lines: str) -> NoReturn:
    for line in lines:
        logging.getLogger(_PROGRAM).error(line)
    sys.exit(code)
