"""Keep a pair of tokens in a file, from run to run.

Refreshing invalidates the old pair (v3 guide), so the file is written in such a way that neither a full disk, nor a
crash, nor a second process can lose the new one: the space is reserved before, the file is replaced as a whole, and a
lock beside it lets one process in at a time.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tap_makini.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_RESERVED_BYTES = 64 * 1024
_OWNER_ONLY = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
REAUTHORIZE = (
    "Have the connection re-authorized in Makini, and put its new refresh token into the setting refresh_token."
)


class TokenPair(msgspec.Struct, frozen=True):
    """What the file holds.

    Attributes:
        access_token: The connection's token.
        refresh_token: What the next pair is obtained with; valid once.
        issued_at: In seconds since 1970.
        expires_at: When the access token expires, if known.
        origin: Fingerprint of the refresh token in the settings that all began with.
    """

    access_token: str
    refresh_token: str
    issued_at: float
    expires_at: float | None = None
    origin: str | None = None


class TokenStore:
    """A token file and its lock, both with mode 0600; access by others is removed again, with a warning.

    Args:
        path: The file's path; its folder must exist and be writable. A link is followed.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser().resolve()

    def __str__(self) -> str:
        """Name the file in a log."""
        return f"Token file {self._path}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes, and other threads, from refreshing.

        Raises:
            CredentialError: The file cannot be locked.
        """
        lock = f"{self._path}.lock"
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        except OSError as error:
            raise self._error("cannot be locked", error) from None
        try:
            _remove_access_by_others(descriptor, lock, "Whoever can open it can keep the tap from refreshing.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def read(self) -> TokenPair | None:
        """Read the pair; None if there is no file.

        Raises:
            CredentialError: The file cannot be read, or is not valid.
        """
        try:
            with self._path.open("rb") as file:
                _remove_access_by_others(file.fileno(), str(self._path), f"Somebody may have read it. {REAUTHORIZE}")
                content = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error("cannot be read", error) from None
        try:
            pair = msgspec.json.decode(content, type=TokenPair)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._invalid(str(error)) from None
        if not (pair.access_token and pair.refresh_token):
            raise self._invalid("a token is empty")
        return pair

    @contextmanager
    def replacement(self) -> Iterator[Replacement]:
        """Reserve space for a new pair on the disk, before the old one is spent.

        Raises:
            CredentialError: The folder is not writable, or the disk is full.
        """
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        except OSError as error:
            raise self._error("cannot be replaced", error) from None
        try:
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                try:
                    _write_through(file.fileno(), b" " * _RESERVED_BYTES)
                except OSError as error:
                    raise self._error("cannot be replaced", error) from None
                yield Replacement(file.fileno(), Path(name), self._path)
        finally:
            with suppress(OSError):  # it is gone once it has become the token file
                Path(name).unlink()

    def _error(self, what: str, error: OSError) -> CredentialError:
        return CredentialError(
            f"token file {self._path}: {what} ({error.strerror})",
            "Check the setting token_file and the permissions and free space of its folder.",
        )

    def _invalid(self, cause: str) -> CredentialError:
        return CredentialError(
            f"token file {self._path}: not a pair of tokens ({cause})",
            f"Check the setting token_file. If the file is right, remove it. {REAUTHORIZE}",
        )


class Replacement:
    """The file that becomes the token file.

    Args:
        descriptor: Of the file.
        path: Its path for now.
        target: The token file's path.
    """

    def __init__(self, descriptor: int, path: Path, target: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self._target = target

    def write(self, pair: TokenPair) -> None:
        """Make a pair the content of the token file, durably.

        Raises:
            CredentialError: It could not be written after all.
        """
        try:
            self._write(msgspec.json.encode(pair) + b"\n")
        except OSError as error:
            raise CredentialError(
                f"token file {self._target}: the new pair of tokens could not be kept ({error.strerror})",
                f"The old pair is used up: {REAUTHORIZE}",
            ) from None

    def _write(self, content: bytes) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        # The blanks after the pair are JSON as well; they go only once the pair is safe.
        _write_through(self._descriptor, content)
        os.ftruncate(self._descriptor, len(content))
        os.fsync(self._descriptor)
        self._path.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _remove_access_by_others(descriptor: int, path: str, consequence: str) -> None:
    """Remove all permissions on a file but its owner's, and log it."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if not mode & _OTHERS:
        return
    try:
        os.fchmod(descriptor, _OWNER_ONLY)
    except OSError as error:
        logger.warning(
            "%s is open to other users (mode %04o), and its mode cannot be changed (%s): change it to 0600. %s",
            path,
            mode,
            error.strerror,
            consequence,
        )
    else:
        logger.warning("%s was open to other users (mode %04o); its mode is now 0600. %s", path, mode, consequence)


def _write_through(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)
