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
    "search_time": "--search-ms",
    "max_results": "--results",
    "near": "--near",
    "freedom": "--freedom",
    "resequence_published": "--reorder-published",
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
    "request.leave_promise": "--leave-promise",
    "request.priority": "--priority",
    "visit.site": "--site",
    "visit.location": "--at",
    "visit.activity_type": "--activity",
    "visit.service_duration": "--minutes",
    "visit.required_tags": "--tag",
    "visit.team": "--team",
    "visit.due_time": "--due",
    "visit.target_window": "--target",
    "visit.priority": "--priority",
    "visit.commitment": "--commitment",
    "visit.client": "--client",
    "visit.external_ref": "--ref",
    "visit.note": "--note",
    "promised_windows": "--told",
    "windows": "WINDOW",
    "channel": "--channel",
    "time": "--at",
    "step": "STEP",
    "outcome": "--outcome",
    "override_reason": "--reason",
    "move.visit": "VISIT",
    "move.technician": "TECHNICIAN",
    "move.date": "DAY",
    "move.shift_number": "--shift",
    "move.position": "--position",
    "move.start_window": "--between",
    "moves": "VISIT TECHNICIAN DAY",
    "first_date": "DAY or --from",
    "last_date": "--until or --to",
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
