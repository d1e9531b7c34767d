"""Options that many commands share, and the kinds of values they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import contextmanager
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slotsvc.cli.channel import Caller, Service
    from slotsvc.config import Settings

type Span = tuple[time, time]
"""A span of the wall clock, [start, end); an end not later than the start is on the next day."""

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object instead of text."
)
config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML file with settings.",
)
request_id_option = click.option(
    "--request-id", help="Id of this call: repeating it repeats the answer.  [default: a new one]"
)


CALLER = "slotsvc.cli.caller"
"""Where the options about key and TLS are kept in the context of a command."""


def _kept(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and param.name is not None:
        ctx.meta.setdefault(CALLER, {})[param.name] = value


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
caller_options = (
    click.option("--tls-key", "private_key", type=_FILE, callback=_kept, expose_value=False,
                 help="Private key of --tls-cert, PEM."),
    click.option("--tls-cert", "certificate", type=_FILE, callback=_kept, expose_value=False,
                 help="Certificate to show, PEM, where the service wants one."),
    click.option("--tls-ca", "ca", type=_FILE, callback=_kept, expose_value=False,
                 help="Encrypt, and trust who signed with these, PEM."),
    click.option("--api-key-file", "key_file", type=_FILE, callback=_kept, expose_value=False,
                 help="File with the API key.  [default: SLOTSVC_API_KEY]"),
)  # fmt: skip


def service_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Adds --address, --timeout, --config, --json, the key's and TLS's options to a command that
    calls the service."""
    for option in (
        json_option,
        config_option,
        *caller_options,
        click.option(
            "--timeout", type=click.FloatRange(0.01, 3600), default=10.0, show_default=True,
            help="Seconds to wait for each answer.",
        ),
        click.option(
            "--address", type=Address(), help="The service.  [default: 127.0.0.1:50051]"
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@contextmanager
def service(address: str | None, timeout: float, config_file: Path | None) -> Iterator[Service]:
    """The service the options name; the settings say where it is when --address does not."""
    from slotsvc.cli.channel import connect

    chosen = settings(config_file)
    with connect(address or chosen.grpc_addr, timeout, caller(chosen)) as connected:
        yield connected


def caller(chosen: Settings) -> Caller:
    """Key and certificates of this command: its options, else the settings."""
    from slotsvc.cli.channel import Caller

    given: dict[str, Any] = click.get_current_context().meta.get(CALLER, {})
    key = chosen.api_key.get_secret_value() if chosen.api_key else None
    if "key_file" in given:
        key = _key_in(given["key_file"])
    tls = chosen.client_tls
    return Caller(
        key.strip() if key else None,
        given.get("ca", tls.ca_path),
        given.get("certificate", tls.certificate_path),
        given.get("private_key", tls.key_path),
        chosen.allow_insecure,
    )


def _key_in(file: Path) -> str:
    from slotsvc.cli.failure import CommandError, Exit

    try:
        (key,) = file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        hint = "One line with nothing but the key."
        raise CommandError(f"{file} holds no API key.", "API_KEY", Exit.USAGE, hint) from None
    return key


def settings(config_file: Path | None, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force. Raises ``CommandError`` with every problem at once."""
    from slotsvc.cli.failure import CommandError, Exit
    from slotsvc.config import SettingsError, load_settings

    try:
        return load_settings(config_file, flags)
    except SettingsError as error:
        problems = [_split(problem) for problem in error.problems]
        hint = "`slotsvc config show` explains every setting."
        raise CommandError(
            "The settings are wrong.", "SETTINGS", Exit.USAGE, hint, violations=problems
        ) from None


def _split(problem: str) -> tuple[str, str]:
    name, colon, text = problem.partition(": ")
    return (name, text) if colon and " " not in name else ("", problem)


class Address(click.ParamType[str]):
    """``HOST:PORT``, an IPv6 host in brackets. ``or_off``: ``off`` is fine too."""

    name = "HOST:PORT"

    def __init__(self, *, or_off: bool = False) -> None:
        self.or_off = or_off

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if self.or_off and text == "off":
            return text
        port = re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[^:\[\]\s/]+):(\d{1,5})", text)
        if port is None or int(port[1]) > 65535:
            self.fail(f"{text!r} is not HOST:PORT such as 127.0.0.1:50051", param, ctx)
        return text


class Place(click.ParamType[tuple[float, float]]):
    """``LAT,LON`` in WGS 84 degrees."""

    name = "LAT,LON"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        parts = re.split(r"[,;\s]+", value.strip())
        try:
            lat, lon = map(float, parts)
        except ValueError:
            self.fail(f"{value!r} is not LAT,LON such as 43.7386,7.4246", param, ctx)
        return lat, lon


class Grid(click.ParamType[tuple[Span, ...]]):
    """``08:00-10:00,10:00-12:00``: spans of the wall clock; the minutes may be left out."""

    name = "GRID"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Span, ...]:
        if isinstance(value, tuple):
            return value
        try:
            spans = tuple(wall_span(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list such as 08:00-10:00,10:00-12:00", param, ctx)
        for part, span in zip(value.split(","), spans, strict=True):
            if _over_midnight_hours(span) > LONGEST_NIGHT_HOURS:
                self.fail(f"{part!r} ends before it starts", param, ctx)
        return spans


LONGEST_NIGHT_HOURS = 16
"""A longer span over midnight is taken for a mistake; 22:00-06:00 is a night."""


def wall_span(text: str) -> Span:
    """``08:00-10:00`` or ``8-10``. Raises ``ValueError``."""
    start, end = text.split("-")
    return wall_clock(start), time() if end.strip() in ("24", "24:00") else wall_clock(end)


def _over_midnight_hours(span: Span) -> float:
    """How long a span over midnight is; 0 for one that ends at midnight or before."""
    start, end = (moment.hour + moment.minute / 60 for moment in span)
    return 24 - start + end if 0 < end <= start else 0


def wall_clock(text: str) -> time:
    """``08:15`` or ``8``. Raises ``ValueError``."""
    hours, _, minutes = text.strip().partition(":")
    return time(int(hours), int(minutes or 0))


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Day(click.ParamType[Callable[[date], date]]):
    """A day: ``2026-11-24``, ``today``, ``tomorrow``, a weekday (the next one, today included),
    or ``+3``. Converts to a function from today to the day, since "today" needs a time zone.
    """

    name = "DAY"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Callable[[date], date]:
        text = str(value).strip().lower()
        days = {"today": 0, "tomorrow": 1}.get(text)
        if days is None and re.fullmatch(r"\+\d{1,3}", text):
            days = int(text)
        if days is not None:
            ahead = timedelta(days=days)
            return lambda today: today + ahead
        return self._named(text, param, ctx)

    def _named(
        self, text: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Callable[[date], date]:
        if len(text) >= 3 and (found := [i for i, w in enumerate(WEEKDAYS) if w.startswith(text)]):
            weekday = found[0]
            return lambda today: today + timedelta(days=(weekday - today.weekday()) % 7)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is not a day such as 2026-11-24, tomorrow, fri, +3", param, ctx)
        return lambda today: day
