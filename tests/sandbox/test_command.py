from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from makini_sandbox.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PYTHON = [sys.executable, "-I", "-S", "-c"]
REQUEST = """
import json, os, urllib.request
request = urllib.request.Request(
    os.environ["TAP_MAKINI_API_URL"] + "/api/eam/work-orders?per_page=2",
    headers={"Authorization": "Bearer " + os.environ["TAP_MAKINI_API_TOKEN"]},
)
with urllib.request.urlopen(request, timeout=10) as response:
    meta = json.load(response)["meta"]
with urllib.request.urlopen(os.environ["MAKINI_SANDBOX_OPENAPI"], timeout=10) as response:
    print(json.dumps({**meta, "document": json.load(response)["openapi"]}))
raise SystemExit(7)
"""
WAIT = """
import os, signal, sys
def stop(number, frame):
    os.write(1, b"got %d" % number)
    os._exit(20 + number)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
open(sys.argv[1], "w").close()
signal.pause()
"""


@pytest.fixture(autouse=True)
def _kept_signals() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_command_finds_the_sandbox_and_its_exit_code_is_returned(capfd: pytest.CaptureFixture[str]) -> None:
    options = ["--rows", "3", "--rows", "work-orders=9", "--behaviour", "default_page_size=5"]
    assert main([*options, "--", *PYTHON, REQUEST]) == 7
    output, errors = capfd.readouterr()
    found = json.loads(output)
    assert errors == ""
    assert (found["total"], found["per_page"], found["document"]) == (9, 2, "3.1.0")


def test_a_fault_may_be_set_on_the_command_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--fault", "kind=status,status=503,times=1", "--", *PYTHON, REQUEST]) == 1
    assert "HTTP Error 503" in capfd.readouterr().err


def test_a_command_that_does_not_exist_exits_with_127() -> None:
    assert main(["--", "no-such-command-anywhere"]) == 127


def test_a_command_ended_by_a_signal_exits_with_128_and_its_number() -> None:
    assert main(["--", *PYTHON, "import os; os.kill(os.getpid(), 9)"]) == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str], number: signal.Signals) -> None:
    ready = tmp_path / "ready"

    def send() -> None:
        while not ready.exists():
            time.sleep(0.005)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    assert main(["--", *PYTHON, WAIT, str(ready)]) == 20 + number
    sender.join()
    assert capfd.readouterr().out == f"got {int(number)}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(number: signal.Signals) -> None:
    options = ["--connection", "acme=t-a", "--clock", "2026-03-01T12:00:00Z"]
    command = [sys.executable, "-m", "makini_sandbox", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        url, token = words[3], words[-1]
        headers = {"Authorization": f"Bearer {token}"}
        response = requests.get(f"{url}/api/integrations/current", headers=headers, timeout=10)
        process.send_signal(number)
    assert token == "t-a"  # noqa: S105 - opens nothing but the sandbox
    assert response.json()["data"]["company_name"] == "Sandbox acme"
    assert response.headers["Date"].startswith("Sun, 01 Mar 2026 12:0")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rows", "nothing=3"),
        ("--rows", "many"),
        ("--behaviour", "order=sideways"),
        ("--fault", "kind=earthquake"),
        ("--connection", "acme"),
        ("--clock", "noon"),
    ],
)
def test_a_wrong_option_is_refused(capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    with pytest.raises(SystemExit) as exited:
        main([option, value, "--", *PYTHON, ""])
    assert exited.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_a_port_that_is_in_use_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as used, pytest.raises(SystemExit) as exited:
        main(["--port", str(used.getsockname()[1])])
    assert exited.value.code == 2
    assert "cannot listen" in capsys.readouterr().err
