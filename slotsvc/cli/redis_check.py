"""``slotsvc doctor`` on Redis: whether it answers, what it is, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotsvc.cli.checks import Check

if TYPE_CHECKING:
    from pydantic import SecretStr

LEAST = 7
"""The oldest major version of Redis, and of Valkey, that is understood."""
PATIENCE_S = 2.0


def redis_checks(url: SecretStr | None) -> list[Check]:
    """Nothing where none is set. Redis is a help: its absence is a warning, never a failure."""
    from slotsvc.config.redis_url import shown_redis_url

    if url is None:
        return []
    where = shown_redis_url(url)
    told = _told(url)
    if isinstance(told, str):
        action = "Everything works without it, slower. Start it, or mend redis_url."
        return [Check("redis", "warn", f"{where} does not answer ({told})", action)]
    return [_judged(where, told)]


def _judged(where: str, told: dict[str, Any]) -> Check:
    name = "Valkey" if "valkey_version" in told else "Redis"
    number = str(told.get("valkey_version") or told.get("redis_version") or "?")
    found = f"{name} {number} at {where}"
    if not number.partition(".")[0].isdecimal() or int(number.partition(".")[0]) < LEAST:
        return Check("redis", "warn", found, f"Use {name} {LEAST}.0 or later.")
    if told.get("maxmemory") and told.get("maxmemory_policy") == "noeviction":
        action = "Set maxmemory-policy to allkeys-lru: when it is full nothing more is shared."
        return Check("redis", "warn", f"{found}, keeps what is old when it is full", action)
    return Check("redis", "ok", found)


def _told(url: SecretStr) -> dict[str, Any] | str:
    """What Redis says of itself; text: the kind of error, never more, since it may name secrets."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = Redis.from_url(
        url.get_secret_value(),
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
    )
    try:
        return dict(client.info("server")) | dict(client.info("memory"))
    except Exception as error:
        return type(error).__name__
    finally:
        client.close()
