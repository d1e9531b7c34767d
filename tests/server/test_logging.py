"""What log lines hold, and what they never hold."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from slotsvc.server.logging import configure_logging, masked


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    """Event, level, time and the given values, with what is bound to the call."""
    configure_logging("json", "info", stream)
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("here").info("call", grpc_code="OK", seconds=0.01)

    [line] = lines(stream)
    assert (line["event"], line["level"], line["request_id"]) == ("call", "info", "r1")
    assert (line["grpc_code"], line["seconds"], line["logger"]) == ("OK", 0.01, "here")
    assert line["timestamp"].endswith("Z")


def test_personal_data_is_left_out(stream: io.StringIO) -> None:
    """Values under names that could hold personal data do not reach the log."""
    configure_logging("json", "info", stream)

    structlog.get_logger().info(
        "booked", display_name="Anna", lat=43.7311, location="x", phone="1", visit="v1", token="t"
    )

    [line] = lines(stream)
    assert line["visit"] == "v1"
    assert not {"display_name", "lat", "location", "phone", "token"} & set(line)


def test_texts_of_exceptions_are_masked(stream: io.StringIO) -> None:
    """A traceback keeps its frames and loses coordinates, e-mail addresses and numbers."""
    configure_logging("json", "info", stream)
    try:
        raise ValueError("no road at 43.731122, 7.419758 for anna@example.org, +33 6 12 34 56 78")
    except ValueError as error:
        structlog.get_logger().error("incident", incident="abc", exc_info=error)

    [line] = lines(stream)
    assert "ValueError" in line["exception"]
    assert "test_logging.py" in line["exception"]
    for personal in ("43.73", "7.41", "anna", "34 56"):
        assert personal not in line["exception"]


def test_lines_of_other_libraries_are_written_alike(stream: io.StringIO) -> None:
    """The standard library's loggers come in the same form and are masked too."""
    configure_logging("json", "warning", stream)

    logging.getLogger("other").warning("cannot reach %s", "anna@example.org")
    logging.getLogger("other").info("not written")

    [line] = lines(stream)
    assert (line["logger"], line["event"]) == ("other", "cannot reach ***")


def test_lines_for_people_are_not_json(stream: io.StringIO) -> None:
    """The console style is columns; auto is JSON when nobody watches."""
    configure_logging("console", "info", stream)
    structlog.get_logger().info("ready", port=1)
    assert not stream.getvalue().startswith("{")
    assert "ready" in stream.getvalue()

    other = io.StringIO()
    configure_logging("auto", "info", other)
    structlog.get_logger().info("ready")
    assert lines(other)[0]["event"] == "ready"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 43.7311,7.4197", "at ***,***"),
        ("took 0.25 s, 12 stops, port 50051", "took 0.25 s, 12 stops, port 50051"),
        ("call 0612345678 now", "call *** now"),
        ("map 3f2a91c04d77", "map 3f2a91c04d77"),
        ("line 12345", "line 12345"),
    ],
)
def test_only_what_looks_personal_is_masked(text: str, expected: str) -> None:
    """Durations, counts, ports and ids stay readable."""
    assert masked(text) == expected
