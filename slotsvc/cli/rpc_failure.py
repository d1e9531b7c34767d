"""What a gRPC error means to the person at the terminal.

Reads the google.rpc details of the status: ErrorInfo (reason), BadRequest (violations),
slotsvc.v1.SlotGoneDetail (alternatives) and slotsvc.v1.PlanWorseDetail (routes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.not_found import not_found
from slotsvc.cli.unanswered import START, unanswered
from slotsvc.cli.words import count_words, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import grpc
    from google.protobuf.any_pb2 import Any as AnyMessage
    from google.rpc.status_pb2 import Status

    from slotsvc.pb.v1.plan_service_pb2 import RouteCheck
    from slotsvc.pb.v1.slot_service_pb2 import Slot

EXITS = {
    "INVALID_ARGUMENT": Exit.USAGE,
    "UNIMPLEMENTED": Exit.USAGE,
    "UNAVAILABLE": Exit.NOT_READY,
}

REASON_HINTS = {
    "UNAUTHENTICATED": "Give a key: --api-key-file, or SLOTSVC_API_KEY. `slotsvc key first` makes "
    "the first one of a service.",
    "PERMISSION_DENIED": "Use a key of another role. An administrator, for its company, or an "
    "operator sees and makes them with `slotsvc key list` and `key create`.",
    "NOT_FOUND": "Check the name; `slotsvc list` shows what there is.",
    "ALREADY_EXISTS": "Choose another id, or change the one that is there.",
    "ETAG_MISMATCH": "It changed meanwhile: read it again, then repeat.",
    "SLOT_TOKEN_INVALID": "Give the whole token as `slotsvc suggest --json` prints it. If it is "
    "whole, replicas have different key rings (key_ring_path).",
    "SLOT_EXPIRED": "Offers lapse: run `slotsvc suggest` again.",
    "SLOT_GONE": "Run `slotsvc suggest` again, or take an alternative N: with --json its token is "
    "`error.alternatives[N-1].token`.",
    "HOLD_EXPIRED": "The hold lapsed: run `slotsvc suggest` again.",
    "HOLD_LIMIT": "Release or book the client's other hold first.",
    "PLAN_WORSE": "To do it all the same, repeat with --reason TEXT: it is kept on record.",
    "WRONG_STATE": "Nothing to repeat: it has moved on.",
    "TRAVEL_UNAVAILABLE": "Wait a moment and repeat; `slotsvc doctor` checks the road engine.",
    "STORE_BUSY": "Repeat in a moment; `/readyz` says when it is back.",
    "OVERLOADED": "Nothing was begun: repeat in a moment.",
    "SERVICE_STOPPING": "Repeat in a moment, when it is up again.",
    "IDEMPOTENCY_KEY_REUSED": "Use a new --request-id for another payload.",
    "FIELD_NOT_IMPLEMENTED": "Leave it out.",
    "INVALID_REQUEST": "Mend every line above, then repeat.",
    "RESYNC": "Read the days anew, and watch without a position.",
}

# of errors that have a reason in common, by words of the message
SPECIAL_HINTS = (
    ("HOLD_LIMIT", "prolonged", "Confirm it with `slotsvc book`, or let it lapse and ask for slots "
     "again."),
    ("WRONG_STATE", "recurring", "It is done again and again by itself; `slotsvc jobs retry` does "
     "it now."),
)  # fmt: skip

CODE_HINTS = {
    "UNAVAILABLE": START,
    "DEADLINE_EXCEEDED": "Repeat with a longer --timeout.",
    "INTERNAL": "This is a defect of ours: the service's log has the details.",
}


def failure_of(error: grpc.RpcError, address: str, request: object = None) -> CommandError:
    """The failure to show for a call of ``request`` that ended with ``error``.

    ``request``: lets "no such site" say which; None: it cannot. Alternatives are ranked anew.
    """
    # every error of a finished call is also a call; the base class does not say so
    call: Any = error
    details = _details(call.trailing_metadata() or ())
    return _failure(call.code().name, call.details() or "", details, address, request)


def failure_in(status: Status, request: object = None) -> CommandError:
    """As ``failure_of``, for an error that stands in an answer."""
    import grpc

    names = {code.value[0]: code.name for code in grpc.StatusCode}
    code = names.get(status.code, "UNKNOWN")
    return _failure(code, status.message, status.details, "", request)


def _failure(
    code: str, told: str, details: Sequence[AnyMessage], address: str, request: object
) -> CommandError:
    reason, violations, alternatives, routes = _read(details)
    message = f"{count_words(len(violations), 'field')} refused." if violations else told
    for rank, slot in enumerate(alternatives, 1):
        slot.rank = rank
    if reason == "NOT_FOUND" and request is not None:
        return not_found(message, request)
    text, hint = _told(code, reason, message, address)
    return CommandError(
        message=text,
        reason=reason or code,
        exit_code=EXITS.get(code, Exit.ERROR),
        hint=_repeat_hint(request) if reason == "STORE_BUSY" else hint,
        violations=violations,
        alternatives=alternatives,
        routes=routes,
    )


def unknown_key(refused: CommandError) -> CommandError:
    """``refused`` for want of a good key, where one was given: the service says no more about it,
    so that nobody learns by guessing."""
    refused.message = "The service does not know this key, or it has expired or was revoked."
    refused.hint = "Is it of this service? An operator's key lists them: `slotsvc key list`."
    return refused


def _told(code: str, reason: str, message: str, address: str) -> tuple[str, str]:
    """The sentence, and what to do."""
    if code == "UNAVAILABLE" and (nobody := unanswered(message, address)):
        return nobody
    text = message or f"The service answered {code}."
    if code == "DEADLINE_EXCEEDED" and address:
        text = f"The service at {address} did not answer in time."
    special = (hint for of, words, hint in SPECIAL_HINTS if of == reason and words in message)
    usual = REASON_HINTS.get(reason) or CODE_HINTS.get(code, "")
    return sentence(text), next(special, usual)


def _repeat_hint(request: Any) -> str:
    """For a change the id that makes a repetition one with it, where the command takes one."""
    import click

    context = click.get_current_context(silent=True)
    options = {param.name for param in context.command.params} if context else set()
    if "request_id" in options and (id := getattr(request, "request_id", "")):
        return f"Repeat with --request-id {id}: it is then done once, whatever became of this call."
    return REASON_HINTS["STORE_BUSY"]


def _details(metadata: Iterable[tuple[str, Any]]) -> Sequence[AnyMessage]:
    from google.rpc.status_pb2 import Status

    for key, value in metadata:
        if key == "grpc-status-details-bin":
            return tuple(Status.FromString(value).details)
    return ()


def _read(
    details: Sequence[AnyMessage],
) -> tuple[str, Sequence[tuple[str, str]], Sequence[Slot], Sequence[RouteCheck]]:
    from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

    from slotsvc.pb.v1.plan_service_pb2 import PlanWorseDetail
    from slotsvc.pb.v1.slot_service_pb2 import SlotGoneDetail

    info, bad, gone, worse = ErrorInfo(), BadRequest(), SlotGoneDetail(), PlanWorseDetail()
    for detail in details:
        # each unpacks its own kind and leaves the others alone
        for message in (info, bad, gone, worse):
            detail.Unpack(message)
    violations = [(v.field, v.description) for v in bad.field_violations]
    return info.reason, violations, tuple(gone.alternatives), tuple(worse.routes)
