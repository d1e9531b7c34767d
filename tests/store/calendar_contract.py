"""What every store must do with the calendar: what a company sets up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from slotsvc.domain.closures import Closure
from slotsvc.domain.errors import (
    AlreadyExistsError,
    EtagMismatchError,
    InUseError,
    NotFoundError,
)
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import PlacementState
from slotsvc.domain.working_time import Absence, ShiftException
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.ports import Store
from tests.store.samples import (
    ACME,
    ANA,
    ANA_MONDAY,
    AWAY_MONDAY,
    BEN,
    BOILER,
    CLOSED_TUESDAY,
    FLAT,
    HOLD,
    HOUR,
    LENT,
    MONDAY,
    NORTH,
    NOW,
    SHUT,
    TUESDAY,
    VAN,
    FrozenClock,
    held,
    placed,
    put,
    set_up,
)

ALL: list[Entity] = [
    ACME,
    NORTH,
    VAN,
    ANA,
    FLAT,
    BOILER,
    SHUT,
    CLOSED_TUESDAY,
    AWAY_MONDAY,
    LENT,
]


def technician_of(entity: Entity) -> str:
    return str(getattr(entity, "technician", ""))


class CalendarContract:
    """Entities with etags, lists, and the refusals of deleting."""

    @pytest.mark.parametrize("entity", ALL, ids=lambda e: type(e).__name__)
    async def test_an_entity_comes_back_as_it_was(self, store: Store, entity: Entity) -> None:
        """What was created is fetched again, equal, with the etag that create gave."""
        created = {}

        def create(tx):
            for each in ALL:
                created[type(each)] = tx.create("acme", each)

        await store.write(create)
        found = await store.read(
            lambda tx: tx.fetch("acme", type(entity), entity.id, technician_of(entity))
        )

        assert found == (entity, created[type(entity)])

    async def test_a_taken_id_is_refused(self, store: Store) -> None:
        """A second entity with the same id is refused and the first one stays."""
        await store.write(set_up)

        with pytest.raises(AlreadyExistsError):
            await store.write(lambda tx: tx.create("acme", replace(ANA, display_name="Other")))

        assert await store.read(lambda tx: tx.technician("acme", "ana")) == ANA

    @pytest.mark.parametrize(
        ("tenant", "entity"),
        [
            ("nobody", NORTH),
            ("acme", replace(ANA, id="new", team="nowhere")),
            ("acme", replace(CLOSED_TUESDAY, technician="nobody")),
            ("acme", replace(AWAY_MONDAY, technician="nobody")),
            ("acme", replace(LENT, technician="nobody")),
            ("acme", replace(LENT, to_team="nowhere")),
            ("nobody", VAN),
            ("nobody", SHUT),
        ],
        ids=[
            "tenant",
            "team",
            "exception",
            "absence",
            "loan",
            "loan to nowhere",
            "van",
            "closure",
        ],
    )
    async def test_an_orphan_is_refused(self, store: Store, tenant: str, entity: Entity) -> None:
        """Nothing is created under a tenant, team or technician that does not exist."""
        await store.write(set_up)

        with pytest.raises(NotFoundError):
            await store.write(lambda tx: tx.create(tenant, entity))

    async def test_a_second_exception_on_one_date_is_refused(self, store: Store) -> None:
        """A technician has one set of hours on a date, so a second exception cannot be made."""
        await store.write(set_up)
        await store.write(lambda tx: tx.create("acme", CLOSED_TUESDAY))

        with pytest.raises(AlreadyExistsError):
            await store.write(lambda tx: tx.create("acme", replace(CLOSED_TUESDAY, id="again")))

    async def test_replacing_needs_the_etag_that_was_read(self, store: Store) -> None:
        """An old etag is refused; the newest one, or none at all, is taken."""
        await store.write(set_up)
        old = await store.read(lambda tx: tx.fetch("acme", Site, "flat")[1])
        moved = replace(FLAT, address="2, rue Neuve")
        new = await store.write(lambda tx: tx.replace("acme", moved, old))

        with pytest.raises(EtagMismatchError):
            await store.write(lambda tx: tx.replace("acme", FLAT, old))
        assert await store.read(lambda tx: tx.fetch("acme", Site, "flat")) == (moved, new)

        await store.write(lambda tx: tx.replace("acme", FLAT, None))
        assert await store.read(lambda tx: tx.site("acme", "flat")) == FLAT

    async def test_replacing_nothing_is_refused(self, store: Store) -> None:
        """What does not exist, or belongs to another tenant, cannot be replaced."""
        await store.write(set_up)
        await store.write(lambda tx: tx.create("other", Tenant("other", "Other")))

        for tenant, entity in [("acme", replace(BEN, id="zoe")), ("other", ANA)]:
            with pytest.raises(NotFoundError):
                await store.write(lambda tx, t=tenant, e=entity: tx.replace(t, e, None))

    async def test_a_tenant_can_be_replaced(self, store: Store) -> None:
        """The tags that a tenant's visits may require can be changed."""
        await store.write(set_up)

        await store.write(lambda tx: tx.replace("acme", replace(ACME, tags=frozenset({"x"})), None))

        assert await store.read(lambda tx: tx.tags("acme")) == {"x"}
        assert await store.read(lambda tx: tx.tags("nobody")) == frozenset()

    async def test_an_etag_never_comes_back(self, store: Store) -> None:
        """Deleted and made again under its id, an entity has another etag than before."""
        await store.write(set_up)
        before = await store.read(lambda tx: tx.fetch("acme", Site, "flat")[1])

        await store.write(lambda tx: tx.delete("acme", Site, "flat", before))
        after = await store.write(lambda tx: tx.create("acme", FLAT))

        assert after != before

    async def test_every_change_grows_the_calendar_revision(self, store: Store) -> None:
        """Creating, replacing and deleting are each seen in the revision; a refusal is not."""
        await store.write(set_up)
        changes = [
            lambda tx: tx.create("acme", CLOSED_TUESDAY),
            lambda tx: tx.replace("acme", FLAT, None),
            lambda tx: tx.delete("acme", ShiftException, "holiday", None, "ana"),
        ]
        revisions = [await store.read(lambda tx: tx.calendar_revision("acme"))]
        for change in changes:
            await store.write(change)
            revisions.append(await store.read(lambda tx: tx.calendar_revision("acme")))
        with pytest.raises(NotFoundError):
            await store.write(lambda tx: tx.delete("acme", Site, "nowhere", None))

        assert revisions == sorted(set(revisions))
        assert await store.read(lambda tx: tx.calendar_revision("acme")) == revisions[-1]

    async def test_pages_follow_the_ids(self, store: Store) -> None:
        """A page holds the next ids in order, and the page behind the last is empty."""
        await store.write(set_up)

        def ids(after: str) -> object:
            return lambda tx: [e.id for e, _ in tx.page("acme", Technician, after, 1)]

        assert await store.read(ids("")) == ["ana"]
        assert await store.read(ids("ana")) == ["ben"]
        assert await store.read(ids("ben")) == []
        assert await store.read(lambda tx: len(tx.page("", Tenant, "", 10))) == 1

    async def test_exceptions_and_absences_are_paged_by_technician(self, store: Store) -> None:
        """Two technicians may use the same id for an exception; each sees their own."""
        await store.write(set_up)
        of_ben = replace(CLOSED_TUESDAY, technician="ben")
        await store.write(lambda tx: (tx.create("acme", CLOSED_TUESDAY), tx.create("acme", of_ben)))

        page = await store.read(lambda tx: tx.page("acme", ShiftException, "", 10, "ben"))

        assert [entity for entity, _ in page] == [of_ben]

    async def test_a_team_lists_its_members(self, store: Store) -> None:
        """Technicians of a team come by id, those of other teams do not."""
        await store.write(set_up)
        south = replace(ANA, id="aaa", team="south")
        await store.write(
            lambda tx: (tx.create("acme", Team("south", "South", "UTC")), tx.create("acme", south))
        )

        assert await store.read(lambda tx: tx.technicians("acme", "north")) == [ANA, BEN]

    async def test_a_team_lists_who_is_lent_to_it(self, store: Store) -> None:
        """With dates it names who is lent to it on one of them; without, its members only."""
        await store.write(set_up)

        def lend(tx):
            tx.create("acme", Team("south", "South", "UTC"))
            tx.create("acme", replace(LENT, to_team="south"))

        await store.write(lend)
        first, last = LENT.first_date, LENT.last_date
        day = timedelta(days=1)

        def of(team, *dates):
            return lambda tx: [who.id for who in tx.technicians("acme", team, *dates)]

        assert await store.read(of("south")) == []
        assert await store.read(of("south", last, last + day)) == ["ana"]
        assert await store.read(of("south", first - day, first)) == ["ana"]
        assert await store.read(of("south", last + day, last + day)) == []
        assert await store.read(of("south", first - day, first - day)) == []
        assert await store.read(of("north", first, last)) == ["ana", "ben"]

    async def test_loans_are_found_by_date(self, store: Store) -> None:
        """Both ends of a loan and of the asked dates count."""
        await store.write(set_up)
        await store.write(lambda tx: tx.create("acme", LENT))
        day = timedelta(days=1)

        def found(first, last, who=("ana", "ben")):
            return lambda tx: tx.loans("acme", who, first, last)

        first, last = LENT.first_date, LENT.last_date
        assert await store.read(found(first, first)) == {"ana": [LENT]}
        assert await store.read(found(last, last + day)) == {"ana": [LENT]}
        assert await store.read(found(first - day, first - day)) == {}
        assert await store.read(found(last + day, last + day)) == {}
        assert await store.read(found(first, last, ["ben"])) == {}

    async def test_closures_and_vans_are_read_whole(self, store: Store) -> None:
        """All of a tenant, by id, and nothing of another one."""
        await store.write(set_up)
        other = replace(SHUT, id="all", team="")
        await store.write(lambda tx: [tx.create("acme", e) for e in (SHUT, other, VAN)])

        assert await store.read(lambda tx: tx.closures("acme")) == [other, SHUT]
        assert await store.read(lambda tx: tx.vans("acme")) == [VAN]
        assert await store.read(lambda tx: (tx.closures("b"), tx.vans("b"))) == ([], [])

    async def test_drivers_of_a_van(self, store: Store) -> None:
        """Whose van it is, and who drives it on some date; such a van stays."""
        await store.write(set_up)
        driven = replace(CLOSED_TUESDAY, van=VAN.id)

        def drive(tx):
            tx.create("acme", VAN)
            tx.replace("acme", replace(BEN, van=VAN.id), None)
            tx.create("acme", driven)

        await store.write(drive)
        assert await store.read(lambda tx: tx.drivers("acme", VAN.id)) == ["ana", "ben"]
        assert await store.read(lambda tx: tx.drivers("acme", "other")) == []
        for leave in (
            lambda tx: tx.replace("acme", BEN, None),
            lambda tx: tx.delete("acme", ShiftException, driven.id, None, "ana"),
        ):
            with pytest.raises(InUseError):
                await store.write(lambda tx: tx.delete("acme", Van, VAN.id, None))
            await store.write(leave)
        await store.write(lambda tx: tx.delete("acme", Van, VAN.id, None))

    async def test_a_team_with_loans_or_closures_stays(self, store: Store) -> None:
        """A team is deleted only when nobody is lent to it and no closure names it."""
        await store.write(set_up)
        loan, shut = replace(LENT, to_team="south"), replace(SHUT, team="south")

        def prepare(tx):
            tx.create("acme", Team("south", "South", "UTC"))
            tx.create("acme", loan)
            tx.create("acme", shut)

        await store.write(prepare)
        for leave in (
            lambda tx: tx.delete("acme", Loan, loan.id, None, "ana"),
            lambda tx: tx.delete("acme", Closure, shut.id, None),
        ):
            with pytest.raises(InUseError):
                await store.write(lambda tx: tx.delete("acme", Team, "south", None))
            await store.write(leave)
        await store.write(lambda tx: tx.delete("acme", Team, "south", None))

    async def test_exceptions_are_found_by_date(self, store: Store) -> None:
        """Both ends of the asked dates count; other technicians and dates stay out."""
        await store.write(set_up)
        await store.write(lambda tx: tx.create("acme", CLOSED_TUESDAY))

        def found(first, last, who=("ana", "ben")):
            return lambda tx: tx.shift_exceptions("acme", who, first, last)

        expected = {"ana": {TUESDAY: CLOSED_TUESDAY}}
        assert await store.read(found(MONDAY, TUESDAY)) == expected
        assert await store.read(found(TUESDAY, TUESDAY)) == expected
        assert await store.read(found(MONDAY, MONDAY)) == {}
        assert await store.read(found(MONDAY, TUESDAY, ("ben",))) == {}

    async def test_absences_are_found_by_overlap(self, store: Store) -> None:
        """An absence that only touches the asked span is not in it."""
        await store.write(set_up)
        await store.write(lambda tx: tx.create("acme", AWAY_MONDAY))
        start, end = AWAY_MONDAY.window.start, AWAY_MONDAY.window.end
        second = timedelta(seconds=1)

        def found(first, last):
            return lambda tx: tx.absences("acme", ["ana"], first, last)

        assert await store.read(found(end - second, end + HOUR)) == {"ana": [AWAY_MONDAY]}
        assert await store.read(found(start - HOUR, start + second)) == {"ana": [AWAY_MONDAY]}
        assert await store.read(found(end, end + HOUR)) == {}
        assert await store.read(found(start - HOUR, start)) == {}

    async def test_absences_come_in_order(self, store: Store) -> None:
        """The absences of a technician are in order of time, whatever their ids."""
        await store.write(set_up)
        early = Absence("z", "ana", TimeWindow(NOW - 2 * HOUR, NOW))
        await store.write(lambda tx: (tx.create("acme", AWAY_MONDAY), tx.create("acme", early)))

        found = await store.read(
            lambda tx: tx.absences("acme", ["ana"], NOW - 9 * HOUR, NOW + HOUR * 9)
        )

        assert found == {"ana": [early, AWAY_MONDAY]}

    async def test_a_team_with_members_stays(self, store: Store) -> None:
        """A team is deleted only after its last technician has left it."""
        await store.write(set_up)

        with pytest.raises(InUseError):
            await store.write(lambda tx: tx.delete("acme", Team, "north", None))
        with pytest.raises(InUseError):
            await store.write(lambda tx: tx.delete("acme", Tenant, "acme", None))

        await store.write(
            lambda tx: [tx.delete("acme", Technician, t, None) for t in ("ana", "ben")]
        )
        await store.write(lambda tx: tx.delete("acme", Team, "north", None))
        assert await store.read(lambda tx: tx.team("acme", "north")) is None

    @pytest.mark.parametrize(
        ("kind", "id"), [(Technician, "ana"), (Site, "flat"), (ActivityType, "boiler")]
    )
    @pytest.mark.parametrize("make", [placed, held], ids=["booked", "held"])
    async def test_what_a_live_visit_needs_stays(self, store: Store, kind, id, make) -> None:
        """Technician, site and activity type cannot be deleted under a booking or a hold."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, make()))

        with pytest.raises(InUseError):
            await store.write(lambda tx: tx.delete("acme", kind, id, None))

        assert await store.read(lambda tx: tx.fetch("acme", kind, id)) is not None

    async def test_a_lapsed_hold_keeps_nothing(self, store: Store, clock: FrozenClock) -> None:
        """Once a hold has lapsed, or a visit was cancelled, what it used may be deleted."""
        await store.write(set_up)
        await store.write(lambda tx: put(tx, held("p1"), placed("p2")))

        def cancel(tx):
            tx.lock_routes([ANA_MONDAY])
            tx.set_placement_state("acme", "p2", PlacementState.CANCELLED)

        await store.write(cancel)
        clock.advance(HOLD)
        await store.write(lambda tx: tx.delete("acme", Site, "flat", None))
        await store.write(lambda tx: tx.delete("acme", Technician, "ana", None))

        assert await store.read(lambda tx: tx.site("acme", "flat")) is None

    async def test_a_technician_takes_the_absences_along(self, store: Store) -> None:
        """Exceptions and absences of a deleted technician are gone with her."""
        await store.write(set_up)
        await store.write(
            lambda tx: (tx.create("acme", AWAY_MONDAY), tx.create("acme", CLOSED_TUESDAY))
        )

        await store.write(lambda tx: tx.delete("acme", Technician, "ana", None))
        await store.write(lambda tx: tx.create("acme", ANA))

        assert await store.read(lambda tx: tx.page("acme", Absence, "", 9, "ana")) == []
        assert await store.read(lambda tx: tx.page("acme", ShiftException, "", 9, "ana")) == []

    async def test_who_is_gone_is_not_on_duty(self, store: Store) -> None:
        """A deleted technician is taken off the closures, which are changed by that."""
        await store.write(set_up)
        shut = replace(SHUT, on_duty=frozenset({"ana", "ben"}))
        old = await store.write(lambda tx: tx.create("acme", shut))

        await store.write(lambda tx: tx.delete("acme", Technician, "ana", None))

        kept, etag = await store.read(lambda tx: tx.fetch("acme", Closure, shut.id))
        assert kept == replace(shut, on_duty=frozenset({"ben"}))
        assert etag != old

    async def test_tenants_do_not_see_each_other(self, store: Store) -> None:
        """The id of one tenant's entity means nothing to another tenant."""
        await store.write(set_up)
        await store.write(lambda tx: tx.create("other", Tenant("other", "Other")))

        for entity in (ACME, NORTH, ANA, FLAT, BOILER):
            fetched = await store.read(lambda tx, e=entity: tx.fetch("other", type(e), e.id))
            assert fetched is None
        assert await store.read(lambda tx: tx.page("other", Technician, "", 9)) == []
