"""Hostile files: refused, or drawn anew; never stored as they came, never a crash (S25, S27)."""

from __future__ import annotations

import io
import resource
import struct
import time

import pytest
from PIL import Image

from slotsvc.portal.company.logos import KEPT_SIDE, LogoError, LogoProblem, drawn_anew
from tests.portal.company.hostile_pictures import HTML, REFUSED, TAKEN, picture

CHUNKS = {b"IHDR", b"IDAT", b"IEND"}


def chunks_of(png: bytes) -> list[bytes]:
    """The kinds of its chunks; nothing may stand behind the last."""
    found, at = [], 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        found.append(kind)
        at += 12 + length
    assert at == len(png)
    return found


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.machine_speed
def test_what_is_no_logo_is_refused(name: str) -> None:
    """A reason, in less than two seconds, without a warning or another error."""
    begun = time.monotonic()
    with pytest.raises(LogoError):
        drawn_anew(REFUSED[name])
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_a_picture_is_drawn_anew(name: str) -> None:
    """Only pixels come through: no text, no place, no animation, nothing behind the end."""
    logo = drawn_anew(TAKEN[name])

    assert set(chunks_of(logo.png)) == CHUNKS
    assert HTML not in logo.png
    assert b"PLANTED" not in logo.png
    with Image.open(io.BytesIO(logo.png)) as image:
        assert image.size == (logo.width, logo.height)
        assert getattr(image, "n_frames", 1) == 1
    assert drawn_anew(TAKEN[name]).sha256 == logo.sha256


def test_corpus_is_large_enough() -> None:
    """At least thirty hostile files."""
    assert len(REFUSED) + len(TAKEN) >= 45


def test_reasons_say_what_to_do() -> None:
    """Too heavy, not a PNG, too many pixels and broken are told apart."""
    told = {}
    for name in ("1 MiB and a byte", "JPEG", "2,001 pixels wide", "cut in the pixels"):
        with pytest.raises(LogoError) as refused:
            drawn_anew(REFUSED[name])
        told[name] = refused.value.problem
    assert list(told.values()) == [
        LogoProblem.TOO_HEAVY, LogoProblem.NOT_A_PNG, LogoProblem.TOO_LARGE, LogoProblem.BROKEN,
    ]  # fmt: skip


def test_large_logos_are_made_smaller() -> None:
    """What pages never show is not kept; the shape stays."""
    logo = drawn_anew(picture(1600, 400))
    assert (logo.width, logo.height) == (KEPT_SIDE, KEPT_SIDE // 4)


def test_all_of_it_takes_little_memory() -> None:
    """The whole corpus, bombs included, stays below 200 MB above what was there (ru_maxrss)."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for file in [*REFUSED.values(), *TAKEN.values()]:
        try:
            drawn_anew(file)
        except LogoError:
            continue
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024
