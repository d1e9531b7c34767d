"""What went wrong, as one page in the visitor's language. The only place that chooses statuses.

Nothing that an engine, a database or a library said reaches the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from slotsvc.portal.languages import marked


@dataclass(frozen=True, slots=True)
class Told:
    """A status with what its page says; ``retry``: whether trying again may help."""

    status: int
    title: str
    text: str
    retry: bool = False


class Problem(Enum):
    """Why there is no page."""

    NOT_FOUND = Told(
        404,
        marked("This page does not exist"),
        marked("Please check the address, or go back to the start page."),
    )
    FORBIDDEN = Told(
        403,
        marked("This is not open to you"),
        marked("Your account may not use this page."),
    )
    READ_ONLY = Told(
        403,
        marked("You are only looking"),
        marked("You see the portal through a client's eyes: nothing can be changed here."),
    )
    STALE_FORM = Told(
        403,
        marked("This page was open for too long"),
        marked("Nothing was changed. Go back, reload the page and try again."),
    )
    FOREIGN_FORM = Told(
        403,
        marked("This did not come from our page"),
        marked("Nothing was changed. Open the page here and try again."),
    )
    BAD_REQUEST = Told(
        400,
        marked("We could not read that"),
        marked("Go back, check what you entered and try again."),
    )
    METHOD = Told(
        405,
        marked("That does not work here"),
        marked("Go back to the page and use its buttons."),
    )
    CHANGED = Told(
        409,
        marked("This has changed in the meantime"),
        marked("Please go back to the start page and look at it anew."),
    )
    TOO_LARGE = Told(
        413,
        marked("That is too large"),
        marked("Please send less, or a smaller file."),
    )
    TOO_MANY = Told(
        429,
        marked("Too many tries"),
        marked("Please wait a moment, then try again."),
        retry=True,
    )
    UNAVAILABLE = Told(
        503,
        marked("We cannot look at the calendar right now"),
        marked("Nothing is lost. Please try again in a moment."),
        retry=True,
    )
    BROKEN = Told(
        500,
        marked("Something went wrong on our side"),
        marked("Please try again. If it happens again, tell us this number: %(number)s"),
        retry=True,
    )


class ProblemError(Exception):
    """Ends a page with a problem. ``retry_after_s``: told to the browser where known."""

    def __init__(self, problem: Problem, retry_after_s: int | None = None) -> None:
        super().__init__(problem.name)
        self.problem = problem
        self.retry_after_s = retry_after_s


class ElsewhereError(Exception):
    """Ends a page by sending the browser to ``url``, one of our own."""

    def __init__(self, url: str) -> None:
        super().__init__("elsewhere")
        self.url = url
