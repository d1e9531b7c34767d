"""What a portal is told at its start, and what of it never shows."""

from __future__ import annotations

from pathlib import Path

from slotsvc.portal.options import MailOptions, PortalOptions, ServiceOptions, SmsOptions

CANARY = "canary-5f1c"


def test_secrets_never_show() -> None:
    """S46: keys and passwords stand in no text that an error or a log line could hold."""
    options = PortalOptions(
        "127.0.0.1:0",
        "tenants/acme",
        Path("portal.db"),
        Path("portal-keys.json"),
        ServiceOptions("127.0.0.1:50051", CANARY, CANARY),
        mail=MailOptions(f"smtp://acme:{CANARY}@mail.example", "office@acme.example"),
        sms=SmsOptions("https://sms.example", CANARY),
    )

    assert "tenants/acme" in repr(options)
    assert CANARY not in repr(options)
