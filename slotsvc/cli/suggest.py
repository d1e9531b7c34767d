"""``slotsvc suggest``: ask for slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import Day, Grid, Place, Span, service, service_options

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.slot_service_pb2 import (
        Slot,
        SlotRequest,
        SuggestSlotsRequest,
        SuggestSlotsResponse,
    )
    from slotsvc.pb.v1.visit_service_pb2 import Visit

FREEDOMS = {"insert": "FREEDOM_INSERT_ONLY", "resequence": "FREEDOM_RESEQUENCE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed; names may be short, days are functions of today."""

    at: tuple[float, float] | None = None
    site: str | None = None
    address_text: str | None = None
    visit: str | None = None
    leave_promise: bool = False
    activity: str | None = None
    minutes: float | None = None
    grid: tuple[Span, ...] | None = None
    tags: Sequence[str] = ()
    first_day: Callable[[date], date] | None = None
    last_day: Callable[[date], date] | None = None
    only: Sequence[str] = ()
    prefer: Sequence[str] = ()
    never: Sequence[str] = ()
    client: str = ""
    priority: int = 0
    freedom: str = "resequence"
    reorder_published: bool = False
    slots: int = 5
    per_day: int = 2
    why_not: int = 0
    search_ms: int | None = None
    found: list[str] = field(default_factory=list)
    """What the address turned out to be; filled by ``slot_request``."""


def wish_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """The options that make a ``Wish``."""
    return visit_options(_with(ANSWER_OPTIONS, command))


def visit_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Those of them that say what is needed."""
    return _with(VISIT_OPTIONS, command)


def _with[**P, R](options: Sequence[Callable[..., Any]], command: Callable[P, R]) -> Callable[P, R]:
    for option in reversed(options):
        command = option(command)
    return command


VISIT_OPTIONS = (
    click.option("--at", type=Place(), help="Where: a point."),
    click.option("--site", metavar="SITE", help="Where: a registered site."),
    click.option("--place", "address_text", metavar="TEXT", help="Where: an address to look up."),
    click.option("--visit", metavar="VISIT", help="A visit to move, or one of the backlog."),
    click.option("--leave-promise", is_flag=True,
                 help="With --visit: the client is asked anew, offers may lie anywhere."),
    click.option("--activity", metavar="TYPE", help="Activity type: duration, tags, windows."),
    click.option("--minutes", type=click.FloatRange(1, 1440), help="Time on site."),
    click.option("--grid", type=Grid(), help="Windows to offer: 08:00-10:00,10:00-12:00."),
    click.option("--tag", "tags", multiple=True, help="Tag the technician must have; repeatable."),
    click.option("--from", "first_day", type=Day(), help="First day.  [default: today]"),
    click.option("--to", "last_day", type=Day(), help="Last day.  [default: the horizon]"),
    click.option("--only", multiple=True, metavar="TECHNICIAN", help="Nobody else; repeatable."),
    click.option("--prefer", multiple=True, metavar="TECHNICIAN", help="Rather; repeatable."),
    click.option("--never", multiple=True, metavar="TECHNICIAN", help="Not; repeatable."),
    click.option("--client", default="", help="Your reference of the client."),
    click.option("--priority", type=click.IntRange(0, 1000), default=0,
                 help="Higher is more urgent; above 0 may use the emergency reserve."),
    click.option(
        "--freedom", type=click.Choice(sorted(FREEDOMS)), default="resequence", show_default=True,
        help="May other visits of the day change their order?",
    ),
    click.option("--reorder-published", is_flag=True,
                 help="Days told to technicians may be put in another order too."),
)  # fmt: skip
ANSWER_OPTIONS = (
    click.option("--slots", type=click.IntRange(1, 50), default=5, show_default=True,
                 help="How many slots."),
    click.option("--per-day", type=click.IntRange(1, 50), default=2, show_default=True,
                 help="At most so many a day."),
    click.option("--why-not", type=click.IntRange(0, 500), default=2, show_default=True,
                 help="How many rejections to explain."),
    click.option("--search-ms", type=click.IntRange(1, 3_600_000), metavar="MS",
                 help="Most time to search, milliseconds; the answer says what is not proven."),
)  # fmt: skip


@click.command()
@click.option("--team", metavar="TENANT/TEAM", help="Whose calendars.  [default: the only team]")
@wish_options
@click.option(
    "--pick",
    type=click.IntRange(1, 50),
    metavar="N",
    help="Print slot N's token only (--json: that slot).",
)
@service_options
def suggest(
    team: str | None,
    pick: int | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Rank the slots a team can offer.

    \b
    slotsvc suggest --at 43.7386,7.4246 --minutes 60 --grid 08-10,10-12,13-15
    slotsvc suggest --site rue-imberty --activity repair --pick 1 | slotsvc hold -
    """
    wish = Wish(**typed)
    with service(address, timeout, config_file) as connected:
        request, zone = suggest_request(connected, team, wish)
        answer = connected.ask(connected.slots.SuggestSlots, request)
        moving = _moving(connected, request.request.visit)
    if pick is not None:
        _print_picked(picked(answer.slots, pick), request, zone, as_json)
    elif as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(as_json_answer(answer, request, zone))
    else:
        _show(answer, request, zone, wish, moving)


def _moving(connected: Service, name: str) -> Visit | None:
    from slotsvc.pb.v1.visit_service_pb2 import GetVisitRequest

    if not name:
        return None
    return connected.ask(connected.visits.GetVisit, GetVisitRequest(name=name)).visit


def _print_picked(slot: Slot, request: SuggestSlotsRequest, zone: ZoneInfo, as_json: bool) -> None:
    if not as_json:
        click.echo(slot.token)
        return
    from slotsvc.cli.as_json import as_json as to_json
    from slotsvc.cli.as_json import echo_json

    echo_json({"team": request.team, "time_zone": zone.key, "slot": to_json(slot)})


def picked(slots: Sequence[Slot], rank: int) -> Slot:
    """The slot of that rank."""
    for slot in slots:
        if slot.rank == rank:
            return slot
    raise CommandError(f"There is no slot {rank}: {len(slots)} found.", "NO_SLOT")


def as_json_answer(
    answer: SuggestSlotsResponse, request: SuggestSlotsRequest, zone: ZoneInfo
) -> dict[str, Any]:
    """The answer's JSON with the team and its zone beside it."""
    from slotsvc.cli.as_json import as_json

    return {"team": request.team, "time_zone": zone.key, **as_json(answer)}


def suggest_request(
    connected: Service, team: str | None, wish: Wish
) -> tuple[SuggestSlotsRequest, ZoneInfo]:
    """The request on the wire, and the team's zone."""
    from zoneinfo import ZoneInfo

    from slotsvc.cli.names import chosen_team
    from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsRequest
    from slotsvc.pb.v1.types_pb2 import Freedom

    name = chosen_team(connected, team or team_of_visit(connected, wish.visit))
    zone = ZoneInfo(connected.team(name).time_zone)
    request = SuggestSlotsRequest(
        team=name,
        request=slot_request(connected, name, zone, wish),
        max_slots=wish.slots,
        max_slots_per_day=wish.per_day,
        max_rejections=wish.why_not,
        freedom=Freedom.Value(FREEDOMS[wish.freedom]),
        resequence_published=wish.reorder_published,
    )
    if wish.search_ms is not None:
        request.search_time.FromMilliseconds(wish.search_ms)
    return request, zone


def team_of_visit(connected: Service, visit: str | None) -> str | None:
    """The team that a stored visit belongs to; None: nobody said."""
    from slotsvc.cli.names import chosen_tenant, full_name

    if not visit:
        return None
    found = _moving(connected, full_name(visit, "visits", chosen_tenant(connected, visit)))
    return found.team if found and found.team else None


def slot_request(connected: Service, team: str, zone: ZoneInfo, wish: Wish) -> SlotRequest:
    """The visit wanted, in full names."""
    from slotsvc.cli.names import full_name, tenant_of
    from slotsvc.pb.v1.slot_service_pb2 import SlotRequest

    tenant = tenant_of(team)
    people = "technicians"
    request = SlotRequest(
        activity_type=full_name(wish.activity or "", "activityTypes", tenant),
        visit=full_name(wish.visit or "", "visits", tenant),
        required_tags=wish.tags,
        required_technicians=[full_name(who, people, tenant) for who in wish.only],
        preferred_technicians=[full_name(who, people, tenant) for who in wish.prefer],
        forbidden_technicians=[full_name(who, people, tenant) for who in wish.never],
        client=wish.client,
        priority=wish.priority,
        leave_promise=wish.leave_promise,
    )
    _put_place(request, connected, tenant, wish)
    _put_time(request, zone, wish)
    return request


def _put_place(request: SlotRequest, connected: Service, tenant: str, wish: Wish) -> None:
    from slotsvc.cli.names import full_name

    given = [wish.at is not None, bool(wish.site), bool(wish.address_text), bool(wish.visit)]
    if sum(given) != 1:
        raise click.UsageError("Give one of --at, --site, --place or --visit.")
    if wish.site:
        request.site = full_name(wish.site, "sites", tenant)
    if wish.at is not None:
        request.location.latitude, request.location.longitude = wish.at
    if wish.address_text:
        _look_up(request, connected, wish)


def _look_up(request: SlotRequest, connected: Service, wish: Wish) -> None:
    from slotsvc.pb.v1.map_service_pb2 import GeocodeRequest

    query = GeocodeRequest(query=wish.address_text or "", max_results=1)
    found = connected.ask(connected.map.Geocode, query).results
    if not found:
        raise CommandError(
            f"No place found for {wish.address_text!r}.",
            "PLACE_NOT_FOUND",
            Exit.ERROR,
            "Try fewer words (`slotsvc map find`), or give --at LAT,LON.",
        )
    request.location.CopyFrom(found[0].location)
    wish.found.append(found[0].display_name)


def _put_time(request: SlotRequest, zone: ZoneInfo, wish: Wish) -> None:
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.wire import pb_date, pb_interval

    today = utc_now().astimezone(zone).date()
    if wish.first_day:
        request.first_date.CopyFrom(pb_date(wish.first_day(today)))
    if wish.last_day:
        request.last_date.CopyFrom(pb_date(wish.last_day(today)))
    if wish.minutes is not None:
        request.service_duration.FromTimedelta(timedelta(minutes=wish.minutes))
    if wish.grid:
        request.offer_grid.cells.extend(pb_interval(*span) for span in wish.grid)


def _show(
    answer: SuggestSlotsResponse,
    request: SuggestSlotsRequest,
    zone: ZoneInfo,
    wish: Wish,
    moving: Visit | None,
) -> None:
    from slotsvc.cli.render_answer import answer_lines
    from slotsvc.cli.screen import console, show

    screen = console()
    lines = answer_lines(answer, request, zone, screen.width, found=wish.found, moving=moving)
    show(lines, screen)
