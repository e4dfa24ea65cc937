"""Run Python programs as forks of one interpreter that has imported the tap, which saves the time of its start.

`forking` gives the command line of such a program, which behaves like that of the program itself. There are two sides:

- the server, one for each process that imports this module: it imports the tap, and forks for each program that it is
  asked for. The fork becomes the program, with arguments, environment, folder, descriptors and signals of its own.
- the client, which the command line starts: it asks the server for the program, passes signals on, and ends as it ends.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = os.path.abspath(__file__)  # noqa: PTH100 - the client has no time to import pathlib
_STANDARD = (0, 1, 2)
_FORWARDED = (signal.SIGTERM, signal.SIGINT)
_NUMBER_SIZE = 4


# --- who needs programs -----------------------------------------------------------------------------


def forking(script: str) -> list[str]:
    """Give the beginning of a command line that runs a script as a fork.

    Args:
        script: Path of a Python script, such as an installed program.
    """
    return [sys.executable, "-I", "-S", _HERE, _server_address(), script]


@cache
def _server_address() -> str:
    """Start the server, which ends with this process."""
    import atexit  # noqa: PLC0415 - the client has no time to import these
    import subprocess  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    folder = tempfile.mkdtemp(prefix="forks-")
    address = os.path.join(folder, "socket")  # noqa: PTH118
    ours, theirs = socket.socketpair()
    with socket.socket(socket.AF_UNIX) as listener, theirs:
        listener.bind(address)
        listener.listen(64)
        descriptors = (listener.fileno(), theirs.fileno())
        command = [sys.executable, _HERE, "--serve", *map(str, descriptors)]
        server = subprocess.Popen(command, pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return address


# --- the client -------------------------------------------------------------------------------------


def _run_as_client(address: str, *arguments: str) -> None:
    open_descriptors = [number for number in _STANDARD if _is_open(number)]
    for number in _STANDARD:
        if number not in open_descriptors:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, so that the socket cannot take it
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    channel = socket.socket(socket.AF_UNIX)
    channel.connect(address)
    request = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109
        "descriptors": open_descriptors,
    }
    socket.send_fds(channel, [json.dumps(request).encode() + b"\n"], _STANDARD)
    pid = _received(channel)
    for number in _FORWARDED:
        signal.signal(number, lambda number, _: os.kill(pid, number))
    for number in _STANDARD:
        os.close(number)  # a pipe that the program closes is closed
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    code = _received(channel)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _received(channel: socket.socket) -> int:
    number = channel.recv(_NUMBER_SIZE, socket.MSG_WAITALL)
    if not number:
        os._exit(70)  # the server has gone
    return int.from_bytes(number, "big", signed=True)


# --- the server -------------------------------------------------------------------------------------


class _Server:
    """Forks for each client that connects.

    Args:
        listener: Where clients connect.
        owner: Ends when the process ends that started the server.
    """

    def __init__(self, listener: socket.socket, owner: socket.socket) -> None:
        self._listener = listener
        self._owner = owner
        self._wakeup, self._waker = socket.socketpair()
        self._waker.setblocking(False)  # noqa: FBT003 - the library's own interface
        self._clients: dict[int, socket.socket] = {}

    def serve(self) -> dict[str, Any] | None:
        """Serve until the owner has ended.

        Returns:
            In a fork: what was asked for. In the server: None.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides when it is time to end
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno())
        while True:
            readable = select.select([self._listener, self._owner, self._wakeup, *self._clients.values()], [], [])[0]
            if self._owner in readable:
                return None
            if self._wakeup in readable:
                self._wakeup.recv(4096)
                self._reap()
            for pid in [pid for pid, client in self._clients.items() if client in readable]:
                os.kill(pid, signal.SIGKILL)  # as its client has been, which sends nothing
                self._clients.pop(pid).close()
            if self._listener in readable and (request := self._fork()):
                return request

    def _reap(self) -> None:
        """Report to clients how their programs have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if client := self._clients.pop(pid, None):
                with client, suppress(OSError):
                    client.sendall(_number(os.waitstatus_to_exitcode(status)))

    def _fork(self) -> dict[str, Any] | None:
        client, _ = self._listener.accept()
        text, descriptors, _, _ = socket.recv_fds(client, 1 << 16, len(_STANDARD))
        while not text.endswith(b"\n"):
            text += client.recv(1 << 16)
        pid = os.fork()
        if not pid:
            for other in (client, self._listener, self._owner, self._wakeup, self._waker, *self._clients.values()):
                other.close()
            request: dict[str, Any] = json.loads(text)
            _take_over(descriptors, request)
            return request
        for descriptor in descriptors:
            os.close(descriptor)
        self._clients[pid] = client
        client.sendall(_number(pid))
        return None


def _number(number: int) -> bytes:
    return number.to_bytes(_NUMBER_SIZE, "big", signed=True)


def _take_over(descriptors: list[int], request: dict[str, Any]) -> None:
    """Become the process that was asked for, in all but the program."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name, mode in zip(_STANDARD, ("stdin", "stdout", "stderr"), "rww", strict=True):
        os.dup2(descriptors[number], number)
        os.close(descriptors[number])
        usual, stream = getattr(sys, name), None
        if number in request["descriptors"]:
            stream = open(number, mode, encoding=usual.encoding, errors=usual.errors, closefd=False)  # noqa: SIM115 - as long as the process lasts
        else:
            os.close(number)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv[:] = request["arguments"]


if __name__ == "__main__" and sys.argv[1] != "--serve":
    _run_as_client(*sys.argv[1:])
elif __name__ == "__main__":
    import gc
    import select
    from contextlib import suppress
    from pathlib import Path

    import tap_makini.tap  # noqa: F401 - what forks have imported

    listener, owner = (socket.socket(fileno=int(number)) for number in sys.argv[2:])
    gc.freeze()
    if _Server(listener, owner).serve():
        script = Path(sys.argv[0])
        code = compile(script.read_bytes(), script, "exec")
        exec(code, {"__name__": "__main__", "__file__": str(script)})  # noqa: S102 - what a start of Python does
    else:
        address = Path(listener.getsockname())
        address.unlink()
        address.parent.rmdir()
