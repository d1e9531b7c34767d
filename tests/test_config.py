"""Settings: sources, refusals, and the page that documents them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from slotsvc.config import (
    SettingsError,
    is_loopback,
    load_settings,
    split_address,
)
from slotsvc.config.reference import reference

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SLOTSVC_"):
            monkeypatch.delenv(name)


def test_no_source_at_all_gives_the_defaults() -> None:
    """A start without any setting listens on this machine only, with the documented limits."""
    settings = load_settings()

    assert settings.grpc_addr == "127.0.0.1:50051"
    assert settings.http_addr == "127.0.0.1:9090"
    assert (settings.search.deadline_seconds, settings.search.deadline_cap_seconds) == (10, 60)
    assert settings.snap_limit_m == 500
    assert settings.database_file.name == "slotsvc.db"
    assert "~" not in str(settings.data_dir)


def test_a_later_source_wins_over_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flags beat variables, variables beat the file, and one group may come from all three."""
    file = tmp_path / "slotsvc.toml"
    file.write_text(
        'grpc_addr = "127.0.0.1:1"\n[search]\ndeadline_seconds = 1\nmax_horizon_days = 5\n'
        "deadline_cap_seconds = 50\n"
    )
    monkeypatch.setenv("SLOTSVC_GRPC_ADDR", "127.0.0.1:2")
    monkeypatch.setenv("SLOTSVC_SEARCH__DEADLINE_SECONDS", "2")
    monkeypatch.setenv("SLOTSVC_SEARCH__MAX_HORIZON_DAYS", "6")

    settings = load_settings(file, {"search": {"max_horizon_days": 7}, "http_addr": None})

    assert settings.grpc_addr == "127.0.0.1:2"
    assert settings.search.deadline_cap_seconds == 50
    assert settings.search.deadline_seconds == 2
    assert settings.search.max_horizon_days == 7
    assert settings.http_addr == "127.0.0.1:9090"


def test_the_file_can_be_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLOTSVC_CONFIG names the TOML file when no flag does."""
    file = tmp_path / "slotsvc.toml"
    file.write_text('[log]\nformat = "json"\n')
    monkeypatch.setenv("SLOTSVC_CONFIG", str(file))

    assert load_settings().log.format == "json"


def test_a_secret_can_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with _FILE behind its name reads the value from that file."""
    (tmp_path / "url").write_text("http://user:pass@localhost:5000\n")
    (tmp_path / "days").write_text("9\n")
    monkeypatch.setenv("SLOTSVC_OSRM_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("SLOTSVC_SEARCH__MAX_HORIZON_DAYS_FILE", str(tmp_path / "days"))

    settings = load_settings()

    assert settings.osrm_url == "http://user:pass@localhost:5000"
    assert settings.search.max_horizon_days == 9


def test_a_password_is_not_printed() -> None:
    """The printable settings mask what stands before the @ of an address."""
    settings = load_settings(flags={"osrm_url": "http://user:pass@localhost:5000"})

    assert settings.printable()["osrm_url"] == "http://***@localhost:5000"


def test_an_unknown_variable_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every misspelt setting is named at once; variables of the tests are let through."""
    monkeypatch.setenv("SLOTSVC_GRPC_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("SLOTSVC_SEARCH__DEADLINE", "3")
    monkeypatch.setenv("SLOTSVC_TEST_MAP", "x")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert refused.value.problems == [
        "SLOTSVC_GRPC_ADDRESS: no such setting; is it SLOTSVC_GRPC_ADDR?",
        "SLOTSVC_SEARCH__DEADLINE: no such setting; is it SLOTSVC_SEARCH__DEADLINE_SECONDS?",
    ]


def test_an_unknown_key_of_the_file_stops_the_start(tmp_path: Path) -> None:
    """A misspelt key of the TOML file is refused with its path, and the setting that is near."""
    file = tmp_path / "slotsvc.toml"
    file.write_text("[search]\ndeadline_second = 3\n[quite]\nother = 1\n")

    with pytest.raises(SettingsError) as refused:
        load_settings(file)

    assert sorted(refused.value.problems) == [
        "quite: no such setting",
        "search.deadline_second: no such setting; is it search.deadline_seconds?",
    ]


def test_a_variable_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X and X_FILE together are a mistake: nobody could say which one holds."""
    monkeypatch.setenv("SLOTSVC_OSRM_URL", "http://localhost:5000")
    monkeypatch.setenv("SLOTSVC_OSRM_URL_FILE", str(tmp_path))

    with pytest.raises(SettingsError, match="also given as SLOTSVC_OSRM_URL_FILE"):
        load_settings()


def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing TOML file and a missing secret file each give one plain line."""
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "missing.toml")

    monkeypatch.setenv("SLOTSVC_OSRM_URL_FILE", str(tmp_path / "missing"))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert refused.value.problems == [
        f"SLOTSVC_OSRM_URL_FILE: {tmp_path / 'missing'} cannot be read"
    ]


def test_a_secret_in_the_place_of_its_file_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody wrote the password itself where the path belongs."""
    monkeypatch.setenv("SLOTSVC_DATABASE_URL_FILE", "postgresql://me:geheim@host/slotsvc")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert refused.value.problems == ["SLOTSVC_DATABASE_URL_FILE: that file cannot be read"]


def test_a_broken_toml_file_is_one_plain_line(tmp_path: Path) -> None:
    """A TOML mistake is reported as a problem of that file, not as a traceback."""
    file = tmp_path / "slotsvc.toml"
    for broken in (b"grpc_addr = ", b"grpc_addr = '\xff'"):
        file.write_bytes(broken)

        with pytest.raises(SettingsError) as refused:
            load_settings(file)

        (problem,) = refused.value.problems
        assert problem.startswith(f"{file}: ")


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"grpc_addr": "nonsense"}, "grpc_addr: must be host:port"),
        ({"grpc_addr": "127.0.0.1:70000"}, "grpc_addr: must be host:port"),
        ({"grpc_addr": ""}, "grpc_addr: must be host:port"),
        ({"snap_limit_m": -1}, "snap_limit_m"),
        ({"search": {"deadline_seconds": 61}}, "search: deadline_seconds must not exceed"),
        ({"holds": {"default_seconds": 901}}, "holds.default_seconds"),
        ({"holds": {"default_seconds": 600, "longest_seconds": 300}}, "holds: default_seconds"),
        ({"tls": {"key_path": "k.pem"}}, "tls: certificate_path and key_path belong together"),
        ({"log": {"format": "xml"}}, "log.format"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(flags: dict[str, object], named: str) -> None:
    """The problem names the setting."""
    with pytest.raises(SettingsError) as refused:
        load_settings(flags=flags)

    assert any(problem.startswith(named) for problem in refused.value.problems)


@pytest.mark.parametrize("address", ["0.0.0.0:50051", "[::]:50051", "example.org:1", "10.0.0.1:1"])
def test_listening_to_others_needs_encryption_or_a_word(address: str) -> None:
    """An address that others can reach is refused without TLS unless allow_insecure is set."""
    with pytest.raises(SettingsError, match="allow_insecure"):
        load_settings(flags={"grpc_addr": address})

    assert load_settings(flags={"grpc_addr": address, "allow_insecure": True})
    assert load_settings(
        flags={"grpc_addr": address, "tls": {"certificate_path": "c.pem", "key_path": "k.pem"}}
    )


def test_listening_to_others_needs_keys_or_a_word() -> None:
    """Encryption alone is not enough: auth off stays on this machine."""
    flags = {
        "grpc_addr": "0.0.0.0:1",
        "auth": "off",
        "tls": {"certificate_path": "c.pem", "key_path": "k.pem"},
    }
    with pytest.raises(SettingsError, match="auth is off"):
        load_settings(flags=flags)

    assert load_settings(flags=flags | {"allow_insecure": True})
    assert load_settings(flags={"auth": "off"}).auth == "off"


def test_keys_are_asked_for_unless_said_otherwise() -> None:
    """The default is the safe one, and a key in the settings is never printed."""
    settings = load_settings(flags={"api_key": "slk_secret"})

    assert settings.auth == "keys"
    assert "slk_secret" not in str(settings.printable())
    assert "slk_secret" not in repr(settings)


def test_addresses_are_read_with_their_brackets() -> None:
    """IPv6 hosts stand in brackets, and loopback is known in each form."""
    assert split_address("[::1]:0") == ("::1", 0)
    assert is_loopback("[::1]:1")
    assert is_loopback("localhost:1")
    assert is_loopback("127.8.9.1:1")
    assert not is_loopback("[::]:1")
    with pytest.raises(ValueError, match="brackets"):
        split_address("::1:5")


def test_settings_cannot_be_changed() -> None:
    """The tree is frozen, groups included."""
    settings = load_settings()

    with pytest.raises(ValidationError):
        settings.grpc_addr = "x:1"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.search.deadline_seconds = 1  # type: ignore[misc]


def test_the_page_is_up_to_date() -> None:
    """docs/configuration.md is what `python -m slotsvc.config` prints."""
    assert (ROOT / "docs/configuration.md").read_text() == reference()


@pytest.mark.parametrize(
    ("addresses", "safe"),
    [
        (["127.0.0.1", "::1"], True),
        (["::1%lo"], True),
        (["192.0.2.7"], False),
        (["127.0.0.1", "192.0.2.7"], False),
        ([], False),
    ],
)
def test_localhost_is_what_this_machine_says_it_is(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], safe: bool
) -> None:
    """A name is no address: where it leads elsewhere, or nowhere, it is not the loopback."""

    def looked_up(*_asked: object) -> list[Any]:
        if not addresses:
            raise socket.gaierror
        return [(None, None, 0, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)

    assert is_loopback("localhost:1") is safe


def test_a_key_is_one_line_of_plain_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stray newline or letter is told by the setting's name, without the key."""
    for wrong in ("slk_a\nb", "slk_é", "two words"):
        monkeypatch.setenv("SLOTSVC_API_KEY", wrong)
        with pytest.raises(SettingsError, match="api_key: not a key") as told:
            load_settings()
        assert wrong not in str(told.value)


def test_a_portal_for_others_needs_tls_in_front() -> None:
    """Another address than loopback is refused unless links begin with https, or on a word."""
    open_ = {"http_addr": "0.0.0.0:8080"}
    with pytest.raises(SettingsError, match=r"portal\.http_addr"):
        load_settings(flags={"portal": open_})

    https = {"public_url": "https://visits.example/"}
    assert load_settings(flags={"portal": open_ | https}).portal.public_url == (
        "https://visits.example"
    )
    assert load_settings(flags={"portal": open_, "allow_insecure": True})
    assert load_settings(flags={"portal": {"http_addr": "off"}})


@pytest.mark.parametrize(
    "url",
    [
        "http://visits.example",
        "https://visits.example/x",
        "visits.example",
        "https://a:b@c.example",
    ],
)
def test_a_public_url_is_one_that_keeps_a_login(url: str) -> None:
    """Cookies are Secure: https, or http on this machine; nothing behind the host."""
    with pytest.raises(SettingsError, match=r"portal\.public_url"):
        load_settings(flags={"portal": {"public_url": url}})

    assert load_settings(flags={"portal": {"public_url": "http://127.0.0.1:8080"}})


def test_the_portals_keys_go_nowhere_unencrypted() -> None:
    """A service on another machine needs certificates to trust, or a word."""
    there = {"portal": {"service_address": "slots.example:50051"}}
    with pytest.raises(SettingsError, match="unencrypted"):
        load_settings(flags=there)

    assert load_settings(flags=there | {"client_tls": {"ca_path": "ca.pem"}})
    assert load_settings(flags=there | {"allow_insecure": True})


def test_lists_are_words_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a variable; in a file they are lists. Each word is checked."""
    monkeypatch.setenv("SLOTSVC_PORTAL__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")
    monkeypatch.setenv("SLOTSVC_SMS__COUNTRIES", "fr,it")

    settings = load_settings()

    assert settings.portal.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")
    assert settings.sms.countries == ("FR", "IT")
    monkeypatch.setenv("SLOTSVC_SMS__COUNTRIES", "France")
    with pytest.raises(SettingsError, match="ISO 3166"):
        load_settings()


def test_where_letters_go_is_a_secret() -> None:
    """A mail server's address has a password inside; other addresses are refused."""
    settings = load_settings(flags={"mail": {"url": "smtps://me:pass@mail.example:465"}})

    assert "pass@" not in str(settings.printable())
    assert "pass@" not in repr(settings)
    with pytest.raises(SettingsError, match=r"mail\.url"):
        load_settings(flags={"mail": {"url": "https://mail.example"}})


@pytest.mark.parametrize("word", ["acme", "tenants/acme"])
def test_a_company_is_named_by_its_id_or_its_whole_name(word: str) -> None:
    """Both mean the same."""
    assert load_settings(flags={"portal": {"tenant": word}}).portal.tenant == "acme"
