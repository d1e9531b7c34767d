"""Keys on the command line: the first one, the others, and a service that asks for them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM, environment, started
from tests.server.test_app import a_certificate


@dataclass(frozen=True)
class Company:
    """A service on every interface, encrypted, that asks for keys and certificates."""

    home: Path
    address: str
    certificate: Path
    private_key: Path
    keys: Path

    def run(self, *args: str, key: str = "", tls: bool = True, mtls: bool = True) -> Any:
        """One command against it. ``key``: name of a file in ``keys``."""
        given = [*args, "--address", self.address, "--timeout", "5"]
        if tls:
            given += ["--tls-ca", str(self.certificate)]
        if mtls:
            given += ["--tls-cert", str(self.certificate), "--tls-key", str(self.private_key)]
        if key:
            given += ["--api-key-file", str(self.keys / key)]
        return run(self.home, *given)

    def error(self, *args: str, **how: Any) -> dict[str, Any]:
        """What a command that must fail says."""
        ended = self.run(*args, "--json", **how)
        assert ended.returncode != 0, ended.stdout
        error: dict[str, Any] = json.loads(ended.stdout)["error"]
        return error


def run(home: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *args], capture_output=True, text=True, timeout=60, check=False,
        env=environment(home) | variables,
    )  # fmt: skip


@pytest.fixture(scope="module")
def company(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """With an operator's key, a tenant and its administrator's."""
    keys, data = tmp_path_factory.mktemp("keys"), tmp_path_factory.mktemp("data")
    certificate, private = a_certificate(keys)
    made = run(home, "key", "first", "--data-dir", str(data))
    assert made.returncode == 0, made.stderr
    (keys / "operator").write_text(made.stdout)
    settings = keys / "slotsvc.toml"
    settings.write_text(
        f'data_dir = "{data}"\ngrpc_addr = "0.0.0.0:0"\nhttp_addr = "off"\nauth = "keys"\n'
        f'[tls]\ncertificate_path = "{certificate}"\nkey_path = "{private}"\n'
        f'client_ca_path = "{certificate}"\n[log]\nlevel = "error"\n'
    )
    serving = ("serve", "--auth", "keys", "--config", str(settings))
    with started(home, *serving) as (_, told):
        port = told["address"].rpartition(":")[2]
        yield Company(home, f"localhost:{port}", certificate, private, keys)


def test_the_first_key_is_made_once(home: Path, tmp_path: Path) -> None:
    """Stdout is the key and nothing else; a second one is refused while the first is good."""
    first, second = (run(home, "key", "first", "--data-dir", str(tmp_path)) for _ in range(2))

    assert first.stdout.startswith("slk_")
    assert len(first.stdout.split()) == 1
    assert "only time" in first.stderr
    assert second.returncode == 1
    assert "already" in second.stderr


def test_the_first_key_can_be_made_in_postgresql(home: Path, postgres_url: str) -> None:
    """In the shared database itself, no service needed and no file left; also once."""
    url = {"SLOTSVC_DATABASE_URL": postgres_url}
    first, second = (run(home, "key", "first", **url) for _ in range(2))

    assert first.stdout.startswith("slk_"), first.stderr
    assert second.returncode == 1
    assert "already" in second.stderr


def test_a_key_is_made_used_and_revoked(company: Company) -> None:
    """From the operator's key over TLS with a client's certificate, in an encrypted service that
    other machines can reach."""
    made = company.run("key", "create", "operator", "--name", "second", key="operator")
    assert made.returncode == 0, made.stderr
    (company.keys / "second").write_text(made.stdout)

    listed = company.run("key", "list", "--json", key="second")
    keys = {key["display_name"]: key for key in json.loads(listed.stdout)["api_keys"]}
    revoked = company.run("key", "revoke", keys["second"]["name"], key="operator")

    assert set(keys) == {"first", "second"}
    assert revoked.returncode == 0, revoked.stderr
    assert company.error("key", "list", key="second")["reason"] == "UNAUTHENTICATED"
    assert "revoked" in company.run("key", "list", key="operator").stdout
    assert made.stdout.strip() not in listed.stdout


def test_without_a_key_it_says_how_to_get_one(company: Company) -> None:
    """The hint names the option and the command."""
    error = company.error("key", "list")

    assert error["reason"] == "UNAUTHENTICATED"
    assert "--api-key-file" in error["hint"]
    assert "key first" in error["hint"]


def test_a_key_is_not_sent_unencrypted_to_others(company: Company) -> None:
    """To another machine it goes over TLS, or not at all."""
    ended = run(company.home, "key", "list", "--address", "192.0.2.1:1", "--json",
                "--api-key-file", str(company.keys / "operator"))  # fmt: skip

    assert json.loads(ended.stdout)["error"]["reason"] == "PLAIN_KEY"


def test_without_tls_or_a_certificate_nothing_is_answered(company: Company) -> None:
    """An unencrypted call, and one without the client's certificate, get no connection."""
    for how in ({"tls": False, "mtls": False}, {"mtls": False}):
        assert company.error("key", "list", **how)["reason"] == "UNAVAILABLE"


def test_the_key_may_stand_in_the_environment(home: Path, tmp_path: Path) -> None:
    """SLOTSVC_API_KEY, or the path of a file; `config show` does not print it."""
    first = run(home, "key", "first", "--data-dir", str(tmp_path))
    key = first.stdout.strip()
    (tmp_path / "key").write_text(first.stdout)
    serving = ("serve", "--auth", "keys", "--address", "127.0.0.1:0", "--http", "off",
               "--data-dir", str(tmp_path))  # fmt: skip
    with started(home, *serving) as (_, told):
        for variable in ({"SLOTSVC_API_KEY": key}, {"SLOTSVC_API_KEY_FILE": str(tmp_path / "key")}):
            ended = run(home, "key", "list", "--address", told["address"], **variable)
            assert ended.returncode == 0, ended.stderr
            assert "operator" in ended.stdout
        assert run(home, "key", "list", "--address", told["address"]).returncode == 1
        doctor = run(home, "doctor", "--only", "server", "--address", told["address"])
    shown = run(home, "config", "show", "--json", SLOTSVC_API_KEY=key)

    assert doctor.returncode == 0
    assert "asks for a key" in doctor.stdout
    assert key not in shown.stdout


def test_keys_off_stays_on_this_machine(home: Path, tmp_path: Path) -> None:
    """Every interface with auth off is refused, encrypted or not; a flag says otherwise, and then
    it is served."""
    certificate, key = a_certificate(tmp_path)
    tls = {"SLOTSVC_TLS__CERTIFICATE_PATH": str(certificate), "SLOTSVC_TLS__KEY_PATH": str(key)}
    args = ("serve", "--auth", "off", "--address", "0.0.0.0:0", "--http", "off",
            "--data-dir", str(tmp_path / "data"))  # fmt: skip

    refused = run(home, *args, "--json", **tls)
    with started(home, *args, "--allow-insecure") as (_, told):
        port = told["address"].rpartition(":")[2]
        listed = run(home, "key", "list", "--address", f"127.0.0.1:{port}")

    assert refused.returncode == 2
    assert "auth is off" in json.loads(refused.stdout)["error"]["violations"][0]["reason"]
    assert listed.returncode == 0
