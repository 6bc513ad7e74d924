"""R-G6: what comes in from outside is drawn anew, or only shows pages, or stays out."""

from __future__ import annotations

import io
import zipfile
import zlib

import pypdf
import pytest
from PIL import Image, PngImagePlugin
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from mutual import uploads
from mutual.inputs import FilesField

CANARY = b"Zq9canary"


def photo(kind="JPEG", size=(40, 30), mode="RGB", **more):
    out = io.BytesIO()
    Image.new(mode, size, 200 if mode == "L" else (200, 30, 30, 255)[: len(mode)]).save(out, kind, **more)
    return out.getvalue()


def exif():
    found = Image.Exif()
    found[0x010E] = CANARY.decode()
    found[0x0112] = 6  # lies on its side
    found.get_ifd(0x8825)[1] = "N"
    return found.tobytes()


def png_with_text():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", CANARY.decode())
    return photo("PNG", pnginfo=info)


def huge_png():
    """A few hundred bytes that say they are 50,000 × 50,000 pixels."""
    import struct

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def pdf(change=lambda writer: None, pages=1):
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def named(key, value):
    """A PDF whose first page has an annotation with an action or a subtype."""

    def change(writer):
        action = DictionaryObject({NameObject("/S"): NameObject(value), NameObject(key): TextStringObject("x")})
        note = DictionaryObject({NameObject("/Type"): NameObject("/Annot"), NameObject("/A"): action})
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])

    return pdf(change)


def at_root(key, value):
    return pdf(lambda writer: writer._root_object.update({NameObject(key): value}))


def squeezed_script():
    """The script's object inside a compressed object stream, where no search for words finds it."""
    inner = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
    stream = zlib.compress(b"4 0 " + inner)
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /OpenAction 4 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        5: b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (len(stream), stream),
    }
    body, where = b"%PDF-1.5\n", {}
    for number, content in objects.items():
        where[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    rows = b"".join(
        bytes([2]) + (5).to_bytes(3, "big") + b"\0"
        if number == 4
        else bytes([1 if number else 0]) + where.get(number, start).to_bytes(3, "big") + b"\0"
        for number in range(7)
    )
    packed = zlib.compress(rows)
    body += (
        b"6 0 obj\n<< /Type /XRef /Size 7 /Root 1 0 R /W [1 3 1] /Filter /FlateDecode /Length %d >>\nstream\n%s\n"
        b"endstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (len(packed), packed, start)
    )
    return body


def zipped(name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, b"<x/>")
    return out.getvalue()


def locked():
    return pdf(lambda writer: writer.encrypt("secret"))


def attached():
    return pdf(lambda writer: writer.add_attachment("evil.exe", b"MZ"))


HOSTILE = {
    "nothing": b"",
    "plain text": b"I am ill",
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "HTML called a picture": b"GIF89a/*<script>alert(1)</script>*/",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "XML that asks for files": b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "GIF": photo("GIF"),
    "TIFF": photo("TIFF"),
    "BMP": photo("BMP"),
    "WebP": photo("WEBP"),
    "a program": b"MZ\x90\0" + bytes(200),
    "another program": b"\x7fELF" + bytes(200),
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "a ZIP": zipped("x"),
    "a Word file": zipped("word/document.xml"),
    "an old Word file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "PostScript": b"%!PS-Adobe-3.0\n(r) file\n",
    "JPEG cut off": photo(size=(400, 300))[:300],
    "JPEG that is only a start": b"\xff\xd8\xff\xe0",
    "JPEG that is a script": b"\xff\xd8\xff<?php system($_GET[0]);",
    "PNG cut off": photo("PNG", (400, 300))[:60],
    "PNG of 50,000 × 50,000": huge_png(),
    "PNG that is a GIF inside": b"\x89PNG\r\n\x1a\n" + photo("GIF"),
    "PDF with a script": at_root(
        "/OpenAction",
        DictionaryObject(
            {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("alert(1)")}
        ),
    ),
    "PDF with a script in a compressed stream": squeezed_script(),
    "PDF with a script in an escaped name": at_root("/OpenAction", TextStringObject("x")).replace(
        b"/OpenAction", b"/J#61vaScript"
    ),
    "PDF that starts a program": named("/F", "/Launch"),
    "PDF that sends a form": named("/F", "/SubmitForm"),
    "PDF that opens another file": named("/F", "/GoToR"),
    "PDF with an attachment": attached(),
    "PDF with further actions": at_root("/AA", DictionaryObject()),
    "PDF with an XFA form": at_root("/AcroForm", DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>")})),
    "PDF with a film": named("/F", "/Rendition"),
    "PDF that is locked": locked(),
    "PDF with a page too many": pdf(pages=201),
    "PDF with HTML behind it": pdf() + b"<script>alert(1)</script>",
    "PDF with a ZIP behind it": pdf() + zipped("x"),
    "PDF after HTML": b"<html>" + pdf(),
    "PDF cut off": pdf()[:200],
    "PDF that is only a start": b"%PDF-1.7\n%%EOF",
    "PDF that leads round in circles": pdf().replace(b"/Kids", b"/Kidz"),
}


class TestAccept:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_refuses(self, name):
        with pytest.raises(uploads.UploadRefused) as refused:
            uploads.accept(HOSTILE[name])
        assert str(refused.value).endswith(".")

    def test_has_a_corpus_of_forty(self):
        assert len(HOSTILE) >= 40

    def test_refuses_what_is_too_large_before_it_looks(self, monkeypatch):
        monkeypatch.setattr(uploads, "_scan", None)
        with pytest.raises(uploads.TooLarge):
            uploads.accept(b"\xff\xd8\xff" + bytes(uploads.LARGEST))

    def test_draws_pictures_anew_and_upright_without_what_they_said(self):
        taken = uploads.accept(photo(size=(40, 30), exif=exif(), comment=CANARY))
        assert taken.mime == "image/jpeg"
        assert CANARY not in taken.content
        with Image.open(io.BytesIO(taken.content)) as image:
            assert image.size == (30, 40)
            assert not image.getexif()
            red, green, _blue = image.getpixel((5, 5))
            assert (red > 150, green > 80) == (True, False)

    def test_draws_png_anew(self):
        for content in (png_with_text(), photo("PNG") + CANARY, photo("PNG", mode="L"), photo("PNG", mode="RGBA")):
            taken = uploads.accept(content)
            assert taken.suffix == "png"
            assert CANARY not in taken.content

    def test_leaves_nothing_of_what_hangs_behind_a_picture(self):
        evil = photo() + b"<script>" + CANARY
        assert CANARY not in uploads.accept(evil).content

    def test_makes_a_telephone_s_picture_smaller(self):
        taken = uploads.accept(photo(size=(8000, 6000)))
        with Image.open(io.BytesIO(taken.content)) as image:
            assert image.size == (3500, 2625)

    def test_keeps_a_plain_pdf_as_it_is(self):
        plain = pdf(pages=3)
        assert uploads.accept(plain) == uploads.Accepted("application/pdf", "pdf", plain, 3)

    def test_keeps_a_pdf_of_our_own_press(self):
        """The limits are not so tight that ordinary paper stays out: bookmarks, fonts and links are fine."""

        def links(writer):
            writer.add_outline_item(title="First", page_number=0)
            writer.add_uri(0, "https://example.org/", [0, 0, 9, 9])

        assert uploads.accept(pdf(links)).pages == 1

    def test_survives_a_parser_that_dies(self, monkeypatch):
        """The control for the child process: whatever kills it is a refusal here."""
        monkeypatch.setattr(uploads.subprocess, "run", lambda *_a, **_k: type("Done", (), {"returncode": -9})())
        with pytest.raises(uploads.TooComplex):
            uploads.accept(photo())


class TestFilesField:
    def test_takes_several_and_says_what_is_wrong_with_one(self):
        from django.core.exceptions import ValidationError
        from django.core.files.uploadedfile import SimpleUploadedFile

        good = [SimpleUploadedFile("x.jpg", photo()), SimpleUploadedFile("../../y.pdf", pdf())]
        assert [one.suffix for one in FilesField().clean(good)] == ["jpg", "pdf"]
        with pytest.raises(ValidationError, match="Send a photo"):
            FilesField().clean([*good, SimpleUploadedFile("z.jpg", b"<html>")])
        with pytest.raises(ValidationError, match="at most"):
            FilesField().clean([SimpleUploadedFile("x.jpg", b"x")] * 7)
        with pytest.raises(ValidationError, match="required"):
            FilesField().clean([])
        assert FilesField(required=False).clean([]) == []
