"""Log lines: JSON for machines, columns for people; never a place, a name or a number to call.

Lines are written with named values, and names that could hold personal data are left out whatever
their value. Texts of exceptions are written by others, so what looks like a coordinate, an address
of e-mail or a telephone number is masked in them.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

_PLACES = ("address", "lat", "latitude", "location", "lon", "longitude", "place", "query", "site")
_PEOPLE = ("client", "contact", "display_name", "email", "external_ref", "name", "note", "phone")
_PERSONAL = frozenset((*_PLACES, *_PEOPLE, "token"))
_COORDINATE = re.compile(r"(?<![\w.])-?\d{1,3}\.\d{3,}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"(?<![\w.-])\+?\d(?:[ .-]?\d){7,14}(?![\w-])")


def configure_logging(
    style: str = "auto", level: str = "info", stream: TextIO | None = None
) -> None:
    """Send structlog's and the standard library's lines to ``stream`` (None: standard output).

    ``style``: ``json``, ``console``, or ``auto``: console when ``stream`` is a terminal.
    """
    stream = stream or sys.stdout
    as_json = style == "json" or (style == "auto" and not stream.isatty())
    shared = _shared_steps()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_last_steps(as_json, stream)
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # these write a line for every request they make, with the address in it, or for every start
    for chatty in ("httpx", "httpcore", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _shared_steps() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_personal_data,
    ]


def _last_steps(as_json: bool, stream: TextIO) -> list[Processor]:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    text: list[Processor] = [remove, structlog.processors.format_exc_info, _masked_exception]
    if as_json:
        return [*text, structlog.processors.JSONRenderer()]
    return [*text, structlog.dev.ConsoleRenderer(colors=stream.isatty())]


def without_personal_data(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """Leaves out values under names that could hold personal data."""
    return {name: value for name, value in line.items() if name not in _PERSONAL}


def masked(text: str) -> str:
    """``text`` without what looks like a coordinate, an e-mail address or a telephone number."""
    for pattern in (_EMAIL, _COORDINATE, _PHONE):
        text = pattern.sub("***", text)
    return text


def _masked_exception(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    for name in ("exception", "event"):
        if isinstance(line.get(name), str):
            line[name] = masked(line[name])
    return line
