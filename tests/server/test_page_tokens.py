"""Page tokens: for one question, in one shape."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.scheduling.field_checks import Violations
from slotsvc.server.page_tokens import page_size, page_token, read_page_token


def read(question: str, token: str, shape: tuple[type[str | int], ...] = (str,)) -> object:
    """The position, or the violations."""
    wrong = Violations()
    position = read_page_token(wrong, question, token, shape)
    return [v.field for v in wrong.found] or position


def test_a_position_comes_back() -> None:
    """Texts and numbers, in order; the empty token is the first page."""
    token = page_token("q", ("2026-11-23", "anna", 3, "v-1"))

    assert read("q", token, (str, str, int, str)) == ("2026-11-23", "anna", 3, "v-1")
    assert read("q", "") is None


@pytest.mark.parametrize("shape", [(int,), (str, str), ()])
def test_the_shape_must_be_right(shape: tuple[type[str | int], ...]) -> None:
    """A token of the same question in another form is refused."""
    assert read("q", page_token("q", ("a",)), shape) == ["page_token"]


def test_another_question_is_another_token() -> None:
    """A token does not lead into somebody else's list."""
    assert read("p", page_token("q", ("a",))) == ["page_token"]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(token: str) -> None:
    """Nothing makes the reading fail otherwise."""
    assert read("q", token) in (None, ["page_token"])


def test_page_sizes_default_to_fifty() -> None:
    """0 is unset; out of range is a violation."""
    wrong = Violations()

    assert (page_size(wrong, 0), page_size(wrong, 1000)) == (50, 1000)
    page_size(wrong, 1001)
    assert [v.field for v in wrong.found] == ["page_size"]


@pytest.mark.parametrize("position", ["\ud800", 2**63, -(2**63) - 1, "a\x00"])
def test_a_made_up_position_is_refused(position: str | int) -> None:
    """What no database can compare is no position, although anybody can make such a token."""
    token = page_token("q", (position,)) if position != "\ud800" else _escaped("q", position)

    assert read("q", token, (type(position),)) == ["page_token"]


def _escaped(question: str, text: str) -> str:
    """A token whose JSON is ASCII: so a lone surrogate gets in."""
    digest = urlsafe_b64decode(page_token(question, ())[:12])
    return urlsafe_b64encode(digest + json.dumps([text]).encode()).rstrip(b"=").decode()
