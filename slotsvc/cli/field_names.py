"""Fields of the contract as the command line calls them."""

from __future__ import annotations

import re

OPTIONS = {
    "request.location": "--at",
    "request.place": "--at, --site or --place",
    "request.site": "--site",
    "request.visit": "--visit",
    "request.activity_type": "--activity",
    "request.service_duration": "--minutes",
    "request.offer_grid": "--grid",
    "request.required_tags": "--tag",
    "request.first_date": "--from",
    "request.last_date": "--to",
    "request.required_technicians": "--only",
    "request.preferred_technicians": "--prefer",
    "request.forbidden_technicians": "--never",
    "request.client": "--client",
    "max_slots": "--slots",
    "max_slots_per_day": "--per-day",
    "max_rejections": "--why-not",
    "max_results": "--results",
    "near": "--near",
    "freedom": "--freedom",
    "team": "--team",
    "technician": "--technician",
    "date": "DAY",
    "token": "TOKEN",
    "hold": "HOLD",
    "hold_duration": "--minutes",
    "external_ref": "--ref",
    "note": "--note",
    "pin": "--pin",
    "cause": "--cause",
    "request_id": "--request-id",
    "query": "TEXT",
    "position": "--from",
}
INSIDE = {
    path.removeprefix("request."): option
    for path, option in OPTIONS.items()
    if path.startswith("request.") and "_" in path
}
"""What a reason may mention of a request; single words are too common to replace."""


def option_words(path: str) -> str:
    """Such as "--grid" for ``request.offer_grid``, "--at (latitude)"; a path unknown here stays."""
    parts = re.split(r"\.|(?=\[)", path)
    for length in range(len(parts), 0, -1):
        option = OPTIONS.get(_joined(parts[:length]))
        if option:
            rest = _joined(parts[length:])
            return f"{option} ({rest})" if rest else option
    return path


def reason_words(reason: str) -> str:
    """The reason with its fields as options."""
    return re.sub(r"[a-z]+(?:_[a-z]+)+", lambda found: INSIDE.get(found[0], found[0]), reason)


def _joined(parts: list[str]) -> str:
    return ".".join(parts).replace(".[", "[")
