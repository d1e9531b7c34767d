"""The setting ``redis_url``: what is taken, and that its password is told to nobody."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from slotsvc.config import SettingsError, load_settings
from slotsvc.config.redis_url import shown_redis_url

PASSWORD = "a-very-secret-word"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://user:pa%40ss@10.0.0.1:6379/0",
        "rediss://:word@cache.example:6380/2?ssl_ca_certs=/etc/ca.pem",
        "redis://[::1]:6379/",
        "unix:///run/valkey.sock?db=1",
    ],
)
def test_what_the_client_understands_is_taken(url: str) -> None:
    """Plain, with TLS and its options, by a socket; with or without a password and a number."""
    given = load_settings(flags={"redis_url": url}).redis_url

    assert given is not None
    assert given.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://localhost:6379",
        "redis://",
        f"redis://:{PASSWORD}@host:70000/0",
        f"redis://:{PASSWORD}@host:x/0",
        f"redis://:{PASSWORD}@host/first",
        f"redis://:{PASSWORD}@host/0?decode_responses=1",
        f"redis://:{PASSWORD}@host/0?protocol=3",
        "unix://",
    ],
)
def test_anything_else_stops_the_start_without_being_told(url: str) -> None:
    """The setting is named, its value is not: it may hold a password."""
    with pytest.raises(SettingsError) as refused:
        load_settings(flags={"redis_url": url})

    assert [problem.partition(":")[0] for problem in refused.value.problems] == ["redis_url"]
    assert PASSWORD not in str(refused.value)


def test_the_password_is_in_no_print() -> None:
    """Neither the settings, as ``config show`` prints them, nor the start's lines tell it."""
    url = f"rediss://user:{PASSWORD}@cache.example:6380/2?ssl_keyfile=/etc/k.pem"
    settings = load_settings(flags={"redis_url": url})

    assert PASSWORD not in repr(settings)
    assert PASSWORD not in repr(settings.printable())
    assert shown_redis_url(SecretStr(url)) == "rediss://cache.example:6380/2"


@pytest.mark.parametrize("prefix", ["", "a b", "x" * 41, "*", "ä:"])
def test_a_prefix_is_plain_text(prefix: str) -> None:
    """It stands in every key and channel."""
    with pytest.raises(SettingsError, match="redis_prefix"):
        load_settings(flags={"redis_prefix": prefix})


def test_without_the_setting_there_is_no_redis() -> None:
    """The default: one process needs none."""
    assert load_settings().redis_url is None
