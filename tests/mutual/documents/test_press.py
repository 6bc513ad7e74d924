"""The press: what it prints is archival and the same everywhere, and nothing it is given can hurt it."""

from __future__ import annotations

import contextlib
import http.server
import io
import os
import pathlib
import signal
import subprocess
import sys
import threading

import pypdf
import pytest
from django.template.loader import render_to_string

from mutual.documents import documents, sheets
from mutual.documents.documents import Attachment, OutsideReference, Press, PressBroke, TooComplex
from tests.mutual.documents import papers

CHART = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="#1f5c47"/></svg>'
)


@pytest.fixture(scope="module")
def press():
    press = Press()
    yield press
    press.close()


def page(inside: str, head: str = "") -> str:
    return f'<html lang="en"><head>{head}</head><body>{inside}</body></html>'


def print_markup(markup: str, press: Press, **more) -> documents.Printed:
    about = {"title": "Test", "language": "en", "created": papers.MADE, **more}
    return documents.print_markup(markup, press=press, **about)


def as_markup(sheet: sheets.Sheet) -> str:
    return render_to_string(sheet.template, {**sheet.context, "language": sheet.language, "title": sheet.title})


def read(printed: documents.Printed) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(printed.pdf))


def text_of(printed: documents.Printed) -> str:
    return "\n".join(sheet.extract_text() for sheet in read(printed).pages)


@pytest.fixture(scope="module")
def printed(press):
    attached = [Attachment("figures.csv", b"date,amount\n", "The same lines as a table", "Data")]
    value = papers.statement(papers.section(30), papers.section(20, currency="CREDIT", code="credit"))
    return sheets.statement(value).print(created=papers.MADE, attachments=attached, press=press)


class TestArchivalFile:
    """The container checks of PDF/A-3a that can be made without veraPDF, which no package index carries."""

    def test_has_an_srgb_output_intent(self, printed):
        (intent,) = read(printed).trailer["/Root"]["/OutputIntents"]
        assert intent.get_object()["/S"] == "/GTS_PDFA1"
        assert len(intent.get_object()["/DestOutputProfile"].get_object().get_data()) > 1000

    def test_says_once_that_it_is_pdf_a_3a(self, printed):
        packet = read(printed).trailer["/Root"]["/Metadata"].get_object().get_data().decode()
        assert packet.count("<rdf:RDF") == 1
        assert 'pdfaid:part="3"' in packet
        assert 'pdfaid:conformance="A"' in packet

    def test_is_tagged_with_tables_rows_and_headers(self, printed):
        root = read(printed).trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"]
        kinds: dict[str, int] = {}

        def walk(element):
            element = element.get_object()
            if isinstance(element, pypdf.generic.DictionaryObject) and "/S" in element:
                kinds[element["/S"]] = kinds.get(element["/S"], 0) + 1
                children = element.get("/K", [])
                for child in children if isinstance(children, list) else [children]:
                    walk(child)

        walk(root["/StructTreeRoot"]["/K"][0])
        assert kinds["/Table"] >= 3
        assert kinds["/TR"] >= 54
        assert kinds["/TH"] >= 14
        assert kinds["/H1"] == 1
        assert kinds["/H2"] >= 2

    def test_has_a_title_a_language_and_an_identity(self, printed):
        file = read(printed)
        assert file.trailer["/Root"]["/Lang"] == "en"
        assert file.metadata.title == "Statement October 2026, M-000123"
        assert file.trailer["/ID"]

    def test_carries_every_font_it_uses(self, printed):
        fonts = {}
        for sheet in read(printed).pages:
            for font in sheet["/Resources"]["/Font"].values():
                descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
                fonts[descriptor["/FontName"]] = descriptor
        assert fonts
        assert all("/FontFile2" in descriptor for descriptor in fonts.values())

    def test_attaches_a_file_once_with_its_relationship(self, printed):
        file = read(printed)
        (named,) = file.trailer["/Root"]["/AF"]
        assert named.get_object()["/AFRelationship"] == "/Data"
        assert file.attachments["figures.csv"] == [b"date,amount\n"]

    def test_holds_no_script_and_opens_nothing(self, printed):
        root = read(printed).trailer["/Root"]
        assert not {"/OpenAction", "/AA", "/AcroForm"} & set(root)
        assert "/JavaScript" not in root.get("/Names", {})

    def test_numbers_its_pages(self, printed):
        assert printed.pages == 2
        assert "2 / 2" in read(printed).pages[1].extract_text()


class TestReproducible:
    def test_gives_the_same_bytes_in_two_processes_with_different_hash_seeds(self):
        sheet = sheets.statement(papers.statement(*(papers.section(4, text=name) for name in papers.NAMES.values())))
        files = []
        for seed in ("1", "987654"):
            press = Press(environment={"PYTHONHASHSEED": seed, "TZ": "Pacific/Kiritimati" if seed == "1" else "UTC"})
            files.append(sheet.print(created=papers.MADE, press=press).pdf)
            press.close()
        assert files[0] == files[1]

    def test_gives_the_same_bytes_whatever_was_printed_before(self, press):
        sheet = sheets.invoice(papers.invoice())
        first = sheet.print(created=papers.MADE, press=press).pdf
        print_markup(page("<h1>مريم 髙橋 김민준</h1>"), press)
        sheets.statement(papers.statement(language="de")).print(created=papers.MADE, press=press)
        assert sheet.print(created=papers.MADE, press=press).pdf == first

    def test_shortcuts_do_not_change_a_byte(self, press):
        long_way = Press(shortcuts=False)
        try:
            for sheet in (
                sheets.statement(papers.statement(name=papers.NAMES["Arabic"], language="fr")),
                sheets.invoice(papers.invoice(introduction="A long introduction of many words. " * 30)),
            ):
                about = {"title": sheet.title, "pictures": sheet.pictures, "uncompressed": True}
                ours, theirs = (print_markup(as_markup(sheet), one, **about).pdf for one in (press, long_way))
                assert ours == theirs
        finally:
            long_way.close()

    def test_names_the_versions_it_depends_on(self, press):
        press.start()
        assert set(press.versions) == {"weasyprint", "pydyf", "pango", "harfbuzz", "zlib"}
        assert int(press.versions["weasyprint"].split(".")[0]) >= 70  # below, fetching was open to redirects


class Trap(http.server.BaseHTTPRequestHandler):
    """A local server that notes who calls."""

    calls: list[str] = []

    def do_GET(self):
        Trap.calls.append(self.path)
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/redirected")
            self.end_headers()
            return
        body = CHART.encode()
        self.send_response(200)
        self.send_header("Content-Type", "image/svg+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def trap():
    Trap.calls = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trap)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


SECRET = "the-secret-that-must-not-be-printed"


def hostile(address: str, file: pathlib.Path) -> dict[str, str]:
    """Markup that asks for an address or a file, in every way there is (R-G1)."""
    inner = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<image xlink:href="{address}/inner" href="{address}/inner" width="9" height="9"/>'
        f'<use href="{address}/use#a"/></svg>'
    )
    data = "data:image/svg+xml," + inner.replace("<", "%3C").replace(">", "%3E").replace('"', "%22").replace("#", "%23")
    return {
        "image": page(f'<img src="{address}/img" alt=""/>'),
        "redirected image": page(f'<img src="{address}/redirect" alt=""/>'),
        "file image": page(f'<img src="{file.as_uri()}" alt=""/>'),
        "relative image": page(f'<img src="{file}" alt=""/>'),
        "import": page("x", f"<style>@import url({address}/import.css);</style>"),
        "style sheet link": page("x", f'<link rel="stylesheet" href="{address}/link.css"/>'),
        "file style sheet": page("x", f'<link rel="stylesheet" href="{file.as_uri()}"/>'),
        "font face": page(
            '<p style="font-family:x">x</p>', f"<style>@font-face{{font-family:x;src:url({address}/font)}}</style>"
        ),
        "background": page(f'<p style="background:url({address}/background)">x</p>'),
        "list image": page(f'<ul><li style="display:list-item;list-style-image:url({address}/list)">x</li></ul>'),
        "content": page("<p>x</p>", f"<style>p::before{{content:url({address}/content)}}</style>"),
        "svg image": page(f'<img src="{data}" alt=""/>'),
        "inline svg": page(inner),
        "object": page(f'<object data="{address}/object" type="image/svg+xml">x</object>'),
        "embed": page(f'<embed src="{address}/embed" type="image/svg+xml"/>'),
        "attachment": page("x", f'<link rel="attachment" href="{file.as_uri()}"/>'),
        "web attachment": page("x", f'<link rel="attachment" href="{address}/attachment"/>'),
        "anchor attachment": page(f'<p><a rel="attachment" href="{file.as_uri()}">x</a></p>'),
        "metadata": page("x", f'<link rel="xmp" href="{file.as_uri()}"/><meta name="xmp" content="{file.as_uri()}"/>'),
        "base": page('<img src="img" alt=""/>', f'<base href="{address}/base/"/>'),
        "entity": f'<!DOCTYPE html [<!ENTITY x SYSTEM "{file.as_uri()}">]>' + page("&x;"),
        "processing instruction": f'<?xml-stylesheet href="{address}/pi.css"?>' + page("x"),
    }  # fmt: skip


class TestOutside:
    """R-G1: markup cannot make the press read a file or open a connection."""

    @pytest.mark.parametrize("way", list(hostile("", pathlib.Path("/secret"))))
    def test_fetches_nothing_and_prints_no_secret(self, way, press, trap, tmp_path):
        file = tmp_path / "secret.txt"
        file.write_text(SECRET)
        try:
            printed = print_markup(hostile(trap, file)[way], press, uncompressed=True)
        except (OutsideReference, PressBroke):
            pass
        else:
            assert SECRET.encode() not in printed.pdf
            assert not read(printed).attachments
        assert Trap.calls == []

    def test_a_picture_cannot_fetch_either(self, press, trap):
        picture = CHART.replace("<rect", f'<image href="{trap}/inner" width="9" height="9"/><rect')
        with contextlib.suppress(OutsideReference):
            print_markup(page('<img src="picture:one" alt="a chart"/>'), press, pictures={"one": picture})
        assert Trap.calls == []

    def test_shows_the_pictures_handed_over(self, press):
        with_picture = print_markup(page('<img src="picture:one" alt="a chart"/>'), press, pictures={"one": CHART})
        assert with_picture.pages == 1
        with pytest.raises(OutsideReference, match="picture:two"):
            print_markup(page('<img src="picture:two" alt="a chart"/>'), press, pictures={"one": CHART})

    def test_without_our_fetcher_the_trap_is_hit(self, trap, tmp_path):
        """The negative control: the same markup and WeasyPrint's own fetcher."""
        file = tmp_path / "secret.txt"
        file.write_text(SECRET)
        ways = hostile(trap, file)
        code = "import sys, weasyprint\nfor text in sys.argv[1:]: weasyprint.HTML(string=text).write_pdf('/dev/null')"
        asked = [ways[way] for way in ("image", "import", "font face", "object", "svg image", "redirected image")]
        subprocess.run([sys.executable, "-c", code, *asked], check=True, capture_output=True, timeout=120)
        assert {"/img", "/import.css", "/font", "/object", "/inner", "/redirected"} <= set(Trap.calls)

    def test_text_from_people_stays_text(self, press, trap):
        bad = f'<img src="{trap}/img"/> {{{{ secret }}}} &lt; <script>alert(1)</script> ]]> <!-- x -->'
        printed = sheets.statement(papers.statement(name=bad)).print(created=papers.MADE, press=press)
        assert "<script>alert(1)</script>" in text_of(printed).replace("\n", " ")
        assert Trap.calls == []

    def test_has_no_network_where_the_system_allows_that(self, press):
        press.start()
        if os.geteuid() == 0 and sys.platform == "linux":
            assert press.network is False


def _table(rows: str) -> str:
    return page(f"<table><tbody>{rows}</tbody></table>")


BOMBS = {
    "deep nesting": page("<div>" * 20_000 + "x" + "</div>" * 20_000),
    "many cells": _table(("<tr>" + "<td>x</td>" * 50 + "</tr>") * 2_000),
    "wide spans": _table("".join(f'<tr><td colspan="{n % 900 + 1}" rowspan="60000">x</td></tr>' for n in range(3_000))),
    "endless pages": page('<div style="break-before: page">x</div>' * 20_000),
    "many columns": page('<div style="columns: 900">' + "word " * 40_000 + "</div>"),
    "one endless word": page("<p>" + "x" * 1_500_000 + "</p>"),
    "nested flex": page('<div style="display: flex">' * 40 + "word " * 400 + "</div>" * 40),
    "svg recursion": page('<img src="picture:bomb" alt="bomb"/>'),
}


def _svg_bomb() -> str:
    levels = "".join(f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>" for n in range(1, 10))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><g id="l0"><rect width="1" height="1"/></g>'
        f'{levels}</defs><use href="#l9"/></svg>'
    )


@pytest.fixture(scope="module")
def short_press():
    press = Press(seconds=2, patience=60, memory=600 << 20)
    yield press
    press.close()


class TestBombs:
    """R-G2: a document that is too much is refused, and the next one is printed."""

    @pytest.mark.parametrize("bomb", list(BOMBS))
    def test_refuses_and_goes_on(self, bomb, short_press):
        with pytest.raises(TooComplex, match="too complex"):
            print_markup(BOMBS[bomb], short_press, pictures={"bomb": _svg_bomb()} if bomb == "svg recursion" else None)
        assert print_markup(page("<p>next</p>"), short_press).pages == 1

    def test_are_printed_where_there_is_no_such_limit(self, short_press):
        """The negative control: what is refused here is one that takes longer than the limit, and nothing else."""
        cells = _table(("<tr>" + "<td>x</td>" * 20 + "</tr>") * 400)
        with pytest.raises(TooComplex):
            print_markup(cells, short_press)
        patient = Press(seconds=120, patience=180)
        assert print_markup(cells, patient).seconds > short_press.seconds
        patient.close()

    def test_counts_the_time_of_each_document_anew(self, short_press):
        used = 0.0
        while used < 3:
            used = print_markup(page("<p>word </p>" * 200), short_press).seconds
        assert used > short_press.seconds

    def test_gives_up_on_a_silent_process(self):
        press = Press(patience=20)
        press.start()
        os.kill(press.pid, signal.SIGSTOP)
        press.patience = 0.5
        with pytest.raises(TooComplex):
            print_markup(page("x"), press)
        press.patience = 60
        assert print_markup(page("x"), press).pages == 1
        press.close()


class TestProcess:
    def test_is_replaced_after_its_share_of_documents(self):
        press = Press(documents=2)
        pids = []
        for _ in range(3):
            press.start()
            pids.append(press.pid)
            print_markup(page("x"), press)
        press.close()
        assert pids[0] == pids[1] != pids[2]

    def test_prints_on_when_the_idle_process_has_left(self):
        press = Press(idle=0)
        press.start()
        press._process.wait(10)
        press.idle = 60
        assert print_markup(page("x"), press).pages == 1
        press.close()

    def test_prints_on_after_the_process_was_killed_between_documents(self):
        press = Press()
        press.start()
        os.kill(press.pid, signal.SIGKILL)
        press._process.wait(10)
        assert print_markup(page("x"), press).pages == 1
        press.close()

    def test_leaves_the_parents_process_alone_after_a_fork(self, press):
        before = print_markup(page("x"), press)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            press._lock = threading.Lock()
            same = print_markup(page("x"), press).pdf == before.pdf
            press.close()
            os.write(writer, b"1" if same else b"0")
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reader, 1) == b"1"
        assert print_markup(page("x"), press).pdf == before.pdf

    def test_gives_the_child_none_of_our_secrets(self, press, monkeypatch):
        monkeypatch.setenv("SECRET_KEY", SECRET)
        mine = Press()
        mine.start()
        environment = pathlib.Path(f"/proc/{mine.pid}/environ").read_bytes()
        mine.close()
        assert SECRET.encode() not in environment
        assert b"DATABASE" not in environment

    def test_ends_with_its_parent(self):
        press = Press()
        press.start()
        process = press._process
        process.stdin.close()
        assert process.wait(10) == 0
        press.close()

    def test_says_where_a_template_is_broken(self, press):
        with pytest.raises(PressBroke, match="mismatched tag"):
            print_markup("<html><body><p>x</body></html>", press)
        assert print_markup(page("x"), press).pages == 1
