from __future__ import annotations

import errno
import json
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from scripted_transport import Asked, ScriptedTransport, in_turn

from tap_makini.connections.refreshing import RefreshingAuthenticator
from tap_makini.connections.token_store import TokenStore
from tap_makini.errors import CredentialError, MakiniError, RequestRefusedError, TransientError, UntouchedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = 1_772_366_400.0
DAY = 86_400.0
LOST = TransientError("the response was cut off")


class Refresher:
    """Give a new pair for the newest refresh token only."""

    def __init__(self, valid: str = "first-refresh-token") -> None:
        self.valid = valid
        self.pairs = 0

    def __call__(self, asked: Asked) -> Any:  # noqa: ANN401 - JSON or an error
        if asked.sent["refresh_token"] != self.valid:
            return RequestRefusedError(f"the server answered 400 ({asked.sent['refresh_token']} is dead)", "Report it.")
        self.pairs += 1
        self.valid = f"refresh-{self.pairs}"
        return pair(self.pairs)


def pair(number: int) -> dict[str, Any]:
    expires_in = str(int(time.time() + 30 * DAY))
    return {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": expires_in}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [NOW]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def go_on(seconds: float) -> None:
        now[0] += seconds

    return go_on


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def source(
    path: Path, respond: Callable[[Asked], Any], first: str | None = "first-refresh-token"
) -> RefreshingAuthenticator:
    return RefreshingAuthenticator(
        ScriptedTransport(respond),
        TokenStore(str(path)),
        client_id="id",
        client_secret="s3cret-of-client",  # noqa: S106 - made up
        refresh_token=first,
        max_wait=10.0,
    )


def stored(path: Path) -> tuple[str, str]:
    document = json.loads(path.read_text())
    return document["access_token"], document["refresh_token"]


def test_the_first_refresh_keeps_the_pair_before_the_token_is_used(path: Path) -> None:
    transport = ScriptedTransport(Refresher())
    tokens = RefreshingAuthenticator(
        transport,
        TokenStore(str(path)),
        client_id="id",
        client_secret="s3cret-of-client",  # noqa: S106 - made up
        refresh_token="first-refresh-token",  # noqa: S106 - made up
        max_wait=10.0,
    )
    assert tokens.token() == "access-1"
    assert stored(path) == ("access-1", "refresh-1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    form = {
        "grant_type": "refresh_token",
        "client_id": "id",
        "client_secret": "s3cret-of-client",
        "refresh_token": "first-refresh-token",
    }
    assert transport.asked == [Asked("POST", "/link/token", None, form)]


def test_later_runs_use_the_pair_that_is_kept(path: Path, clock: Callable[[float], None]) -> None:
    vendor = Refresher()
    source(path, vendor).token()
    clock(14 * DAY)
    assert source(path, vendor).token() == "access-1"
    clock(2 * DAY)
    assert source(path, vendor).token() == "access-2"
    assert source(path, vendor, first=None).token() == "access-2"
    assert stored(path) == ("access-2", "refresh-2")


def test_no_file_but_the_token_file_is_left(path: Path) -> None:
    source(path, Refresher()).token()
    assert sorted(child.name for child in path.parent.iterdir()) == ["tokens.json", "tokens.json.lock"]


def test_a_refused_token_is_refreshed_once(path: Path) -> None:
    vendor = Refresher()
    tokens = source(path, vendor)
    assert tokens.renew(tokens.token(), was_accepted=False)
    assert tokens.token() == "access-2"
    assert not tokens.renew("access-2", was_accepted=False)
    assert vendor.pairs == 2


def test_a_pair_that_another_process_has_refreshed_is_used(path: Path) -> None:
    vendor = Refresher()
    ours, theirs = source(path, vendor), source(path, vendor)
    token = ours.token()
    assert theirs.token() == token
    assert theirs.renew(token, was_accepted=False)
    assert ours.renew(token, was_accepted=False)
    assert ours.token() == theirs.token() == "access-2"
    assert vendor.pairs == 2


def test_many_authenticators_of_one_file_never_spend_a_pair_twice(path: Path) -> None:
    workers = 8
    vendor = Refresher()
    all_here = threading.Barrier(workers, timeout=10)

    def work(_: int) -> tuple[str, str]:
        tokens = source(path, vendor)
        all_here.wait()
        token = tokens.token()
        all_here.wait()
        assert tokens.renew(token, was_accepted=False)
        return token, tokens.token()

    with ThreadPoolExecutor(workers) as pool:
        assert set(pool.map(work, range(workers))) == {("access-1", "access-2")}
    assert vendor.pairs == 2


def test_a_refresh_token_that_is_set_anew_replaces_a_dead_pair(path: Path) -> None:
    source(path, Refresher()).token()
    vendor = Refresher("second-refresh-token")
    assert source(path, vendor, first="second-refresh-token").token() == "access-1"
    assert vendor.valid == "refresh-1"


def test_a_response_without_a_new_refresh_token_keeps_the_old_one(path: Path) -> None:
    source(path, in_turn({"access_token": "access-1"})).token()
    assert stored(path) == ("access-1", "first-refresh-token")


def test_a_dead_refresh_token_needs_a_new_authorization(path: Path) -> None:
    with pytest.raises(CredentialError, match="does not accept the refresh token") as caught:
        source(path, Refresher("another")).token()
    assert "re-authorized" in str(caught.value)
    assert "first-refresh-token" not in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize(
    "lost", [LOST, TransientError("the server answered 502", retry_after=1.0), b"<html>", {"token_type": "Bearer"}]
)
def test_a_lost_response_is_not_asked_for_again(path: Path, lost: Any) -> None:  # noqa: ANN401 - a response
    with pytest.raises(CredentialError, match="may be invalid"):
        source(path, in_turn(lost)).token()


def test_a_request_that_was_refused_unread_is_retried(path: Path) -> None:
    busy = UntouchedError("the server answered 429", retry_after=3.0)
    unreached = UntouchedError("the connection failed or was reset")
    assert source(path, in_turn(busy, unreached, pair(1))).token() == "access-1"


def test_an_unreachable_server_leaves_a_pair_that_is_still_good_in_use(
    path: Path, clock: Callable[[float], None]
) -> None:
    source(path, Refresher()).token()
    clock(20 * DAY)

    def unreachable(_: Asked) -> Any:  # noqa: ANN401 - an error
        return UntouchedError("the server answered 429", retry_after=3600.0)

    assert source(path, unreachable).token() == "access-1"
    clock(20 * DAY)
    with pytest.raises(MakiniError, match="3600 s"):
        source(path, unreachable).token()
    assert stored(path) == ("access-1", "refresh-1")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"access_token":"","refresh_token":"","issued_at":0}', b"\xff" * 9]
)
def test_a_file_without_a_pair_is_reported_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CredentialError, match=f"token file {path}: not a pair of tokens") as caught:
        source(path, in_turn()).token()
    assert "token_file" in caught.value.remedy
    assert path.read_bytes() == content


def test_without_file_and_refresh_token_there_is_no_token(path: Path) -> None:
    with pytest.raises(CredentialError, match="neither a token file nor a refresh token"):
        source(path, in_turn(), first=None).token()


def test_a_missing_folder_is_found_before_the_pair_is_spent(path: Path) -> None:
    with pytest.raises(CredentialError, match=r"/absent/tokens\.json: cannot be locked \(No such file"):
        source(path.parent / "absent" / "tokens.json", in_turn()).token()


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_full_disk_is_found_before_the_pair_is_spent(
    path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(CredentialError, match=r"/tokens\.json: cannot be replaced \(No space left"):
        source(path, in_turn()).token()
    assert [child.name for child in path.parent.iterdir()] == ["tokens.json.lock"]


def test_room_is_taken_before_the_pair_is_spent(path: Path) -> None:
    def look(_: Asked) -> Any:  # noqa: ANN401 - JSON
        sizes.extend(child.stat().st_size for child in path.parent.iterdir() if child.name.startswith(".tokens"))
        return pair(1)

    sizes: list[int] = []
    source(path, look).token()
    assert len(sizes) == 1
    assert sizes[0] > 10 * path.stat().st_size


def test_a_pair_that_cannot_be_kept_after_all_is_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Refresher()

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - JSON
        monkeypatch.setattr(os, "ftruncate", broken)
        return vendor(asked)

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(CredentialError, match=r"/tokens\.json: .* could not be kept \(Input/output") as caught:
        source(path, respond).token()
    assert "refresh-1" not in str(caught.value)
    assert not path.exists()


def test_a_link_to_the_file_stays_a_link(path: Path) -> None:
    real = path.parent / "real.json"
    path.symlink_to(real)
    source(path, Refresher()).token()
    assert path.is_symlink()
    assert stored(real) == ("access-1", "refresh-1")


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o601])
@pytest.mark.parametrize("name", ["tokens.json", "tokens.json.lock"])
def test_a_file_that_is_open_to_others_is_closed_to_them_and_named(
    path: Path, mode: int, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    vendor = Refresher()
    source(path, vendor).token()
    assert caplog.text == ""
    opened = path.parent / name
    opened.chmod(mode)
    for _ in range(2):
        assert source(path, vendor).token() == "access-1"
    assert stat.S_IMODE(opened.stat().st_mode) == 0o600
    [warning] = caplog.messages
    assert f"{opened} was open to other users (mode 0{mode:o})" in warning
    assert "access-1" not in warning


def test_a_file_that_cannot_be_closed_to_others_is_named_and_used(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    source(path, Refresher()).token()
    path.chmod(0o640)
    monkeypatch.setattr(os, "fchmod", refuse)
    assert source(path, in_turn()).token() == "access-1"
    [warning] = caplog.messages
    assert f"{path} is open to other users (mode 0640)" in warning
    assert "Operation not permitted" in warning


def test_a_file_with_stricter_permissions_is_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source(path, Refresher()).token()
    path.chmod(0o400)
    assert source(path, in_turn()).token() == "access-1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert caplog.messages == []
