"""Promises, labels and reported steps as JSON text. Instants are Unix seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from slotsvc.domain.commitment import Promise
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch

NOTHING = "[]"
"""No promises; no steps."""

NO_LABELS = "{}"


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def promises_text(promises: Sequence[Promise]) -> str:
    """In the order of telling."""
    return _dump([_promise(promise) for promise in promises])


def _promise(promise: Promise) -> dict[str, Any]:
    return {
        "windows": [[to_epoch(w.start), to_epoch(w.end)] for w in promise.windows],
        "told": to_epoch(promise.told),
        "channel": promise.channel,
        "superseded": None if promise.superseded is None else to_epoch(promise.superseded),
    }


@lru_cache(8192)  # a route is read again with each of its changes, its promises are the same
def promises_from(text: str) -> tuple[Promise, ...]:
    """Inverse of ``promises_text``."""
    return tuple(_promise_from(promise) for promise in json.loads(text))


def _promise_from(stored: dict[str, Any]) -> Promise:
    superseded = stored["superseded"]
    return Promise(
        tuple(TimeWindow(from_epoch(start), from_epoch(end)) for start, end in stored["windows"]),
        from_epoch(stored["told"]),
        stored["channel"],
        None if superseded is None else from_epoch(superseded),
    )


def labels_text(labels: Mapping[str, str]) -> str:
    """Sorted, so that equal labels are equal text."""
    return _dump(dict(sorted(labels.items())))


def labels_from(text: str) -> dict[str, str]:
    """Inverse of ``labels_text``."""
    return {} if text == NO_LABELS else dict(json.loads(text))


def steps_text(steps: Sequence[tuple[str, datetime]]) -> str:
    """In the order of reporting."""
    return _dump([[name, to_epoch(at)] for name, at in steps])


def steps_from(text: str) -> tuple[tuple[str, datetime], ...]:
    """Inverse of ``steps_text``."""
    if text == NOTHING:
        return ()
    return tuple((name, from_epoch(at)) for name, at in json.loads(text))
