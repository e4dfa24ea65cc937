"""The file that keeps a pair of tokens from run to run.

Refreshing makes the old pair worthless (v3 guide), so the file is written in such a way that neither a full disk, nor
a crash, nor a second process can lose the new one: the room is taken before, the file is replaced as a whole, and a
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
from typing import TYPE_CHECKING, NoReturn

import msgspec

from tap_makini.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_ROOM = 64 * 1024
_OWNER_ONLY = 0o600
_IF_IT_WAS_READ = (
    "If somebody may have read it, have the connection re-authorised in Makini, and put its new refresh token into the "
    "setting refresh_token."
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class TokenPair(msgspec.Struct, frozen=True):
    """What the file holds.

    Attributes:
        access_token: The connection's token.
        refresh_token: What the next pair is had for; good once.
        issued_at: When the pair was had, in seconds since 1970.
        expires_at: When the access token ends, where that is known.
        origin: Fingerprint of the refresh token in the settings that all began with.
    """

    access_token: str
    refresh_token: str
    issued_at: float
    expires_at: float | None = None
    origin: str | None = None


class TokenStore:
    """A token file, with mode 0600, as its lock has; if either has become open to others, it is closed to them again.

    Args:
        path: Where it is; its folder must exist and be writable. A link is followed.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser().resolve()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes, and other threads, from refreshing.

        Raises:
            CredentialError: The lock cannot be had.
        """
        try:
            descriptor = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        except OSError as error:
            self._fail(f"cannot be locked ({error.strerror})")
        try:
            _close_to_others(descriptor, f"{self._path}.lock", "Whoever can open it can keep the tap from refreshing.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def read(self) -> TokenPair | None:
        """Read the pair; None where there is no file.

        Raises:
            CredentialError: The file cannot be read, or is damaged.
        """
        try:
            with self._path.open("rb") as file:
                _close_to_others(file.fileno(), str(self._path), _IF_IT_WAS_READ)
                content = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._fail(f"cannot be read ({error.strerror})")
        try:
            pair = msgspec.json.decode(content, type=TokenPair)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._fail("is damaged")
        if not (pair.access_token and pair.refresh_token):
            self._fail("is damaged")
        return pair

    @contextmanager
    def room(self) -> Iterator[PairWriter]:
        """Take the room for a pair on the disk, before the old one is spent.

        Raises:
            CredentialError: The folder is not writable, or the disk is full.
        """
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        except OSError as error:
            self._fail(f"cannot be replaced ({error.strerror})")
        try:
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                try:
                    _write_through(file.fileno(), b" " * _ROOM)
                except OSError as error:
                    self._fail(f"cannot be replaced ({error.strerror})")
                yield PairWriter(file.fileno(), Path(name), self._path)
        finally:
            with suppress(OSError):  # it is gone once it has become the token file
                Path(name).unlink()

    def _fail(self, cause: str) -> NoReturn:
        raise CredentialError(
            f"the token file {cause}",
            "Check the setting token_file and its folder; a damaged file has to be removed, and the connection "
            "re-authorised for a new refresh_token.",
        ) from None


class PairWriter:
    """Puts a pair into the room taken for it.

    Args:
        descriptor: Of the file that is to become the token file.
        path: Its path for now.
        target: The token file's path.
    """

    def __init__(self, descriptor: int, path: Path, target: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self._target = target

    def write(self, pair: TokenPair) -> None:
        """Make a pair the content of the token file, for good once this returns.

        Raises:
            OSError: It could not be written after all.
        """
        content = msgspec.json.encode(pair) + b"\n"
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        # The blanks behind the pair are JSON as well; they go only once the pair is safe.
        _write_through(self._descriptor, content)
        os.ftruncate(self._descriptor, len(content))
        os.fsync(self._descriptor)
        self._path.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _close_to_others(descriptor: int, path: str, what_follows: str) -> None:
    """Take all permissions on a file from everybody but its owner, and say so."""
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
            what_follows,
        )
    else:
        logger.warning("%s was open to other users (mode %04o); its mode is now 0600. %s", path, mode, what_follows)


def _write_through(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)
