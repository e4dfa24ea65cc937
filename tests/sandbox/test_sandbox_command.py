from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
SANDBOX = [sys.executable, "-m", "makini_sandbox"]
ASK = """
import json, os, urllib.request
request = urllib.request.Request(
    os.environ["TAP_MAKINI_API_URL"] + "/api/eam/work-orders?per_page=2",
    headers={"Authorization": "Bearer " + os.environ["TAP_MAKINI_API_TOKEN"]},
)
with urllib.request.urlopen(request, timeout=10) as answer:
    print(json.dumps(json.load(answer)["meta"]))
raise SystemExit(7)
"""
WAIT = """
import signal, sys
def stop(number, frame):
    print("got", number, flush=True)
    sys.exit(20 + number)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
signal.pause()
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SANDBOX, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*SANDBOX, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_command_finds_the_sandbox_and_its_exit_code_comes_back() -> None:
    options = ["--rows", "3", "--rows", "work-orders=9", "--behaviour", "default_page_size=5"]
    result = run(*options, "--", sys.executable, "-c", ASK)
    assert (result.returncode, result.stderr) == (7, "")
    meta = json.loads(result.stdout)
    assert (meta["total"], meta["per_page"]) == (9, 2)


def test_a_fault_from_the_command_line() -> None:
    result = run("--fault", "kind=status,status=503,times=1", "--", sys.executable, "-c", ASK)
    assert result.returncode == 1
    assert "HTTP Error 503" in result.stderr


def test_a_command_that_is_not_there() -> None:
    assert run("--", "no-such-command-anywhere").returncode == 127


def test_a_command_ended_by_a_signal() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run("--", sys.executable, "-c", code).returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_command(number: signal.Signals) -> None:
    with start("--", sys.executable, "-c", WAIT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, number)
        assert process.stdout.read() == f"got {int(number)}\n"
    assert process.returncode == 20 + number


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(number: signal.Signals) -> None:
    with start("--connection", "acme=t-a", "--clock", "2026-03-01T12:00:00Z") as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        url, token = words[3], words[-1]
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{url}/api/integrations/current", headers=headers, timeout=10)
        process.send_signal(number)
    assert token == "t-a"  # noqa: S105 - opens nothing but the sandbox
    assert answer.json()["data"]["company_name"] == "Sandbox acme"
    assert answer.headers["Date"].startswith("Sun, 01 Mar 2026 12:0")
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
def test_a_wrong_option(option: str, value: str) -> None:
    result = run(option, value, "--", sys.executable, "-c", "")
    assert result.returncode == 2
    assert "error:" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("--port", str(taken.getsockname()[1]))
    assert result.returncode == 2
    assert "cannot listen" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_command_finds_the_document_of_v4() -> None:
    code = "import os, urllib.request; print(urllib.request.urlopen(os.environ['MAKINI_SANDBOX_OPENAPI']).status)"
    result = run("--rows", "1", "--", sys.executable, "-c", code)
    assert (result.returncode, result.stdout) == (0, "200\n")
