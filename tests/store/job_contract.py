"""What every store must do with background work."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from slotsvc.scheduling.job_ports import WORKER_DIED, Claim, Job, JobCount, JobState, NewJob
from slotsvc.scheduling.ports import Store
from tests.store.samples import HOUR, MINUTE, NOW, FrozenClock

LEASE = timedelta(seconds=60)
LETTER = NewJob("letter", "visit-1", 1, "acme", {"route": "ana", "count": 3})


async def put(store: Store, *jobs: NewJob) -> list[bool]:
    return await store.write(lambda tx: [tx.put_job(job) for job in jobs])


async def taken(
    store: Store, token: str = "me", most: int = 9, tries: int | None = 12, kind: str = "letter"
) -> list[Job]:
    claim = Claim(kind, most, LEASE, tries)
    return list(await store.write(lambda tx: tx.claim_jobs(claim, token)))


async def job(store: Store, id: int) -> Job:
    found = await store.read(lambda tx: tx.job(id))
    assert found is not None
    return found


def places(jobs: list[Job]) -> list[tuple[str, int]]:
    return [(job.subject, job.version) for job in jobs]


class JobContract:
    """One queue, in the mutation's own transaction."""

    async def test_a_job_comes_back_as_it_was_put(self, store: Store) -> None:
        """Every field of it; it is due at once, belongs to nobody and has not been tried."""
        assert await put(store, LETTER) == [True]

        (found,) = await store.read(lambda tx: tx.jobs({JobState.WAITING}, "", 0, 10))
        assert found == Job(
            found.id, "letter", "acme", "visit-1", 1, {"route": "ana", "count": 3},
            JobState.WAITING, NOW, NOW, "", 0, "", NOW, None,
        )  # fmt: skip
        assert await store.read(lambda tx: tx.job(found.id)) == found
        assert await store.read(lambda tx: tx.job(found.id + 1)) is None

    async def test_a_mutation_that_fails_puts_no_job(self, store: Store) -> None:
        """The job is written with what causes it, or not at all."""

        def fails(tx) -> None:
            tx.put_job(LETTER)
            raise ZeroDivisionError

        with suppress(ZeroDivisionError):
            await store.write(fails)
        assert await taken(store) == []

    async def test_one_match_makes_one_job(self, store: Store) -> None:
        """The same kind, subject and version is put once, also after it was done."""
        other = replace(LETTER, tenant="other")
        assert await put(store, LETTER, LETTER, other) == [True, False, True]
        for one in await taken(store):
            assert await store.write(lambda tx, one=one: tx.finish_job(one, None))

        assert await put(store, LETTER, replace(LETTER, version=2)) == [False, True]

    async def test_a_transaction_knows_that_it_put_work(self, store: Store) -> None:
        """Only when there is new work."""

        def put_one(tx) -> tuple[bool, bool]:
            before = tx.jobs_put
            tx.put_job(LETTER)
            return before, tx.jobs_put

        assert await store.write(put_one) == (False, True)
        assert await store.write(put_one) == (False, False)

    async def test_a_job_waits_for_its_time(self, store: Store, clock: FrozenClock) -> None:
        """By the store's clock; meanwhile the store says from when on it can be taken."""
        await put(store, replace(LETTER, due=NOW + HOUR))

        assert await taken(store) == []
        assert await store.read(lambda tx: tx.next_job("letter")) == NOW + HOUR
        assert await store.read(lambda tx: tx.next_job("other")) is None
        clock.advance(HOUR)
        assert places(await taken(store)) == [("visit-1", 1)]

    async def test_the_longest_due_come_first(self, store: Store, clock: FrozenClock) -> None:
        """At most as many as were asked for, and of the kind that was asked for."""
        late = replace(LETTER, subject="late", due=NOW + 2 * MINUTE)
        early = replace(LETTER, subject="early", due=NOW + MINUTE)
        await put(store, late, early, replace(LETTER, kind="other"))
        clock.advance(HOUR)

        assert places(await taken(store, most=1)) == [("early", 1)]
        assert places(await taken(store, most=9)) == [("late", 1)]
        assert await taken(store) == []

    async def test_a_lease_keeps_others_away_until_it_ends(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """Then another worker takes the job over, and the first one has no say any more."""
        await put(store, LETTER)
        (mine,) = await taken(store, "me")

        assert (mine.token, mine.free, mine.tries) == ("me", NOW + LEASE, 1)
        assert mine.running(NOW)
        assert await taken(store, "you") == []
        assert await store.read(lambda tx: tx.next_job("letter")) == NOW + LEASE

        clock.advance(LEASE)
        (yours,) = await taken(store, "you")
        assert (yours.token, yours.tries) == ("you", 2)
        assert not await store.write(lambda tx: tx.renew_job(mine, LEASE))
        assert not await store.write(lambda tx: tx.fail_job(mine, "OOPS", None))
        assert not await store.write(lambda tx: tx.give_back_job(mine))
        assert not await store.write(lambda tx: tx.finish_job(mine, None))
        assert await job(store, mine.id) == yours
        assert await store.write(lambda tx: tx.finish_job(yours, None))

    async def test_a_renewed_lease_lasts_longer(self, store: Store, clock: FrozenClock) -> None:
        """From the moment of renewing."""
        await put(store, LETTER)
        (mine,) = await taken(store)
        clock.advance(MINUTE / 2)

        assert await store.write(lambda tx: tx.renew_job(mine, LEASE))
        clock.advance(MINUTE / 2)
        assert await taken(store, "you") == []
        clock.advance(MINUTE / 2)
        assert len(await taken(store, "you")) == 1

    async def test_a_late_worker_may_still_say_that_it_is_done(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """As long as nobody else has taken the job; and only once."""
        await put(store, LETTER)
        (mine,) = await taken(store)
        clock.advance(HOUR)

        assert await store.write(lambda tx: tx.finish_job(mine, None))
        assert not await store.write(lambda tx: tx.finish_job(mine, None))
        assert not await store.write(lambda tx: tx.fail_job(mine, "OOPS", NOW))
        ended = await job(store, mine.id)
        assert (ended.state, ended.ended, ended.token) == (JobState.DONE, NOW + HOUR, "")
        assert await taken(store) == []

    async def test_a_failed_job_is_tried_again_later(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """At the instant that was said, with its tries counted and its error kept."""
        await put(store, LETTER)
        (mine,) = await taken(store)

        assert await store.write(lambda tx: tx.fail_job(mine, "MAIL_DOWN", NOW + HOUR))
        failed = await job(store, mine.id)
        assert (failed.error, failed.tries, failed.token) == ("MAIL_DOWN", 1, "")
        assert (failed.due, failed.free) == (NOW + HOUR, NOW + HOUR)
        assert await taken(store) == []
        clock.advance(HOUR)
        (again,) = await taken(store)
        assert again.tries == 2
        assert await store.write(lambda tx: tx.finish_job(again, None))
        assert (await job(store, again.id)).error == ""

    async def test_a_job_that_is_given_up_is_dead(self, store: Store, clock: FrozenClock) -> None:
        """Nobody takes it any more; it stays, with its error, until it is revived."""
        await put(store, LETTER)
        (mine,) = await taken(store)
        await store.write(lambda tx: tx.fail_job(mine, "NO_SUCH_HOST", None))
        clock.advance(HOUR)

        assert await taken(store) == []
        dead = await job(store, mine.id)
        assert (dead.state, dead.error, dead.ended) == (JobState.DEAD, "NO_SUCH_HOST", NOW)
        await store.write(lambda tx: tx.revive_job(mine.id))
        (again,) = await taken(store)
        assert (again.id, again.tries, again.ended) == (mine.id, 1, None)

    async def test_a_job_that_ends_its_workers_ends_dead(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """Taken as often as it may be, and nobody ever said a word: it is not taken again."""
        await put(store, LETTER)
        for _ in range(3):
            (mine,) = await taken(store, tries=3)
            clock.advance(HOUR)

        assert await taken(store, tries=3) == []
        dead = await job(store, mine.id)
        assert (dead.state, dead.error, dead.tries) == (JobState.DEAD, WORKER_DIED, 3)

    async def test_a_job_given_back_is_taken_at_once(self, store: Store) -> None:
        """A worker that stops in good order costs no try and no waiting."""
        await put(store, LETTER)
        (mine,) = await taken(store)

        assert await store.write(lambda tx: tx.give_back_job(mine))
        (yours,) = await taken(store, "you")
        assert yours.tries == 1

    async def test_a_recurring_job_is_the_same_row_again(
        self, store: Store, clock: FrozenClock
    ) -> None:
        """Done means due again, tries and error forgotten."""
        await put(store, NewJob("letter"))
        (first,) = await taken(store)
        await store.write(lambda tx: tx.fail_job(first, "OOPS", NOW))
        (first,) = await taken(store)

        assert await store.write(lambda tx: tx.finish_job(first, NOW + HOUR))
        assert await put(store, NewJob("letter")) == [False]
        assert await taken(store) == []
        clock.advance(HOUR)
        (second,) = await taken(store)
        assert (second.id, second.tries, second.error) == (first.id, 1, "")

    async def test_subjects_are_served_in_order(self, store: Store, clock: FrozenClock) -> None:
        """Of a subject the lowest version only, whatever the order of writing; a version that
        waits for its next try keeps those behind it waiting, a dead one does not."""
        of = {n: replace(LETTER, version=n) for n in (1, 2, 3)}
        await put(store, of[2], of[1], of[3], replace(LETTER, subject="visit-2", version=9))

        first, other = sorted(await taken(store), key=lambda job: job.subject)
        assert places([first, other]) == [("visit-1", 1), ("visit-2", 9)]
        assert await taken(store, "you") == []
        await store.write(lambda tx: tx.fail_job(first, "OOPS", NOW + HOUR))
        assert await taken(store) == []
        assert await store.read(lambda tx: tx.next_job("letter")) == NOW + LEASE
        clock.advance(HOUR)

        jobs = {job.subject: job for job in await taken(store)}
        assert jobs["visit-1"].version == 1
        await store.write(lambda tx: tx.fail_job(jobs["visit-1"], "OOPS", None))
        (second,) = await taken(store)
        assert second.version == 2
        await store.write(lambda tx: tx.finish_job(second, None))
        assert places(await taken(store)) == [("visit-1", 3)]

    async def test_kinds_and_tenants_do_not_wait_for_each_other(self, store: Store) -> None:
        """Order is kept for one kind of work about one subject of one tenant."""
        await put(store, LETTER, replace(LETTER, tenant="other", version=2))
        await put(store, replace(LETTER, kind="sms", version=3))

        assert len(await taken(store)) == 2
        assert places(await taken(store, kind="sms")) == [("visit-1", 3)]

    async def test_a_dropped_job_is_never_done(self, store: Store) -> None:
        """Not even by who has it in hand, nor put again; what waited behind it is next."""
        await put(store, LETTER, replace(LETTER, version=2))
        (mine,) = await taken(store)

        await store.write(lambda tx: tx.drop_job(mine.id))
        assert not await store.write(lambda tx: tx.finish_job(mine, None))
        assert (await job(store, mine.id)).state is JobState.DROPPED
        assert await put(store, LETTER) == [False]
        assert places(await taken(store)) == [("visit-1", 2)]

    async def test_what_ended_is_neither_revived_nor_dropped(self, store: Store) -> None:
        """Done stays done."""
        await put(store, LETTER)
        (mine,) = await taken(store)
        await store.write(lambda tx: tx.finish_job(mine, None))
        done = await job(store, mine.id)

        await store.write(lambda tx: tx.revive_job(mine.id))
        await store.write(lambda tx: tx.drop_job(mine.id))
        assert await job(store, mine.id) == done

    async def test_jobs_are_listed_by_state_and_kind(self, store: Store) -> None:
        """In order of id, a page at a time."""
        await put(store, *(replace(LETTER, subject=f"v{n}") for n in range(4)))
        await put(store, NewJob("sweep"))
        (mine, *_) = await taken(store)
        await store.write(lambda tx: tx.fail_job(mine, "OOPS", None))

        every = set(JobState)
        listed = await store.read(lambda tx: tx.jobs(every, "", 0, 10))
        assert [job.id for job in listed] == sorted(job.id for job in listed)
        assert [job.kind for job in listed] == 4 * ["letter"] + ["sweep"]
        assert await store.read(lambda tx: tx.jobs(every, "", listed[1].id, 2)) == listed[2:4]
        assert await store.read(lambda tx: tx.jobs({JobState.DEAD}, "", 0, 9)) == listed[:1]
        assert await store.read(lambda tx: tx.jobs(every, "sweep", 0, 9)) == listed[4:]

    async def test_jobs_are_counted(self, store: Store, clock: FrozenClock) -> None:
        """By kind: those that are due or in hand, since when the oldest is, and the dead."""
        await put(store, *(replace(LETTER, subject=f"v{n}") for n in range(4)))
        await put(store, NewJob("sweep", due=NOW + HOUR))
        first, second, *_ = await taken(store)
        await store.write(lambda tx: tx.fail_job(first, "OOPS", None))
        await store.write(lambda tx: tx.finish_job(second, None))
        clock.advance(MINUTE)

        assert await store.read(lambda tx: tx.job_counts()) == {"letter": JobCount(2, 1, NOW)}

    async def test_what_is_done_is_forgotten_and_what_is_dead_is_not(self, store: Store) -> None:
        """What ended before the instant that is named."""
        await put(store, *(replace(LETTER, subject=f"v{n}") for n in range(4)))
        done, dropped, dead, waiting = await taken(store)
        await store.write(lambda tx: tx.finish_job(done, None))
        await store.write(lambda tx: tx.drop_job(dropped.id))
        await store.write(lambda tx: tx.fail_job(dead, "OOPS", None))

        assert await store.write(lambda tx: tx.forget_jobs(NOW, 9)) == 0
        assert await store.write(lambda tx: tx.forget_jobs(NOW + HOUR, 1)) == 1
        assert await store.write(lambda tx: tx.forget_jobs(NOW + HOUR, 9)) == 1
        left = await store.read(lambda tx: tx.jobs(set(JobState), "", 0, 9))
        assert [job.id for job in left] == [dead.id, waiting.id]
