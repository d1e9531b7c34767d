"""Throws messages at every method of a running service, and counts what comes back.

    python -m benchmarks.fuzz --messages 100000
    python -m benchmarks.fuzz --messages 2000 --method SuggestSlots --seed 3

Prints the status codes of each method and how much the process grew. Ends with 1 when anything was
a defect: INTERNAL, UNKNOWN, or no answer in time.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from google.protobuf.descriptor import MethodDescriptor
from grpc import aio

from benchmarks.calls import Calls, calling, fresh_id
from benchmarks.company import Company
from benchmarks.fuzz_messages import Thrower
from benchmarks.sample_company import sample_company

DEFECTS = frozenset({"INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED", "UNAVAILABLE"})
ANSWER_S = 20.0
STREAM_S = 0.05
"""How long the answers of a stream are read."""
AT_ONCE = 8
WARM_UP = 200
"""Messages to each method before the memory is looked at."""
A_COMPANY = 500
"""After so many messages there is a new company: the old one is deleted, cancelled, spoilt."""


@dataclass
class Result:
    """What came back for one method, by status code, and in how many seconds."""

    method: str
    codes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def defects(self) -> int:
        """Answers that no message may have."""
        return sum(count for code, count in self.codes.items() if code in DEFECTS)

    def line(self) -> str:
        """For the table."""
        told = "  ".join(f"{code} {count}" for code, count in self.codes.most_common())
        rate = self.codes.total() / self.seconds if self.seconds else 0.0
        return f"{self.method:<24} {rate:7.0f}/s  {told}"


async def throw(
    channel: aio.Channel, method: MethodDescriptor, thrower: Thrower, messages: int
) -> Result:
    """``messages`` of them, some at once."""
    result, begun = Result(method.name), time.monotonic()
    left = iter(range(messages))

    async def thrown() -> None:
        for _ in left:
            result.codes[await code_of(channel, method, thrower.payload(method))] += 1

    await asyncio.gather(*(thrown() for _ in range(AT_ONCE)))
    result.seconds = time.monotonic() - begun
    return result


async def code_of(channel: aio.Channel, method: MethodDescriptor, payload: bytes) -> str:
    """The status of one call; of a stream, after a moment."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if method.server_streaming:
            return await _code_of_stream(channel.unary_stream(path)(payload))
        await channel.unary_unary(path)(payload, timeout=ANSWER_S)
    except aio.AioRpcError as error:
        return error.code().name
    return "OK"


async def _code_of_stream(call: Any) -> str:
    try:
        async with asyncio.timeout(STREAM_S):
            async for _ in call:
                pass
    except TimeoutError:
        call.cancel()
    return "OK"


async def new_company(calls: Calls) -> Mapping[str, str]:
    """Names of a company made now, on a service that asks for no keys."""
    company = await Company(calls, f"acme-{fresh_id()[:8]}").found()
    return await sample_company(calls, company, datetime.now(UTC).date() + timedelta(days=1))


async def campaign(
    address: str,
    methods: Iterable[MethodDescriptor],
    messages: int,
    seed: int,
    *,
    quiet: bool = False,
) -> list[Result]:
    """Every method in turn, as often as asked; a line each unless ``quiet``."""
    results = []
    async with calling(address) as calls:
        thrower = Thrower(seed, await new_company(calls))
        for method in methods:
            result = Result(method.name)
            for begun in range(0, messages, A_COMPANY):
                part = await throw(calls.channel, method, thrower, min(A_COMPANY, messages - begun))
                result.codes += part.codes
                result.seconds += part.seconds
                thrower.names = dict(await new_company(calls))
            if not quiet:
                click.echo(result.line())
            results.append(result)
    return results


def resident_mb() -> float:
    """Memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def run(methods: list[MethodDescriptor], messages: int, seed: int) -> int:
    """A service without keys in this process, and the campaign. The number of defects."""
    from slotsvc import bootstrap
    from slotsvc.config import Log, Settings
    from slotsvc.server.logging import configure_logging

    with tempfile.TemporaryDirectory(prefix="slotsvc-fuzz-") as directory:
        settings = Settings(
            data_dir=Path(directory), grpc_addr="127.0.0.1:0", http_addr="off", auth="off",
            log=Log(level="error"),
        )  # fmt: skip
        configure_logging("console", "error", sys.stderr)
        async with bootstrap.running(settings) as server:
            click.echo("warming up")
            await campaign(server.address, methods, min(messages, WARM_UP), seed, quiet=True)
            before = resident_mb()
            results = await campaign(server.address, methods, messages, seed + 1)
            after = resident_mb()
    defects = sum(result.defects for result in results)
    total = sum(result.codes.total() for result in results)
    click.echo(
        f"{total} messages to {len(results)} methods, {defects} defects, memory "
        f"{before:.0f} -> {after:.0f} MB ({(after / before - 1) * 100:+.1f} %)"
    )
    return defects


@click.command()
@click.option("--messages", default=1000, show_default=True, help="To each method.")
@click.option("--method", "only", multiple=True, help="Only this one; may be repeated.")
@click.option("--seed", default=1, show_default=True)
def main(messages: int, only: tuple[str, ...], seed: int) -> None:
    """Throw messages at every method."""
    from slotsvc.server.app import method_descriptors

    chosen = [m for m in method_descriptors() if not only or m.name in only]
    if not chosen:
        raise click.UsageError("there is no such method")
    defects = asyncio.run(run(chosen, messages, seed))
    raise SystemExit(1 if defects else 0)


if __name__ == "__main__":
    main()
