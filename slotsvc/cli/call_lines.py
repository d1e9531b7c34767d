"""Command lines that call a service which has just started, to be copied as they are."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from slotsvc.cli.program import program

if TYPE_CHECKING:
    from pathlib import Path

    from slotsvc.config import Settings, Tls

OWN_CERTIFICATE = "--tls-cert YOURS.pem --tls-key YOURS.key"
"""Where the service wants to see one: which is the caller's affair."""


def call_lines(address: str, chosen: Settings) -> list[str]:
    """At ``address``, where the service listens. An encrypted one is called by a name that stands
    in its certificate, which is trusted as it is."""
    run, tls = program(), chosen.tls
    encrypted = ""
    if tls.certificate_path is not None:
        address = _by_a_certified_name(address, tls.certificate_path)
        encrypted = f" --tls-ca {shlex.quote(f'{tls.certificate_path}')}{_own(tls)}"
    lines = [
        f"{run} doctor --only server --address {address}{encrypted}",
        f"{run} map info --address {address}{encrypted}",
    ]
    if chosen.reflection:
        how = encrypted.replace("--tls-ca", "-cacert").replace("--tls-", "-") or " -plaintext"
        lines.append(f"grpcurl{how} {address} list")
    return lines


def _own(tls: Tls) -> str:
    return f" {OWN_CERTIFICATE}" if tls.client_ca_path is not None else ""


def _by_a_certified_name(address: str, certificate: Path) -> str:
    host, _, port = address.rpartition(":")
    names = _names_in(certificate)
    if not names or host.strip("[]") in names:
        return address
    # this machine, where it is named: a name elsewhere may lead to a balancer
    chosen = next((name for name in ("localhost", "127.0.0.1") if name in names), names[0])
    return f"[{chosen}]:{port}" if ":" in chosen else f"{chosen}:{port}"


def _names_in(certificate: Path) -> list[str]:
    """Names and addresses that a caller may use; wildcards are none."""
    from cryptography import x509

    try:
        first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        found = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return []
    named = [name for name in found.get_values_for_type(x509.DNSName) if "*" not in name]
    return named + [f"{ip}" for ip in found.get_values_for_type(x509.IPAddress)]
