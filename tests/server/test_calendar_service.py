"""What a company sets up, over a real channel and a real store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from google.type.date_pb2 import Date
from google.type.dayofweek_pb2 import DayOfWeek
from google.type.latlng_pb2 import LatLng
from google.type.timeofday_pb2 import TimeOfDay
from grpc import aio

from slotsvc.domain.errors import InUseError
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.pb.v1 import types_pb2
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceServicer, CalendarServiceStub
from slotsvc.scheduling.calendars import Calendars
from slotsvc.scheduling.mutation import Mutation
from slotsvc.server.calendar_kinds import KINDS
from slotsvc.server.calendar_service import calendar_servicer
from slotsvc.store.sqlite_store import SqliteStore

type Serve = Callable[..., Awaitable[aio.Channel]]

TENANT = "tenants/acme"
TEAM = f"{TENANT}/teams/north"
ANNA = f"{TENANT}/technicians/anna"


def interval(start: int, end: int) -> types_pb2.LocalInterval:
    return types_pb2.LocalInterval(start=TimeOfDay(hours=start), end=TimeOfDay(hours=end))


def a_break(start: int, end: int, minutes: int) -> types_pb2.BreakRule:
    return types_pb2.BreakRule(begins=interval(start, end), duration=Duration(seconds=60 * minutes))


def a_tenant() -> pb.Tenant:
    return pb.Tenant(
        display_name="Acme",
        tags=["gas", "air"],
        sectors=["harbour", "old-town"],
        public_holidays="FR-57",
    )


def a_team() -> pb.Team:
    return pb.Team(
        display_name="North",
        time_zone="Europe/Monaco",
        public_holidays="none",
        emergency_reserve=Duration(seconds=3600),
    )


def some_certificates() -> list[pb.Certificate]:
    return [
        pb.Certificate(tag="gas", level=2, valid_until=Date(year=2026, month=12, day=31)),
        pb.Certificate(tag="air", level=1, valid_from=Date(year=2026, month=1, day=1)),
    ]


def a_van() -> pb.Van:
    return pb.Van(display_name="Van 1", tags=["air"], certificates=some_certificates())


def a_technician() -> pb.Technician:
    return pb.Technician(
        display_name="Anna",
        team=TEAM,
        start_location=LatLng(latitude=43.73, longitude=7.42),
        working_time=pb.WorkingTime(
            monday=pb.DayHours(hours=interval(8, 17), breaks=[a_break(12, 13, 30)]),
            wednesday=pb.DayHours(
                hours=interval(8, 12),
                end_location=LatLng(latitude=43.7, longitude=7.3),
                more=[
                    pb.ShiftHours(
                        hours=interval(14, 18),
                        breaks=[a_break(15, 16, 20)],
                        start_location=LatLng(latitude=43.71, longitude=7.31),
                    )
                ],
            ),
            friday=pb.DayHours(hours=interval(22, 6)),
        ),
        tags=["gas"],
        max_travel=Duration(seconds=3 * 3600),
        max_visits=8,
        max_overtime=Duration(seconds=3600),
        van=f"{TENANT}/vans/van-1",
        certificates=some_certificates(),
        sectors=pb.SectorWeek(
            monday=pb.SectorList(sectors=["harbour", "old-town"]), tuesday=pb.SectorList()
        ),
        unpaid_first_leg=True,
        unpaid_last_leg=True,
        pace=120,
    )


def a_site() -> pb.Site:
    return pb.Site(
        display_name="Harbour",
        location=LatLng(latitude=43.735, longitude=7.425),
        time_zone="Europe/Monaco",
        opening_hours=[pb.OpeningDay(intervals=[interval(9, 12), interval(14, 18)])] * 7,
        client="c-1",
        address="1 Quai\nMonaco",
        access_duration=Duration(seconds=300),
        sector="harbour",
    )


def an_activity_type() -> pb.ActivityType:
    return pb.ActivityType(
        display_name="Boiler service",
        service_duration=Duration(seconds=3600),
        required_tags=["gas"],
        offer_grid=types_pb2.OfferGrid(cells=[interval(8, 10), interval(10, 12)]),
        notice=Duration(seconds=7200),
        cut_off=Duration(seconds=16 * 3600),
        cut_off_days=2,
        daily_quota=8,
        setup_duration=Duration(seconds=300),
        pausable=True,
        sector_days=[pb.SectorDays(sector="harbour", weekdays=[DayOfWeek.MONDAY])],
        blackouts=[
            pb.DateRange(
                first_date=Date(year=2026, month=12, day=24),
                last_date=Date(year=2026, month=12, day=31),
            )
        ],
        hold_duration=Duration(seconds=120),
    )


def a_shift_exception() -> pb.ShiftException:
    return pb.ShiftException(
        date=Date(year=2026, month=12, day=24),
        hours=pb.DayHours(hours=interval(8, 12)),
        note="short day",
        van=f"{TENANT}/vans/van-1",
    )


def an_absence() -> pb.Absence:
    return pb.Absence(
        window=types_pb2.TimeWindow(
            start_time=Timestamp(seconds=1_800_000_000), end_time=Timestamp(seconds=1_800_090_000)
        ),
        category=pb.ABSENCE_CATEGORY_SICKNESS,
        note="flu",
    )


def a_loan() -> pb.Loan:
    return pb.Loan(
        to_team=f"{TENANT}/teams/south",
        first_date=Date(year=2026, month=12, day=28),
        last_date=Date(year=2026, month=12, day=31),
        shared=True,
    )


def a_closure() -> pb.Closure:
    return pb.Closure(
        team=TEAM,
        first_date=Date(year=2026, month=12, day=24),
        last_date=Date(year=2026, month=12, day=26),
        on_duty=[ANNA],
        note="Christmas",
    )


SAMPLES: dict[str, Any] = {
    "Tenant": (a_tenant, "", "acme"),
    "Team": (a_team, TENANT, "north"),
    "Van": (a_van, TENANT, "van-1"),
    "Technician": (a_technician, TENANT, "anna"),
    "Site": (a_site, TENANT, "harbour"),
    "ActivityType": (an_activity_type, TENANT, "boiler"),
    "ShiftException": (a_shift_exception, ANNA, "xmas"),
    "Absence": (an_absence, ANNA, "flu"),
    "Closure": (a_closure, TENANT, "xmas"),
    "Loan": (a_loan, ANNA, "rush"),
}
FIELDS = {kind.word: kind.field for kind in KINDS}


class Client:
    """Short calls: ``create("Team", id="x", display_name="y", time_zone=None)`` starts from the
    sample, sets the one field and clears the other."""

    def __init__(self, channel: aio.Channel) -> None:
        self.stub: Any = CalendarServiceStub(channel)
        self.calls = 0

    def request_id(self) -> str:
        self.calls += 1
        return f"call-{self.calls}"

    def creation(self, word: str, id: str | None = None, **changes: Any) -> Any:
        make, parent, usual_id = SAMPLES[word]
        message = make()
        for name, value in changes.items():
            message.ClearField(name)
            if value is not None:
                message.MergeFrom(type(message)(**{name: value}))
        request = getattr(pb, f"Create{word}Request")(
            **{
                FIELDS[word]: message,
                f"{FIELDS[word]}_id": usual_id if id is None else id,
                "request_id": self.request_id(),
            }
        )
        if parent:
            request.parent = parent
        return request

    async def create(self, word: str, id: str | None = None, **changes: Any) -> Any:
        answer = await getattr(self.stub, f"Create{word}")(self.creation(word, id, **changes))
        return getattr(answer, FIELDS[word])

    async def get(self, word: str, name: str) -> Any:
        request = getattr(pb, f"Get{word}Request")(name=name)
        return getattr(await getattr(self.stub, f"Get{word}")(request), FIELDS[word])

    async def update(self, word: str, message: Any, paths: list[str] | None = None) -> Any:
        request = getattr(pb, f"Update{word}Request")(
            **{FIELDS[word]: message, "request_id": self.request_id()}
        )
        if paths is not None:
            request.update_mask.CopyFrom(FieldMask(paths=paths))
        return getattr(await getattr(self.stub, f"Update{word}")(request), FIELDS[word])

    async def delete(self, word: str, name: str, etag: str = "") -> None:
        request = getattr(pb, f"Delete{word}Request")(
            name=name, etag=etag, request_id=self.request_id()
        )
        await getattr(self.stub, f"Delete{word}")(request)

    async def everything(self) -> None:
        for word in SAMPLES:
            if word == "Loan":
                await self.create("Team", id="south")
            await self.create(word)


@pytest.fixture
async def client(serve: Serve, store: SqliteStore) -> Client:
    return Client(await serve(calendar_servicer(Calendars(store))))


async def refusal(call: Awaitable[object]) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as refused:
        await call
    return refused.value


def reason(error: aio.AioRpcError) -> str:
    return _detail(error, error_details_pb2.ErrorInfo()).reason


def wrong_fields(error: aio.AioRpcError) -> list[str]:
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    found = _detail(error, error_details_pb2.BadRequest())
    return [violation.field for violation in found.field_violations]


def _detail(error: aio.AioRpcError, kind: Any) -> Any:
    raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert any(packed.Unpack(kind) for packed in status_pb2.Status.FromString(raw).details)
    return kind


async def test_every_method_of_the_contract_is_there(client: Client) -> None:
    """All 49 methods are served by the table, none by the generated refusal."""
    declared = {m.name for m in pb.DESCRIPTOR.services_by_name["CalendarService"].methods}
    servicer = type(calendar_servicer(Calendars(object())))  # type: ignore[arg-type]

    assert len(declared) == 49
    assert {name for name in declared if name in vars(servicer)} == declared
    assert issubclass(servicer, CalendarServiceServicer)


@pytest.mark.parametrize("word", list(SAMPLES))
async def test_what_is_created_comes_back(client: Client, word: str) -> None:
    """Every field of every kind survives the way into the store and out again."""
    await client.everything()
    make, parent, id = SAMPLES[word]
    collection = {"Tenant": "tenants", "ActivityType": "activityTypes"}.get(
        word, FIELDS[word].split("_")[0] + ("Exceptions" if word == "ShiftException" else "s")
    )
    name = "/".join(filter(None, (parent, collection, id)))

    read = await client.get(word, name)

    assert read.name == name
    assert read.etag
    for field in ("name", "etag"):
        read.ClearField(field)
    expected = make()
    if word == "Technician":
        expected.time_zone = "Europe/Monaco"
    if word == "ActivityType":
        expected.horizon.FromSeconds(28 * 86_400)
    if word == "Tenant":
        expected.tags.sort()
        expected.sectors.sort()
    assert read == expected


async def test_the_same_call_again_gives_the_same_answer(client: Client) -> None:
    """A repeated request_id has one effect; with another payload it is refused."""
    request = client.creation("Tenant")
    first = await client.stub.CreateTenant(request)
    again = await client.stub.CreateTenant(request)
    assert first == again

    request.tenant.display_name = "Other"
    error = await refusal(client.stub.CreateTenant(request))

    assert reason(error) == "IDEMPOTENCY_KEY_REUSED"
    assert (await client.get("Tenant", TENANT)).display_name == "Acme"


async def test_a_repeated_deletion_is_fine(client: Client) -> None:
    """The second of two equal deletions is answered like the first, a new one is NOT_FOUND."""
    await client.everything()
    request = pb.DeleteSiteRequest(name=f"{TENANT}/sites/harbour", request_id="d")

    await client.stub.DeleteSite(request)
    await client.stub.DeleteSite(request)

    request.request_id = "e"
    assert reason(await refusal(client.stub.DeleteSite(request))) == "NOT_FOUND"


async def test_a_taken_id_is_refused(client: Client) -> None:
    """A second one of the same id is ALREADY_EXISTS, and so is a technician's second date."""
    await client.everything()

    assert reason(await refusal(client.create("Team"))) == "ALREADY_EXISTS"
    assert reason(await refusal(client.create("ShiftException", id="b"))) == "ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("word", "changes"),
    [
        ("Team", {}),
        ("Site", {}),
        ("ActivityType", {"required_tags": ["wood"]}),
        ("Absence", {}),
    ],
)
async def test_a_missing_parent_is_not_found(
    client: Client, word: str, changes: dict[str, Any]
) -> None:
    """Nothing can be set up for a tenant or technician that does not exist."""
    if word == "Absence":
        await client.create("Tenant")

    assert reason(await refusal(client.create(word, **changes))) == "NOT_FOUND"


async def test_another_tenants_things_do_not_exist(client: Client) -> None:
    """Names of one tenant lead nowhere in another, and a reference across is refused."""
    await client.everything()
    await client.create("Tenant", id="other")

    error = await refusal(client.get("Team", "tenants/other/teams/north"))
    assert reason(error) == "NOT_FOUND"
    request = client.creation("Technician", id="bob")
    request.parent = "tenants/other"
    assert wrong_fields(await refusal(client.stub.CreateTechnician(request))) == [
        "technician.team",
        "technician.van",
    ]


async def test_all_mistakes_come_at_once(client: Client) -> None:
    """One refusal names the id, the request_id and every field of the technician."""
    await client.everything()
    request = client.creation(
        "Technician",
        id="Not Good",
        display_name="",
        team="teams/north",
        time_zone="Mars/Olympus",
        start_location=LatLng(latitude=float("nan")),
        working_time=pb.WorkingTime(
            monday=pb.DayHours(breaks=[a_break(12, 13, 30)]),
            tuesday=pb.DayHours(hours=interval(8, 25)),
            wednesday=pb.DayHours(hours=interval(8, 17), breaks=[a_break(16, 17, 30)]),
            thursday=pb.DayHours(hours=interval(8, 17), breaks=[a_break(12, 13, 0)]),
        ),
        tags=["GAS"],
    )
    request.request_id = ""

    assert wrong_fields(await refusal(client.stub.CreateTechnician(request))) == [
        "technician_id",
        "request_id",
        "technician.team",
        "technician.start_location.latitude",
        "technician.time_zone",
        "technician.display_name",
        "technician.working_time.monday.breaks",
        "technician.working_time.tuesday.hours.end",
        "technician.working_time.wednesday.breaks[0]",
        "technician.working_time.thursday.breaks[0].duration",
        "technician.tags[0]",
    ]


@pytest.mark.parametrize(
    ("word", "changes", "named"),
    [
        ("Tenant", {"tags": ["a", "a"]}, ["tenant.tags[1]"]),
        ("Tenant", {"tags": [f"t{i}" for i in range(201)]}, ["tenant.tags"]),
        ("Tenant", {"display_name": "x" * 201}, ["tenant.display_name"]),
        ("Team", {"time_zone": ""}, ["team.time_zone"]),
        ("Team", {"display_name": "a\x00b"}, ["team.display_name"]),
        ("Technician", {"tags": ["wood"]}, ["technician.tags[0]"]),
        ("Technician", {"team": f"{TENANT}/teams/none"}, ["technician.team"]),
        ("Technician", {"start_location": None}, ["technician.start_location"]),
        ("Technician", {"working_time": None}, ["technician.working_time"]),
        (
            "Technician",
            {
                "working_time": pb.WorkingTime(
                    monday=pb.DayHours(hours=interval(22, 6)),
                    tuesday=pb.DayHours(hours=interval(5, 12)),
                )
            },
            ["technician.working_time.tuesday.hours"],
        ),
        (
            "Technician",
            {
                "working_time": pb.WorkingTime(
                    monday=pb.DayHours(
                        hours=interval(8, 17), breaks=[a_break(12, 13, 90), a_break(12, 13, 90)]
                    )
                )
            },
            ["technician.working_time.monday.breaks"],
        ),
        (
            "Technician",
            {
                "working_time": pb.WorkingTime(
                    monday=pb.DayHours(hours=interval(8, 17), breaks=[a_break(12, 13, 30)] * 4)
                )
            },
            ["technician.working_time.monday.breaks"],
        ),
        ("Site", {"location": None}, ["site.location"]),
        ("Site", {"time_zone": ""}, ["site.time_zone"]),
        ("Site", {"opening_hours": [pb.OpeningDay()] * 6}, ["site.opening_hours"]),
        (
            "Site",
            {
                "opening_hours": [
                    pb.OpeningDay(intervals=[interval(12, 15), interval(9, 13)]),
                    *[pb.OpeningDay()] * 6,
                ]
            },
            ["site.opening_hours[0].intervals[0]"],
        ),
        ("Site", {"client": "x" * 201}, ["site.client"]),
        ("Site", {"address": "x" * 401}, ["site.address"]),
        ("ActivityType", {"service_duration": None}, ["activity_type.service_duration"]),
        (
            "ActivityType",
            {"service_duration": Duration(seconds=59)},
            ["activity_type.service_duration"],
        ),
        (
            "ActivityType",
            {"service_duration": Duration(seconds=-3600)},
            ["activity_type.service_duration"],
        ),
        ("ActivityType", {"required_tags": ["wood"]}, ["activity_type.required_tags[0]"]),
        (
            "ActivityType",
            {"offer_grid": types_pb2.OfferGrid()},
            ["activity_type.offer_grid.cells"],
        ),
        (
            "ActivityType",
            {"offer_grid": types_pb2.OfferGrid(cells=[interval(8, 10), interval(9, 12)])},
            ["activity_type.offer_grid.cells[1]"],
        ),
        (
            "ActivityType",
            {"offer_grid": types_pb2.OfferGrid(cells=[interval(8, 10), interval(22, 9)])},
            ["activity_type.offer_grid.cells[1]"],
        ),
        (
            "ActivityType",
            {"offer_grid": types_pb2.OfferGrid(cells=[interval(8, 10)], step=Duration(seconds=60))},
            ["activity_type.offer_grid.step"],
        ),
        (
            "ActivityType",
            {"horizon": Duration(seconds=367 * 86_400)},
            ["activity_type.horizon"],
        ),
        ("ActivityType", {"horizon": Duration(seconds=3600)}, ["activity_type.horizon"]),
        ("ActivityType", {"notice": Duration(seconds=-1)}, ["activity_type.notice"]),
        ("ShiftException", {"date": None}, ["shift_exception.date"]),
        ("ShiftException", {"note": "x" * 501}, ["shift_exception.note"]),
        (
            "Absence",
            {"window": None},
            ["absence.window.start_time", "absence.window.end_time"],
        ),
        (
            "Absence",
            {
                "window": types_pb2.TimeWindow(
                    start_time=Timestamp(seconds=1_800_000_000),
                    end_time=Timestamp(seconds=1_800_000_000 + 367 * 86_400),
                )
            },
            ["absence.window.end_time"],
        ),
        ("Absence", {"category": 9}, ["absence.category"]),
        ("Tenant", {"sectors": ["Old Town"]}, ["tenant.sectors[0]"]),
        ("Tenant", {"public_holidays": "FR-99"}, ["tenant.public_holidays"]),
        ("Tenant", {"public_holidays": "none"}, ["tenant.public_holidays"]),
        ("Team", {"public_holidays": "monaco"}, ["team.public_holidays"]),
        ("Team", {"emergency_reserve": Duration(seconds=86_401)}, ["team.emergency_reserve"]),
        ("Van", {"tags": ["wood"]}, ["van.tags[0]"]),
        ("Van", {"certificates": [pb.Certificate(level=2)]}, ["van.certificates[0].tag"]),
        (
            "Technician",
            {"certificates": [pb.Certificate(tag="gas", level=10), pb.Certificate(tag="a b")]},
            ["technician.certificates[0].level", "technician.certificates[1].tag"],
        ),
        (
            "Technician",
            {"certificates": [pb.Certificate(tag="wood")]},
            ["technician.certificates[0].tag"],
        ),
        (
            "Technician",
            {
                "certificates": [
                    pb.Certificate(
                        tag="gas",
                        valid_from=Date(year=2026, month=2, day=2),
                        valid_until=Date(year=2026, month=2, day=1),
                    )
                ]
            },
            ["technician.certificates[0].valid_until"],
        ),
        ("Technician", {"van": f"{TENANT}/vans/none"}, ["technician.van"]),
        ("Technician", {"van": "tenants/other/vans/van-1"}, ["technician.van"]),
        (
            "Technician",
            {"sectors": pb.SectorWeek(friday=pb.SectorList(sectors=["north-pole"]))},
            ["technician.sectors.friday.sectors[0]"],
        ),
        ("Technician", {"max_travel": Duration(seconds=59)}, ["technician.max_travel"]),
        ("Technician", {"max_visits": -1}, ["technician.max_visits"]),
        ("Technician", {"max_overtime": Duration(seconds=43_201)}, ["technician.max_overtime"]),
        ("Technician", {"pace": 49}, ["technician.pace"]),
        (
            "Technician",
            {
                "working_time": pb.WorkingTime(
                    monday=pb.DayHours(
                        hours=interval(8, 12), more=[pb.ShiftHours(hours=interval(11, 14))]
                    )
                )
            },
            ["technician.working_time.monday.more[0].hours"],
        ),
        (
            "Technician",
            {
                "working_time": pb.WorkingTime(
                    monday=pb.DayHours(more=[pb.ShiftHours(hours=interval(11, 14))]),
                    tuesday=pb.DayHours(hours=interval(1, 2), more=[pb.ShiftHours()]),
                    friday=pb.DayHours(hours=interval(1, 2), more=[pb.ShiftHours()] * 4),
                )
            },
            [
                "technician.working_time.monday.more",
                "technician.working_time.tuesday.more[0].hours.start",
                "technician.working_time.tuesday.more[0].hours.end",
                "technician.working_time.friday.more",
            ],
        ),
        ("Site", {"sector": "north-pole"}, ["site.sector"]),
        ("Site", {"access_duration": Duration(seconds=-1)}, ["site.access_duration"]),
        ("ShiftException", {"van": f"{TENANT}/vans/none"}, ["shift_exception.van"]),
        ("ShiftException", {"usual_hours": True}, ["shift_exception.hours"]),
        ("Closure", {"team": f"{TENANT}/teams/none"}, ["closure.team"]),
        ("Closure", {"last_date": None}, ["closure.last_date"]),
        ("Closure", {"first_date": Date(year=2027, month=1, day=1)}, ["closure.last_date"]),
        ("Closure", {"first_date": Date(year=2025, month=1, day=1)}, ["closure.last_date"]),
        (
            "Closure",
            {"window": types_pb2.TimeWindow(end_time=Timestamp(seconds=1_800_000_000))},
            ["closure.window"],
        ),
        ("Closure", {"on_duty": [ANNA, ANNA]}, ["closure.on_duty[1]"]),
        ("Closure", {"on_duty": [f"{TENANT}/technicians/bob"]}, ["closure.on_duty[0]"]),
        ("Loan", {"to_team": f"{TENANT}/teams/none"}, ["loan.to_team"]),
        ("Loan", {"to_team": TEAM}, ["loan.to_team"]),
        ("Loan", {"first_date": None}, ["loan.first_date"]),
        ("Loan", {"first_date": Date(year=2027, month=1, day=1)}, ["loan.last_date"]),
    ],
)
async def test_a_wrong_field_is_named(
    client: Client, word: str, changes: dict[str, Any], named: list[str]
) -> None:
    """Each rule of each kind names the field that breaks it, and nothing is stored."""
    for made in list(SAMPLES)[: list(SAMPLES).index(word)]:
        await client.create(made)
    if word == "Loan":
        await client.create("Team", id="south")
    request = client.creation(word, **changes)

    error = await refusal(getattr(client.stub, f"Create{word}")(request))

    assert wrong_fields(error) == named


async def test_a_missing_body_is_one_violation(client: Client) -> None:
    """Without the resource itself nothing else about it is told."""
    request = pb.CreateTeamRequest(parent=TENANT, team_id="a", request_id="r")

    assert wrong_fields(await refusal(client.stub.CreateTeam(request))) == ["team"]


async def test_planned_fields_are_refused_by_name(client: Client) -> None:
    """A field of a later version is UNIMPLEMENTED, as a value and in a mask."""
    await client.everything()
    error = await refusal(client.create("Team", id="b", business_unit="south"))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "team.business_unit" in str(error.details())

    error = await refusal(client.update("Team", pb.Team(name=TEAM), ["business_unit"]))

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "team.business_unit" in str(error.details())


async def test_an_update_without_a_mask_changes_what_is_set(client: Client) -> None:
    """Other fields stay, and the etag changes."""
    await client.everything()
    before = await client.get("Technician", ANNA)

    after = await client.update("Technician", pb.Technician(name=ANNA, display_name="Anna B."))

    assert after.display_name == "Anna B."
    assert after.etag != before.etag
    for message in (before, after):
        message.ClearField("display_name")
        message.ClearField("etag")
    assert after == before
    assert (await client.get("Technician", ANNA)).display_name == "Anna B."


async def test_a_mask_names_what_changes(client: Client) -> None:
    """A named field that is unset is cleared, one that is not named stays, inner paths work."""
    await client.everything()
    patch = pb.Technician(
        name=ANNA,
        display_name="ignored",
        working_time=pb.WorkingTime(tuesday=pb.DayHours(hours=interval(9, 11))),
    )

    after = await client.update(
        "Technician", patch, ["tags", "working_time.tuesday", "working_time.friday"]
    )

    assert list(after.tags) == []
    assert after.display_name == "Anna"
    assert after.working_time.monday.hours == interval(8, 17)
    assert after.working_time.tuesday.hours == interval(9, 11)
    assert not after.working_time.HasField("friday")


async def test_a_star_replaces_everything(client: Client) -> None:
    """With * unset fields are cleared too, so what is required must be there."""
    await client.everything()
    name = f"{TENANT}/sites/harbour"

    after = await client.update(
        "Site", pb.Site(name=name, location=LatLng(latitude=1, longitude=2)), ["*"]
    )
    assert (after.display_name, len(after.opening_hours), after.client) == ("", 0, "")

    error = await refusal(client.update("Site", pb.Site(name=name), ["*"]))
    assert wrong_fields(error) == ["site.location"]


async def test_a_wrong_mask_is_told_path_by_path(client: Client) -> None:
    """Unknown fields, paths through lists or numbers, and fixed fields are violations."""
    await client.everything()
    paths = ["display_name", "nonsense", "tags.first", "name", "display_name.x", ""]

    error = await refusal(client.update("Technician", pb.Technician(name=ANNA), paths))

    assert wrong_fields(error) == [f"update_mask.paths[{i}]" for i in range(1, 6)]


async def test_an_update_is_judged_as_a_whole(client: Client) -> None:
    """The merged resource must obey every rule, also where only one field changed."""
    await client.everything()
    patch = pb.Technician(
        name=ANNA,
        working_time=pb.WorkingTime(saturday=pb.DayHours(hours=interval(5, 9))),
    )

    error = await refusal(client.update("Technician", patch, ["working_time.saturday"]))

    assert wrong_fields(error) == ["technician.working_time.saturday.hours"]


async def test_an_old_etag_is_refused(client: Client) -> None:
    """Two editors: the second one learns that it changed; without an etag the last one wins."""
    await client.everything()
    before = await client.get("Team", TEAM)
    await client.update("Team", pb.Team(name=TEAM, display_name="A", etag=before.etag))

    late = client.update("Team", pb.Team(name=TEAM, display_name="B", etag=before.etag))
    error = await refusal(late)
    assert (error.code(), reason(error)) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")

    error = await refusal(client.delete("Site", f"{TENANT}/sites/harbour", etag="0"))
    assert reason(error) == "ETAG_MISMATCH"
    await client.update("Team", pb.Team(name=TEAM, display_name="C"))
    assert (await client.get("Team", TEAM)).display_name == "C"


async def test_what_is_in_use_stays(client: Client) -> None:
    """A team with members cannot go, nor can a tag or a sector that somebody offers or needs."""
    await client.everything()
    assert reason(await refusal(client.delete("Team", TEAM))) == "IN_USE"
    assert reason(await refusal(client.delete("Van", f"{TENANT}/vans/van-1"))) == "IN_USE"

    for lost in ({"tags": ["air"]}, {"tags": ["gas"]}, {"sectors": ["harbour"]}):
        error = await refusal(client.update("Tenant", pb.Tenant(name=TENANT, **lost)))
        assert reason(error) == "IN_USE"
    more = {"tags": ["air", "gas", "new"], "sectors": ["harbour", "hills", "old-town"]}
    after = await client.update("Tenant", pb.Tenant(name=TENANT, **more))
    assert {"tags": list(after.tags), "sectors": list(after.sectors)} == more

    await client.delete("Technician", ANNA)
    await client.delete("Closure", f"{TENANT}/closures/xmas")
    await client.delete("Team", TEAM)
    assert reason(await refusal(client.get("Team", TEAM))) == "NOT_FOUND"


async def test_lists_come_in_pages(client: Client) -> None:
    """Every team once, in order of id, whatever the page size."""
    await client.create("Tenant")
    ids = sorted(f"team-{i}" for i in range(7))
    for id in reversed(ids):
        await client.create("Team", id=id)

    seen, token, pages = [], "", 0
    while True:
        request = pb.ListTeamsRequest(parent=TENANT, page_size=3, page_token=token)
        answer = await client.stub.ListTeams(request)
        seen += [team.name.rpartition("/")[2] for team in answer.teams]
        pages += 1
        token = answer.next_page_token
        if not token:
            break

    assert (seen, pages) == (ids, 3)
    assert len((await client.stub.ListTeams(pb.ListTeamsRequest(parent=TENANT))).teams) == 7


async def test_a_page_token_is_good_for_its_question_only(client: Client) -> None:
    """A token of another list, a changed one or a made-up one is a violation."""
    await client.everything()
    await client.create("Tenant", id="other")
    first = await client.stub.ListTeams(pb.ListTeamsRequest(parent=TENANT, page_size=1))
    token = first.next_page_token
    assert token

    for request in (
        pb.ListTeamsRequest(parent="tenants/other", page_token=token),
        pb.ListTeamsRequest(parent=TENANT, page_token=token[:-4]),
        pb.ListTeamsRequest(parent=TENANT, page_token="é"),
        pb.ListTeamsRequest(parent=TENANT, page_token="x" * 5000),
        pb.ListTeamsRequest(parent=TENANT, page_token="[" * 900),
    ):
        assert wrong_fields(await refusal(client.stub.ListTeams(request))) == ["page_token"]
    error = await refusal(
        client.stub.ListSites(pb.ListSitesRequest(parent=TENANT, page_token=token))
    )
    assert wrong_fields(error) == ["page_token"]


@pytest.mark.parametrize("size", [-1, 1001, 2**31 - 1])
async def test_page_sizes_have_a_range(client: Client, size: int) -> None:
    """0 to 1000; more is refused, not cut."""
    await client.create("Tenant")

    error = await refusal(client.stub.ListTeams(pb.ListTeamsRequest(parent=TENANT, page_size=size)))

    assert wrong_fields(error) == ["page_size"]


async def test_tenants_and_a_technicians_absences_are_listed(client: Client) -> None:
    """Lists without a parent and with a technician as parent work alike."""
    await client.everything()
    await client.create("Tenant", id="other")

    tenants = await client.stub.ListTenants(pb.ListTenantsRequest())
    assert [tenant.name for tenant in tenants.tenants] == [TENANT, "tenants/other"]
    absences = await client.stub.ListAbsences(pb.ListAbsencesRequest(parent=ANNA))
    assert [absence.name for absence in absences.absences] == [f"{ANNA}/absences/flu"]
    exceptions = await client.stub.ListShiftExceptions(pb.ListShiftExceptionsRequest(parent=ANNA))
    assert len(exceptions.shift_exceptions) == 1
    missing = pb.ListAbsencesRequest(parent=f"{TENANT}/technicians/bob")
    assert reason(await refusal(client.stub.ListAbsences(missing))) == "NOT_FOUND"


async def test_every_change_leaves_a_trace(client: Client, store: SqliteStore) -> None:
    """Each mutation is an event and an audit entry, and the audit chain holds."""
    await client.everything()
    await client.update("Team", pb.Team(name=TEAM, display_name="N"))
    await client.delete("Absence", f"{ANNA}/absences/flu")

    def read(tx: Any) -> Any:
        return tx.events_after("acme", "", 100), tx.verify_audit("acme")

    events, chain = await store.read(read)

    assert [stored.event.kind for stored in events] == [
        "TENANT_CREATED",
        "TEAM_CREATED",
        "VAN_CREATED",
        "TECHNICIAN_CREATED",
        "SITE_CREATED",
        "ACTIVITY_TYPE_CREATED",
        "SHIFT_EXCEPTION_CREATED",
        "ABSENCE_CREATED",
        "CLOSURE_CREATED",
        "TEAM_CREATED",
        "LOAN_CREATED",
        "TEAM_UPDATED",
        "ABSENCE_DELETED",
    ]
    assert events[-1].event.data == {"technician": "anna"}
    assert (chain.entries, chain.broken_at) == (13, None)


async def test_an_exception_may_keep_the_usual_hours(client: Client) -> None:
    """Only the van differs: no hours are told."""
    await client.everything()
    date = Date(year=2026, month=12, day=28)

    made = await client.create("ShiftException", id="v", date=date, hours=None, usual_hours=True)

    assert made.usual_hours
    assert not made.HasField("hours")
    assert made.van == f"{TENANT}/vans/van-1"


async def test_a_closure_may_be_a_few_hours(client: Client) -> None:
    """A window instead of dates, of the whole company."""
    await client.everything()
    window = an_absence().window

    made = await client.create(
        "Closure", id="meeting", first_date=None, last_date=None, team=None, window=window
    )

    assert made.window == window
    assert (made.HasField("first_date"), made.team) == (False, "")


async def test_loans_of_one_technician_do_not_overlap(client: Client) -> None:
    """Two at once are refused; changing one in place and lending on later dates are fine."""
    await client.everything()
    error = await refusal(client.create("Loan", id="again"))
    assert wrong_fields(error) == ["loan.first_date"]

    new_year = Date(year=2027, month=1, day=1)
    await client.create("Loan", id="later", first_date=new_year, last_date=new_year)
    changed = pb.Loan(name=f"{ANNA}/loans/rush", last_date=Date(year=2026, month=12, day=30))
    assert (await client.update("Loan", changed)).last_date.day == 30


async def test_changes_are_told_in_their_transaction(serve: Serve, store: SqliteStore) -> None:
    """Who asked to be told sees what was and what is; refusing takes the change back."""
    seen: list[tuple[object, object]] = []

    def changed(tx: Any, mutation: Mutation, before: Any, after: Any) -> None:
        seen.append((before and before.display_name, after and after.display_name))
        assert mutation.tenant == "acme"
        if after is not None and after.display_name == "No":
            raise InUseError("no")

    client = Client(await serve(calendar_servicer(Calendars(store, changed))))
    await client.create("Tenant")
    await client.create("Team")
    await client.update("Team", pb.Team(name=TEAM, display_name="N"))
    await refusal(client.update("Team", pb.Team(name=TEAM, display_name="No")))
    await client.delete("Team", TEAM)

    assert seen == [
        (None, "Acme"),
        (None, "North"),
        ("North", "N"),
        ("N", "No"),
        ("N", None),
    ]
