"""The templates: compiled once, escaped always, and speaking dates as people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from slotsvc.portal.formats import (
    called_number,
    local,
    spoken_date,
    spoken_datetime,
    spoken_number,
    spoken_span,
    spoken_time,
    spoken_window,
)
from slotsvc.portal.languages import NAMES, pick

TEMPLATES = Path(__file__).parent / "templates"
EXTENSION = ".html"


class Templates:
    """All templates of the portal. ``asset``: gives the address of a static file by its plain
    name."""

    def __init__(self, asset: Callable[[str], str]) -> None:
        self._asset = asset
        for name in _kept().list_templates(extensions=[EXTENSION[1:]]):
            _kept().get_template(name)

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        """The template with its values. Raises ``jinja2.UndefinedError`` for one that is missing
        where it is used."""
        return _kept().get_template(name).render(values, asset=self._asset)


@cache
def _kept() -> Environment:
    """One for the process: what was compiled stays in it."""
    return environment()


def environment() -> Environment:
    """Where templates are read from and what they may call."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n"],
    )
    made.extend(newstyle_gettext=True)
    made.globals.update(pick=pick, language_names=NAMES)
    made.filters.update(
        format_date=format_date,
        format_time=format_time,
        format_datetime=format_datetime,
        format_window=format_window,
        format_span=format_span,
        format_number=format_number,
        spoken_number=spoken_number,
        called_number=called_number,
    )
    return made


@pass_context
def format_date(context: Context, value: date | datetime, long: bool = False) -> str:
    """ "Mon 23 Nov", of an instant or a date. ``long``: "Monday 23 November"."""
    day = local(value, context["zone"]).date() if isinstance(value, datetime) else value
    return spoken_date(day, context["locale"], _this_year(context), long=long)


@pass_context
def format_time(context: Context, instant: datetime) -> str:
    """ "10:00"."""
    return spoken_time(instant, context["zone"])


@pass_context
def format_datetime(context: Context, instant: datetime, long: bool = False) -> str:
    """ "Mon 23 Nov, 10:00"."""
    zone, locale = context["zone"], context["locale"]
    return spoken_datetime(instant, zone, locale, _this_year(context), long=long)


@pass_context
def format_window(context: Context, start: datetime, end: datetime, long: bool = False) -> str:
    """ "Mon 23 Nov, 10:00–12:00"."""
    zone, locale = context["zone"], context["locale"]
    return spoken_window(start, end, zone, locale, _this_year(context), long=long)


@pass_context
def format_span(context: Context, start: datetime, end: datetime) -> str:
    """ "10:00–12:00"; for lists under a date."""
    return spoken_span(start, end, context["zone"])


def format_number(number: str) -> str:
    """ "+33 6 39 98 00 01", kept on one line; e-mail addresses stay as they are."""
    if not number or "@" in number:
        return number
    return Markup('<span class="whole">%s</span>') % spoken_number(number)


def _this_year(context: Context) -> int:
    return local(context["now"], context["zone"]).year
