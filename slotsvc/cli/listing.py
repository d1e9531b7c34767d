"""``slotsvc list``: the names that other commands take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.options import service, service_options

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from slotsvc.cli.channel import Service

TITLES = {
    "sites": ("Site", "Called", "At"),
    "activities": ("Activity", "Called", "Lasts, and its booking rules"),
    "technicians": ("Technician", "Called", "Tags"),
    "teams": ("Team", "Called", "Time zone"),
    "vans": ("Van", "Called", "Equipment"),
    "closures": ("Closure", "Whose", "When"),
    "loans": ("Loan", "Who, to whom", "When"),
}
KINDS = tuple(TITLES)


@click.command("list", short_help="Show names: sites, technicians, teams, vans, loans …")
@click.argument("kind", type=click.Choice(KINDS), metavar="|".join(KINDS))
@click.option("--tenant", metavar="TENANT", help="Whose.  [default: the only tenant]")
@service_options
def list_command(
    kind: str,
    tenant: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Show the names that other commands take."""
    with service(address, timeout, config_file) as connected:
        found = _all(connected, kind, tenant)
    if as_json:
        from slotsvc.cli.as_json import as_json as to_json
        from slotsvc.cli.as_json import echo_json

        echo_json({kind: [to_json(one) for one in found]})
    else:
        _show(kind, found)


def _all(connected: Service, kind: str, tenant: str | None) -> list[Message]:
    """Every one, page by page."""
    from slotsvc.cli import company_kinds as kinds
    from slotsvc.cli.names import named_tenant

    of = {
        "sites": kinds.SITE,
        "activities": kinds.ACTIVITY,
        "technicians": kinds.TECHNICIAN,
        "teams": kinds.TEAM,
        "vans": kinds.VAN,
        "closures": kinds.CLOSURE,
        "loans": kinds.LOAN,
    }
    return of[kind].all_of(connected, named_tenant(connected, tenant))


def _show(kind: str, found: Sequence[Any]) -> None:
    from slotsvc.cli.screen import Column, console, show, table

    first, called, more = TITLES[kind]
    columns = (Column(first, style="bold"), Column(called, gives=True), Column(more, style="dim"))
    rows = [(_id(kind, one), _called(kind, one), _more(kind, one)) for one in found]
    screen = console()
    show(table(columns, rows, screen.width) if rows else [f"No {kind} yet."], screen)


def _id(kind: str, one: Any) -> str:
    """What the commands take: a team with its tenant, all others alone."""
    parts = one.name.split("/")
    return f"{parts[1]}/{parts[3]}" if kind == "teams" else str(parts[-1])


def _called(kind: str, one: Any) -> str:
    from slotsvc.cli.words import short

    if kind == "closures":
        return f"team {short(one.team)}" if one.team else "the company"
    if kind == "loans":
        shared = ", shared" if one.shared else ""
        return f"{one.name.split('/')[3]} to team {short(one.to_team)}{shared}"
    return str(one.display_name)


def _more(kind: str, one: Any) -> str:
    from slotsvc.cli.words import duration_words, place_words

    if kind == "sites":
        return place_words(one.location)
    if kind == "activities":
        return "; ".join((duration_words(one.service_duration), *_rules(one)))
    if kind == "teams":
        holidays = f", holidays {one.public_holidays}" if one.public_holidays else ""
        return f"{one.time_zone}{holidays}"
    return _when(one) if kind in ("closures", "loans") else ", ".join(_tags(one))


def _tags(one: Any) -> list[str]:
    """Plain tags, then certificates: "gas:2 until 2026-12-31"."""
    from slotsvc.cli.words import to_date

    told = list(one.tags)
    for held in one.certificates:
        since = f" from {to_date(held.valid_from)}" if held.HasField("valid_from") else ""
        until = f" until {to_date(held.valid_until)}" if held.HasField("valid_until") else ""
        told.append(f"{held.tag}:{held.level}{since}{until}")
    return told


def _when(one: Any) -> str:
    """First and last date, or two moments in UTC."""
    from slotsvc.cli.words import instant, to_date

    if one.HasField("first_date"):
        first, last = to_date(one.first_date), to_date(one.last_date)
        return f"{first}" if first == last else f"{first} to {last}"
    start, end = instant(one.window.start_time), instant(one.window.end_time)
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def _rules(activity: Any) -> Iterator[str]:
    """Booking rules in words; those that are not set are left out."""
    from slotsvc.cli.words import count_words, duration_words, span_words, to_date

    if activity.HasField("cut_off"):
        minutes = activity.cut_off.seconds // 60
        days = activity.cut_off_days if activity.HasField("cut_off_days") else 1
        before = {0: "the same day", 1: "the day before"}.get(days, f"{days} days before")
        yield f"until {minutes // 60:02d}:{minutes % 60:02d} {before}"
    if activity.daily_quota:
        yield f"{activity.daily_quota} a day"
    if activity.sector_days:
        yield count_words(len(activity.sector_days), "sector on its days", "sectors on their days")
    for span in activity.blackouts:
        first = to_date(span.first_date)
        last = to_date(span.last_date) if span.HasField("last_date") else first
        yield f"not {first}" if first == last else f"not {first} to {last}"
    if activity.HasField("hold_duration"):
        yield f"held {span_words(activity.hold_duration.seconds)}"
    if activity.HasField("setup_duration"):
        yield f"{duration_words(activity.setup_duration)} setup"
    if activity.pausable:
        yield "may be paused"
