"""The address of Redis or Valkey. It may hold a password: its text is in no error."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import SecretStr

_TLS_OPTIONS = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname"}
)


def checked_redis_url(value: SecretStr) -> SecretStr:
    """A URL that the client understands. Of its options only those of TLS are taken: others would
    change what the service relies on. Raises ``ValueError``."""
    told = urlsplit(value.get_secret_value())
    somewhere = told.path if told.scheme == "unix" else told.hostname
    if told.scheme not in ("redis", "rediss", "unix") or not somewhere or not _port_is_sound(told):
        raise ValueError("must be redis://host:port/0, rediss://host:port/0 or unix:///path")
    if told.scheme != "unix" and not (told.path.strip("/").isdecimal() or told.path in ("", "/")):
        raise ValueError("the number of the database stands behind the port: redis://host:port/0")
    for name, _ in parse_qsl(told.query, keep_blank_values=True):
        if name not in _TLS_OPTIONS and (told.scheme, name) != ("unix", "db"):
            raise ValueError(f"its options may be {', '.join(sorted(_TLS_OPTIONS))}")
    return value


def shown_redis_url(value: SecretStr) -> str:
    """Where it is, without name, password and options: to be printed."""
    told = urlsplit(value.get_secret_value())
    return f"{told.scheme}://{told.netloc.rpartition('@')[2]}{told.path}"


def _port_is_sound(told: SplitResult) -> bool:
    try:
        return told.port is None or told.port > 0
    except ValueError:
        return False
