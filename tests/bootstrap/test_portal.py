"""Which company the portal beside the service serves, and what the settings tell it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from benchmarks.calls import calling, fresh_id
from slotsvc.bootstrap import NoPortal, embedded_portal, portal_options, running
from slotsvc.config import ClientTls, Mail, Portal, Sms, Tls
from slotsvc.pb.v1.calendar_service_pb2 import CreateTenantRequest, Tenant
from tests.service_fixtures import settings_for

HERE = "127.0.0.1:0"
ENCRYPTED = Tls(certificate_path=Path("c.pem"), key_path=Path("k.pem"))


async def opened(tmp_path: Path, *companies: str, **changed: Any) -> str:
    """Whose portal opens beside a service with these companies, or why none does."""
    settings = settings_for(tmp_path / "data", **{"portal": Portal(http_addr=HERE), **changed})
    plain = settings.model_copy(update={"tls": Tls()})
    async with running(plain) as server:
        async with calling(server.address) as calls:
            for id in companies:
                tenant = Tenant(display_name=id)
                wanted = CreateTenantRequest(tenant_id=id, tenant=tenant, request_id=fresh_id())
                await calls.calendar.CreateTenant(wanted)
        async with embedded_portal(settings, server) as portal:
            return portal if isinstance(portal, NoPortal) else portal.portal.options.tenant


@pytest.mark.parametrize(
    ("companies", "portal", "found"),
    [
        ((), Portal(http_addr=HERE), NoPortal.NO_COMPANY),
        (("acme",), Portal(http_addr=HERE), "tenants/acme"),
        (("acme", "bolt"), Portal(http_addr=HERE), NoPortal.MANY_COMPANIES),
        (("acme", "bolt"), Portal(http_addr=HERE, tenant="bolt"), "tenants/bolt"),
        (("acme",), Portal(http_addr=HERE, tenant="bolt"), NoPortal.UNKNOWN_COMPANY),
        (("acme",), Portal(http_addr="off"), NoPortal.OFF),
    ],
)
async def test_the_only_company_or_the_one_named_is_served(
    tmp_path: Path, companies: tuple[str, ...], portal: Portal, found: str
) -> None:
    """Otherwise there is no portal, with the reason; the service runs all the same."""
    assert await opened(tmp_path, *companies, portal=portal) == found


async def test_an_encrypted_service_is_called_only_with_somebody_to_trust(tmp_path: Path) -> None:
    """Keys do not go to whoever listens on the port."""
    assert await opened(tmp_path, "acme", tls=ENCRYPTED) is NoPortal.NO_TRUST


def test_settings_reach_the_portal_whole(tmp_path: Path) -> None:
    """Addresses, secrets and files; whatever is not set is left out."""
    settings = settings_for(
        tmp_path,
        grpc_addr="0.0.0.0:50051",
        portal=Portal(tenant="acme", public_url="https://visits.example", portal_key="slk_1"),
        client_tls=ClientTls(ca_path=Path("ca.pem")),
        mail=Mail(url=SecretStr("smtp://mail.example:25"), sender="a@b.example"),
        sms=Sms(url="https://sms.example", secret=SecretStr("word"), countries="FR,MC"),
    )

    options = portal_options(settings)

    assert options.tenant == "tenants/acme"
    assert options.public_url == "https://visits.example"
    assert options.service.address == "127.0.0.1:50051"
    assert (options.service.portal_key, options.service.planner_key) == ("slk_1", None)
    assert options.service.ca_path == Path("ca.pem")
    assert options.database == tmp_path / "portal.db"
    assert options.mail is not None
    assert options.mail.url == "smtp://mail.example:25"
    assert options.sms is not None
    assert (options.sms.secret, options.sms.countries) == ("word", ("FR", "MC"))
    assert "slk_1" not in repr(options)


def test_without_a_company_there_are_no_options(tmp_path: Path) -> None:
    """The caller says whose portal, or the settings do."""
    with pytest.raises(ValueError, match=r"portal\.tenant"):
        portal_options(settings_for(tmp_path))
