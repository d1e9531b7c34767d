"""Every setting, read once: defaults < TOML file < ``SLOTSVC_*`` variables < command line flags.

Nothing else reads the environment. A nested setting is written with two underscores
(``SLOTSVC_SEARCH__DEADLINE_SECONDS``); every variable also works with ``_FILE`` behind its name and
a path as its value, so that secrets need not stand in the environment. An unknown ``SLOTSVC_*``
variable is refused: a typing mistake must not leave a default in force.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from slotsvc.config.addresses import is_loopback, split_address
from slotsvc.config.groups import (
    Admission,
    ClientTls,
    Group,
    Holds,
    Jobs,
    Log,
    Roads,
    Search,
    Tls,
    Watch,
)
from slotsvc.config.portal_groups import Mail, Portal, Sms, checked_key
from slotsvc.config.redis_url import checked_redis_url
from slotsvc.config.unknown import unknown_setting

__all__ = [
    "Admission",
    "ClientTls",
    "Holds",
    "Jobs",
    "Log",
    "Mail",
    "Portal",
    "Roads",
    "Search",
    "Settings",
    "SettingsError",
    "Sms",
    "Tls",
    "Watch",
    "is_loopback",
    "load_settings",
    "setting_fields",
    "split_address",
    "unknown_variables",
    "variable",
]

PREFIX = "SLOTSVC_"
NESTED = "__"
CONFIG_VARIABLE = "SLOTSVC_CONFIG"
"""Names the TOML file when no ``--config`` flag does."""

_LONGEST_SECRET_FILE = 64 * 1024
_URL_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")


class SettingsError(Exception):
    """The settings are wrong. ``problems``: one line each, naming the setting, never its value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """The whole tree, frozen. Read it with ``load_settings``."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", nested_model_default_partial_update=True
    )

    data_dir: Path = Field(
        Path("~/.local/share/slotsvc"), description="Where the service keeps its files."
    )
    database_path: Path | None = Field(
        None, description="SQLite file. Unset: `slotsvc.db` in `data_dir`."
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL to use instead of a file, `postgresql://user@host/database`; "
        "several processes may share it. Unset: the SQLite file.",
    )
    database_connections: int = Field(
        16, ge=3, le=200, description="Connections to PostgreSQL, at most, of one process."
    )
    key_ring_path: Path | None = Field(
        None,
        description="Keys of slot tokens, mode 0600, made at the first start. "
        "Unset: `keys.json` in `data_dir`.",
    )
    map_path: Path | None = Field(
        None, description="Directory of a compiled map (`slotsvc map build`). Unset: none."
    )
    osrm_url: str | None = Field(
        None, description="OSRM server to use instead of a child process. Unset: a child."
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis 7 or Valkey that replicas share, `redis://user:password@host:6379/0`, "
        "`rediss://` with TLS or `unix:///path`: quicker, never needed. Unset: none.",
    )
    redis_prefix: str = Field(
        "slotsvc:",
        pattern=r"^[A-Za-z0-9_.:-]{1,40}$",
        description="What its keys and channels begin with; the same for replicas of one database.",
    )
    snap_limit_m: float = Field(
        500.0, gt=0, le=100_000, description="A place further from any road is off the map, metres."
    )
    grpc_addr: str = Field("127.0.0.1:50051", description="Where gRPC listens, `host:port`.")
    http_addr: str = Field(
        "127.0.0.1:9090",
        description="Where `/metrics`, `/livez`, `/readyz` and `/version` are served, `host:port`. "
        "`off`: nowhere.",
    )
    auth: Literal["keys", "off"] = Field(
        "keys",
        description="`keys`: every call needs an API key (`slotsvc key first` makes one). "
        "`off`: anybody who can connect may do anything.",
    )
    allow_insecure: bool = Field(
        False, description="Listen on other than loopback addresses without TLS or without keys."
    )
    api_key: SecretStr | None = Field(
        None, description="Key that the command line sends with its calls. Unset: none."
    )
    reflection: bool = Field(False, description="Let clients ask for the service's descriptors.")
    drain_seconds: float = Field(
        10.0, ge=0, le=300, description="Time that running calls get at the end, seconds."
    )
    tls: Tls = Tls()
    client_tls: ClientTls = ClientTls()
    search: Search = Search()
    roads: Roads = Roads()
    admission: Admission = Admission()
    holds: Holds = Holds()
    watch: Watch = Watch()
    jobs: Jobs = Jobs()
    log: Log = Log()
    portal: Portal = Portal()
    mail: Mail = Mail()
    sms: Sms = Sms()

    @field_validator("grpc_addr", "http_addr")
    @classmethod
    def _address(cls, value: str, info: Any) -> str:
        if value != "off" or info.field_name == "grpc_addr":
            split_address(value)
        return value

    @field_validator("data_dir", "database_path", "key_ring_path", "map_path")
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser()

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("postgresql://", "postgres://")
        if value is not None and not value.get_secret_value().startswith(schemes):
            raise ValueError("must be postgresql://user@host/database; a file is database_path")
        return value

    @field_validator("api_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else checked_key(value)

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else checked_redis_url(value)

    @model_validator(mode="after")
    def _listens_safely(self) -> Self:
        if self.allow_insecure or is_loopback(self.grpc_addr):
            return self
        if not self.tls.enabled:
            raise ValueError(
                "grpc_addr is not a loopback address and TLS is off: set tls, or allow_insecure"
            )
        if self.auth == "off":
            raise ValueError(
                "grpc_addr is not a loopback address and auth is off: set auth to keys, "
                "or allow_insecure"
            )
        return self

    @model_validator(mode="after")
    def _opens_safely(self) -> Self:
        if not self.allow_insecure and not self.portal.safe_from_outside:
            raise ValueError(
                "portal.http_addr is not a loopback address and portal.public_url is not https: "
                "put a proxy with TLS in front and set public_url, or allow_insecure"
            )
        there, trusted = self.portal.service_address, self.client_tls.ca_path
        if not self.allow_insecure and there and trusted is None and not is_loopback(there):
            raise ValueError(
                "portal.service_address is not a loopback address and the portal's keys would go "
                "there unencrypted: set client_tls.ca_path, or allow_insecure"
            )
        return self

    @property
    def database_file(self) -> Path:
        """The SQLite file in use."""
        return self.database_path or self.data_dir.expanduser() / "slotsvc.db"

    @property
    def key_ring_file(self) -> Path:
        """The key ring in use."""
        return self.key_ring_path or self.data_dir.expanduser() / "keys.json"

    @property
    def portal_database_file(self) -> Path:
        """The portal's SQLite file."""
        return self.portal.database_path or self.data_dir.expanduser() / "portal.db"

    @property
    def portal_key_ring_file(self) -> Path:
        """The portal's secrets."""
        return self.portal.key_ring_path or self.data_dir.expanduser() / "portal-keys.json"

    @property
    def portal_service_keys_file(self) -> Path:
        """The API keys that ``slotsvc up`` made for its own portal."""
        return self.data_dir.expanduser() / "portal-service-keys.json"

    def printable(self) -> dict[str, Any]:
        """The tree as plain values, passwords inside addresses masked."""
        tree: dict[str, Any] = _masked(self.model_dump(mode="json"))
        return tree

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then variables, then the TOML file."""
        return init_settings, _Variables(settings_cls), TomlConfigSettingsSource(settings_cls)


def load_settings(
    config_file: Path | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Read every source once.

    ``config_file``: the TOML file; None: the one ``SLOTSVC_CONFIG`` names, or none.
    ``flags``: what the command line said, by name, nested groups as mappings; None values count as
    not said. Raises ``SettingsError`` with every problem at once.
    """
    path = config_file or (Path(named) if (named := os.environ.get(CONFIG_VARIABLE)) else None)
    problems = [unknown_setting(name, _variables()) for name in unknown_variables(os.environ)]
    problems += [f"{name}: also given as {name}_FILE" for name in _doubly_given(os.environ)]
    if path is not None and not path.is_file():
        problems.append(f"{path}: no such file")
    if problems:
        raise SettingsError(problems)

    class Sourced(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return Sourced(**_said(flags or {}))
    except ValidationError as error:
        raise SettingsError([_problem(e) for e in error.errors()]) from None
    except (TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: {_first_line(error)}"]) from None
    except (ValueError, OSError) as error:
        raise SettingsError([_first_line(error)]) from None


def setting_fields() -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every setting's path and description, groups after plain settings, in order."""
    groups = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            groups.append((name, field.annotation))
        else:
            yield (name,), field
    for name, group in groups:
        for inner, field in group.model_fields.items():
            yield (name, inner), field


def variable(path: tuple[str, ...]) -> str:
    """The environment variable of a setting."""
    return PREFIX + NESTED.join(path).upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """``SLOTSVC_*`` variables that name no setting; ``SLOTSVC_TEST_*`` belongs to the tests."""
    known = _variables()
    ours = sorted(name for name in environ if name.upper().startswith(PREFIX))
    return [n for n in ours if n not in known and not n.startswith(PREFIX + "TEST_")]


def _variables() -> set[str]:
    named = {variable(path) for path, _ in setting_fields()}
    return {CONFIG_VARIABLE} | named | {f"{name}_FILE" for name in named}


class _Variables(PydanticBaseSettingsSource):
    """``SLOTSVC_X=value``, or ``SLOTSVC_X_FILE=path`` for the text of a file. Empty: not set."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, _ in setting_fields():
            if (value := _value_of(variable(path))) is not None:
                group = found if len(path) == 1 else found.setdefault(path[0], {})
                group[path[-1]] = value
        return found


def _value_of(name: str) -> str | None:
    if named := os.environ.get(name + "_FILE"):
        return _secret(name + "_FILE", Path(named))
    return os.environ.get(name) or None


def _secret(name: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LONGEST_SECRET_FILE).rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{name}: {_told_path(path)} cannot be read") from None


def _told_path(path: Path) -> str:
    # who writes the secret itself where its file's path belongs must not see it printed
    text = f"{path}"
    return text if path.is_absolute() or text.startswith(("./", "~")) else "that file"


def _doubly_given(environ: Mapping[str, str]) -> list[str]:
    names = (variable(path) for path, _ in setting_fields())
    return [name for name in names if environ.get(name) and environ.get(name + "_FILE")]


def _said(flags: Mapping[str, Any]) -> dict[str, Any]:
    said = {k: _said(v) if isinstance(v, Mapping) else v for k, v in flags.items() if v is not None}
    return {k: v for k, v in said.items() if v != {}}


def _problem(error: ErrorDetails) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return unknown_setting(name, {".".join(path) for path, _ in setting_fields()})
    reason = error["msg"].removeprefix("Value error, ")
    return f"{name}: {reason}" if name else reason


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    return _URL_PASSWORD.sub("***", value) if isinstance(value, str) else value
