"""The portal, wired: beside the service in one process, or alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from slotsvc.bootstrap.loading import settle
from slotsvc.bootstrap.service import RunningServer, running
from slotsvc.config import Settings
from slotsvc.domain.technician import Tenant
from slotsvc.scheduling.ports import Store
from slotsvc.server.logging import configure_logging
from slotsvc.server.portal_keys import portal_keys

if TYPE_CHECKING:
    from pydantic import SecretStr

    from slotsvc.portal.options import PortalOptions, ServiceOptions
    from slotsvc.portal.running import RunningPortal


class NoPortal(StrEnum):
    """Why ``slotsvc up`` started no portal beside the service."""

    OFF = "OFF"  # as the settings want it
    NO_COMPANY = "NO_COMPANY"  # nobody to serve yet
    UNKNOWN_COMPANY = "UNKNOWN_COMPANY"  # the settings name one that is not there
    MANY_COMPANIES = "MANY_COMPANIES"  # the settings must say which
    NO_TRUST = "NO_TRUST"  # the service is encrypted, and nothing says whom the portal may trust


async def run_up(
    settings: Settings,
    *,
    on_ready: Callable[[RunningServer, RunningPortal | NoPortal], Awaitable[None]],
    until: asyncio.Event,
) -> int:
    """The service and its portal in one loop, as ``run_server``. The portal ends first: what its
    visitors do still finds the service."""
    configure_logging(settings.log.format, settings.log.level, sys.stderr)
    async with running(settings) as server, embedded_portal(settings, server) as portal:
        settle()
        await on_ready(server, portal)
        await until.wait()
    return 0


async def run_portal(
    settings: Settings,
    *,
    on_ready: Callable[[RunningPortal], Awaitable[None]],
    until: asyncio.Event,
) -> int:
    """The portal alone, on a service elsewhere. ``portal.tenant`` must be set."""
    configure_logging(settings.log.format, settings.log.level, sys.stderr)
    async with running_portal(portal_options(settings)) as portal:
        await on_ready(portal)
        await until.wait()
    return 0


@asynccontextmanager
async def embedded_portal(
    settings: Settings, server: RunningServer
) -> AsyncIterator[RunningPortal | NoPortal]:
    """The portal of the service's own company, with keys of its own making; or why there is none.

    Calls the service as any portal does, through its port.
    """
    tenant = await _company(settings, server.store)
    if isinstance(tenant, NoPortal):
        yield tenant
        return
    keys = await portal_keys(server.store, settings.portal_service_keys_file, tenant)
    service = replace(
        portal_options(settings, tenant).service,
        address=settings.portal.service_address or _near(server.address),
        portal_key=_shown(settings.portal.portal_key) or keys.portal,
        planner_key=_shown(settings.portal.planner_key) or keys.planner,
    )
    async with running_portal(replace(portal_options(settings, tenant), service=service)) as portal:
        yield portal


@asynccontextmanager
async def running_portal(options: PortalOptions) -> AsyncIterator[RunningPortal]:
    """The portal while the block runs. Its packages are loaded here only: the service alone needs
    none of them."""
    from slotsvc.portal.running import running as portal_running

    async with portal_running(options) as portal:
        yield portal


def portal_options(settings: Settings, tenant: str | None = None) -> PortalOptions:
    """What the settings tell the portal. ``tenant`` None: ``portal.tenant``, which must be set."""
    from slotsvc.portal.options import MailOptions, PortalOptions, SmsOptions

    portal, mail, sms = settings.portal, settings.mail, settings.sms
    mail_url, whose = _shown(mail.url), tenant or portal.tenant
    if whose is None:
        raise ValueError("portal.tenant is not set")
    return PortalOptions(
        address=portal.http_addr,
        tenant=f"tenants/{whose}",
        database=settings.portal_database_file,
        key_ring=settings.portal_key_ring_file,
        service=_service_options(settings),
        public_url=portal.public_url,
        mail=MailOptions(mail_url, mail.sender) if mail_url else None,
        sms=SmsOptions(sms.url, _shown(sms.secret), sms.sender, sms.countries, sms.monthly_limit)
        if sms.url
        else None,
        sink=portal.sink_path,
        trusted_proxies=portal.trusted_proxies,
    )


def _service_options(settings: Settings) -> ServiceOptions:
    from slotsvc.portal.options import ServiceOptions

    portal, tls = settings.portal, settings.client_tls
    return ServiceOptions(
        portal.service_address or _near(settings.grpc_addr),
        _shown(portal.portal_key),
        _shown(portal.planner_key),
        tls.ca_path,
        tls.certificate_path,
        tls.key_path,
    )


async def _company(settings: Settings, store: Store) -> str | NoPortal:
    """Id of the company to serve."""
    if settings.portal.http_addr == "off":
        return NoPortal.OFF
    if settings.tls.enabled and settings.client_tls.ca_path is None:
        return NoPortal.NO_TRUST
    found = [one.id for one, _ in await store.read(lambda tx: tx.page("", Tenant, "", 2))]
    named = settings.portal.tenant
    if named is not None:
        there = await store.read(lambda tx: tx.tenant(named))
        return named if there else NoPortal.UNKNOWN_COMPANY
    if len(found) == 1:
        return found[0]
    return NoPortal.MANY_COMPANIES if found else NoPortal.NO_COMPANY


def _near(address: str) -> str:
    """Where this machine reaches what listens at ``address``, on every interface perhaps."""
    host, _, port = address.rpartition(":")
    return f"127.0.0.1:{port}" if host in ("0.0.0.0", "[::]") else address


def _shown(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
