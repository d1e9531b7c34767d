"""Files that are not a logo, or would like to be more than one."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"


def picture(width: int = 40, height: int = 20, mode: str = "RGBA", **saved: object) -> bytes:
    """A real PNG."""
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, "PNG", **saved)
    return file.getvalue()


def saved_as(format: str, mode: str = "RGB") -> bytes:
    """A picture in another format."""
    file = io.BytesIO()
    Image.new(mode, (40, 20)).save(file, format)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, depth: int = 8, colour: int = 6) -> bytes:
    """IHDR."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png(*chunks: bytes) -> bytes:
    """A file of these chunks."""
    return SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """Zeros for a picture of this size: kilobytes that unpack to megabytes."""
    return png(
        header(width, height), chunk(b"IDAT", zlib.compress(bytes(height * (width * 4 + 1)), 9))
    )


def animated(frames: int = 30) -> bytes:
    """An animated PNG."""
    file = io.BytesIO()
    pictures = [Image.new("RGBA", (40, 20), (shade, 0, 0, 255)) for shade in range(frames)]
    pictures[0].save(file, "PNG", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def with_text(key: str, text: str, compressed: bool = False) -> bytes:
    """A PNG with a text chunk."""
    info = PngImagePlugin.PngInfo()
    info.add_text(key, text, zip=compressed)
    return picture(pnginfo=info)


def with_exif() -> bytes:
    """A PNG that says where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "PLANTED-CAMERA"
    return picture(exif=exif)


def endless_text() -> bytes:
    """A compressed text chunk that unpacks to 64 MB."""
    data = b"Comment\x00\x00" + zlib.compress(bytes(64 * 1024 * 1024), 9)
    raw = zlib.compress(b"\x00\x00\x00\x00\x00")
    return png(header(1, 1), chunk(b"zTXt", data), chunk(b"IDAT", raw))


def endless_profile() -> bytes:
    """A colour profile that unpacks to 64 MB."""
    data = b"icc\x00\x00" + zlib.compress(bytes(64 * 1024 * 1024), 9)
    raw = zlib.compress(b"\x00\x00\x00\x00\x00")
    return png(header(1, 1), chunk(b"iCCP", data), chunk(b"IDAT", raw))


GOOD = picture()

REFUSED: dict[str, bytes] = {
    "empty": b"",
    "signature only": SIGNATURE,
    "random bytes": bytes(range(256)) * 8,
    "SVG as PNG": SVG,
    "SVG behind a signature": SIGNATURE + SVG,
    "HTML as PNG": HTML,
    "GIF": saved_as("GIF", "P"),
    "JPEG": saved_as("JPEG"),
    "CMYK JPEG": saved_as("JPEG", "CMYK"),
    "BMP": saved_as("BMP"),
    "TIFF": saved_as("TIFF"),
    "WebP header": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(24),
    "PDF": b"%PDF-1.7\n" + bytes(100),
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
    "ZIP": b"PK\x03\x04" + bytes(100),
    "text before the picture": b"<script>" + GOOD,
    "byte order mark before it": b"\xef\xbb\xbf" + GOOD,
    "line ends converted": GOOD.replace(b"\r\n", b"\n"),
    "cut in the header": GOOD[:20],
    "cut after the header": GOOD[:33],
    "cut in the pixels": picture(900, 900, "RGB")[:200],
    "no pixels": png(header(40, 20)),
    "wrong header checksum": GOOD[:29] + b"\x00\x00\x00\x00" + GOOD[33:],
    "first chunk is not the header": SIGNATURE + chunk(b"tEXt", b"a\x00b") + GOOD[8:],
    "no width": png(header(0, 20), chunk(b"IDAT", zlib.compress(b""))),
    "no height": png(header(20, 0), chunk(b"IDAT", zlib.compress(b""))),
    "unknown depth": png(header(40, 20, depth=3), chunk(b"IDAT", zlib.compress(bytes(9999)))),
    "unknown colours": png(header(40, 20, colour=9), chunk(b"IDAT", zlib.compress(bytes(9999)))),
    "pixels are no zlib": png(header(40, 20), chunk(b"IDAT", b"x" * 99)),
    "too few pixels": png(header(400, 200), chunk(b"IDAT", zlib.compress(bytes(10)))),
    "2,001 pixels wide": picture(2001, 1, "L"),
    "2,001 pixels high": picture(1, 2001, "L"),
    "169 million pixels": png(header(13000, 13000), chunk(b"IDAT", zlib.compress(bytes(99)))),
    "2 billion on a side": png(header(2**31 - 1, 2**31 - 1)),
    "wider than signed": png(header(2**32 - 1, 1)),
    "1 MiB and a byte": GOOD + bytes(1024 * 1024),
    "endless text": endless_text(),
    "endless colour profile": endless_profile(),
}
"""Files that are refused, by what they are."""

TAKEN: dict[str, bytes] = {
    "plain": GOOD,
    "animated": animated(),
    "with a script in a text chunk": with_text("Comment", HTML.decode()),
    "with a compressed text chunk": with_text("Comment", HTML.decode() * 50, compressed=True),
    "with a camera and a place": with_exif(),
    "with HTML behind its end": GOOD + HTML,
    "with a ZIP behind its end": GOOD + b"PK\x03\x04" + HTML,
    "with an unknown private chunk": GOOD[:33] + chunk(b"evIL", HTML) + GOOD[33:],
    "with a palette": picture(mode="P"),
    "grey with 16 bits": picture(mode="I;16"),
    "black and white": picture(mode="1"),
    "bomb of the largest size taken": bomb(2000, 2000),
    "two headers": GOOD[:33] + header(40, 20) + GOOD[33:],
}
"""Files that are a picture, and come out as nothing else."""
