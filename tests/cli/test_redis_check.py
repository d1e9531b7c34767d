"""Doctor says what Redis is, and that nothing is broken without it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from slotsvc.cli.main import main
from slotsvc.cli.redis_check import redis_checks
from tests.replicas.valkey import Valkey, free_port, running_valkey

PASSWORD = "a-very-secret-word"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


def say(valkey: Valkey, command: str) -> None:
    """One command, which must work."""
    with socket.create_connection(("127.0.0.1", valkey.port), 5.0) as line:
        line.sendall(command.encode() + b"\r\n")
        assert line.recv(100).startswith(b"+OK")


def test_one_that_answers_is_named(valkey: Valkey) -> None:
    """Its kind, version and address."""
    (check,) = redis_checks(SecretStr(valkey.url))

    assert check.state == "ok"
    assert check.detail.startswith("Valkey 8.")
    assert f"redis://127.0.0.1:{valkey.port}/0" in check.detail


def test_one_that_keeps_what_is_old_is_warned_about(valkey: Valkey) -> None:
    """With a limit of memory and no eviction nothing new would be shared one day."""
    say(valkey, "CONFIG SET maxmemory 100mb")
    (check,) = redis_checks(SecretStr(valkey.url))
    assert (check.state, "allkeys-lru" in check.action) == ("warn", True)

    say(valkey, "CONFIG SET maxmemory-policy allkeys-lru")
    (check,) = redis_checks(SecretStr(valkey.url))
    assert check.state == "ok"


def test_one_that_is_away_is_a_warning_without_its_password() -> None:
    """Not a failure: the service is right without it. Nor is a secret told."""
    (check,) = redis_checks(SecretStr(f"redis://user:{PASSWORD}@127.0.0.1:{free_port()}/0"))

    assert check.state == "warn"
    assert "does not answer" in check.detail
    assert PASSWORD not in repr(check)


def test_a_wrong_password_is_a_warning_without_it(valkey: Valkey) -> None:
    """The server's refusal is named by its kind."""
    (check,) = redis_checks(SecretStr(f"redis://user:{PASSWORD}@127.0.0.1:{valkey.port}/0"))

    assert check.state == "warn"
    assert PASSWORD not in repr(check)


def test_doctor_looks_at_it_where_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, valkey: Valkey
) -> None:
    """One line of its report; none without the setting."""
    command = ["doctor", "--only", "machine", "--data-dir", str(tmp_path), "--json"]
    monkeypatch.delenv("SLOTSVC_REDIS_URL", raising=False)
    assert '"redis"' not in CliRunner().invoke(main, command).output

    monkeypatch.setenv("SLOTSVC_REDIS_URL", valkey.url)
    assert '"redis"' in CliRunner().invoke(main, command).output


def test_no_setting_no_check() -> None:
    """Who has no Redis reads nothing of it."""
    assert redis_checks(None) == []
