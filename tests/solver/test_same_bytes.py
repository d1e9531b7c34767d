"""The same question has the same answer: in any thread, beside any other, in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from slotsvc.solver.query import Answer
from tests.solver.calendars import a_place
from tests.solver.proven import answered
from tests.solver.random_days import Question
from tests.solver.volume import FAMILIES, number

ROOT = Path(__file__).resolve().parents[2]
EACH = 12
THREADS = 8


def some_questions() -> list[Question]:
    return [number(family, n) for n in range(EACH) for family in FAMILIES]


def digest() -> str:
    """Of all that is told about some questions."""
    told = [repr(answered(question)) for question in some_questions()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def test_the_same_bytes_in_every_process() -> None:
    """However a process mixes its hashes, the answers are the same to the last byte."""
    script = "from tests.solver.test_same_bytes import digest; print(digest())"
    mixed = {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    other = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | mixed, cwd=ROOT, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert other.stdout.strip() == digest()


def test_many_threads_answer_as_one() -> None:
    """Asked all at once, in any order, as when asked one by one."""
    questions = some_questions()
    alone = [answered(question) for question in questions]
    with ThreadPoolExecutor(THREADS) as threads:
        assert list(threads.map(answered, questions)) == alone
        backwards = list(threads.map(answered, reversed(questions)))
    assert backwards[::-1] == alone


def test_many_threads_share_one_calendar() -> None:
    """Different visits asked for on the same calendar at once do not disturb each other."""
    for n in range(10):
        question = number("hostile roads, every rule", n)
        asked = [about(question, place) for place in range(len(question.roads.seconds))] * 4
        alone: list[Answer] = [answered(one) for one in asked]
        with ThreadPoolExecutor(THREADS) as threads:
            assert list(threads.map(answered, asked)) == alone


def about(question: Question, place: int) -> Question:
    """The same question for a visit at another place."""
    return replace(question, query=replace(question.query, location=a_place(place)))
