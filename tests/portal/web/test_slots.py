"""The time an appointment has already is no choice, and moving to it moves nothing."""

from __future__ import annotations

from pathlib import Path

from slotsvc.portal.tables.audit import newest
from tests.portal.booking_fixtures import running_household, tokens


async def test_present_time(tmp_path: Path) -> None:
    """It is marked and no button; chosen on an old page it changes nothing and writes no letter."""
    async with running_household(tmp_path) as home:
        visit = await home.visit()
        await home.booked(visit, n=14)
        before = (await home.engine_visit(visit)).promise.window
        old = await home.anna.get(f"/riviera/visits/{visit}/slots")
        target = tokens(old)[9]
        await home.anna.submit(await home.held(visit, n=9), "/confirm")
        now = (await home.engine_visit(visit)).promise.window
        assert target.startswith(f"{now.start_time.seconds}:")

        page = await home.anna.get(f"/riviera/visits/{visit}/slots")
        assert page.text.count("Your present time") == 1
        starts = {token.partition(":")[0] for token in tokens(page)}
        assert str(now.start_time.seconds) not in starts
        assert str(before.start_time.seconds) in starts

        page = await home.anna.followed(await home.anna.submit(old, "/hold", token=target))
        assert "the time your appointment has already" in page.text
        assert "has a new time" not in page.text
        stands = await home.engine_visit(visit)
        assert (stands.promise.window, stands.hold) == (now, "")
        kinds = await home.letters(tmp_path / "letters", 2)
        assert kinds == ["BOOKED", "RESCHEDULED"]


async def test_what_the_audit_says(tmp_path: Path) -> None:
    """Who booked, moved and cancelled which visit, its start, the one before, and why."""
    async with running_household(tmp_path) as home:
        visit = await home.visit()
        await home.booked(visit, n=9)
        await home.anna.submit(await home.held(visit, n=14), "/confirm")
        question = await home.anna.get(f"/riviera/visits/{visit}/cancel")
        await home.anna.submit(question, "/cancel", cause="We are away")
        told = await home.world.portal.database.read(lambda tx: newest(tx, 3))
        assert [each.what for each in told] == [
            "VISIT_CANCELLED",
            "VISIT_RESCHEDULED",
            "VISIT_BOOKED",
        ]
        assert {each.actor for each in told} == {f"contacts/{home.contact}"}
        assert {each.subject for each in told} == {f"visits/{visit}"}
        cancelled, moved, booked = (each.data for each in told)
        assert moved == {"start": moved["start"], "before": booked["start"]}
        assert cancelled == {"start": moved["start"], "cause": "We are away"}
        sam = await home.world.signed_in_staff()
        record = await sam.get(f"/company/clients/{home.client}")
        assert "We are away" in record.text
