"""``pdf_statement``: what a statement of two pages costs in a warm worker.

Ours, from the value to the tagged PDF/A-3a, template and archive-ready bytes included, against the plainest WeasyPrint
there is: a bordered table of the same 62 lines, its style sheet parsed once and its fonts loaded once, no PDF variant.
Processor time, as both wait for nothing.
"""

from __future__ import annotations

import html
import json
import os
import statistics
import subprocess
import sys
import time

from mutual.documents import sheets
from mutual.documents.documents import HERE, Press
from tests.bench.measure import ROUNDS, report
from tests.mutual.documents import papers

LINES = (10, 30, 22)

PLAIN = """
import json, sys, time
import weasyprint
from weasyprint.text.fonts import FontConfiguration
markup, style = json.loads(sys.stdin.readline())
fonts = FontConfiguration()
style = weasyprint.CSS(string=style, font_config=fonts)
for _ in sys.stdin:
    start = time.process_time()
    document = weasyprint.HTML(string=markup).render(stylesheets=[style], font_config=fonts)
    document.write_pdf()
    print(json.dumps([time.process_time() - start, len(document.pages)]), flush=True)
"""
STYLE = """
@page { size: A4; margin: 2cm }
body { font-family: Inter, "Noto Sans Arabic", "Noto Sans KR", "Droid Sans Fallback"; font-size: 9pt; margin: 0 }
table { width: 100%; border-collapse: collapse }
td, th { border: 1px solid #888; padding: 3px 6px }
"""


def pdf_statement() -> dict:
    """Print both in turn, and report the median of each."""
    value = papers.statement(
        papers.section(LINES[0]),
        papers.section(LINES[1], title="Invoices", code="invoices", text="Paid by Kowalczyk & Söhne GmbH"),
        papers.section(
            LINES[2], title="Mutual credit", code="credit", currency="CREDIT", text="Web page for Śliwiński"
        ),
    )
    press = Press()
    plain = _start_plain(value)
    ours: list[float] = []
    theirs: list[float] = []
    pages = {1: 0, 2: 0}
    try:
        for round_ in range(3 + max(ROUNDS, 9)):
            spent, pages[1] = _ours(value, press)
            baseline, pages[2] = _plain(plain)
            if round_ >= 3:  # the first ones warm both
                ours.append(spent)
                theirs.append(baseline)
    finally:
        press.close()
        plain.stdin.close()
        plain.wait()
    assert pages == {1: 2, 2: 2}, pages
    return report(
        "pdf_statement",
        statistics.median(ours) * 1000,
        "ms of processor time a statement of two pages",
        statistics.median(theirs) * 1000,
    )


_seconds: dict[int, float] = {}


def _ours(value, press: Press) -> tuple[float, int]:
    start = time.process_time()
    printed = sheets.statement(value).print(created=papers.MADE, press=press)
    here = time.process_time() - start
    pid = press.pid or 0
    before, _seconds[pid] = _seconds.get(pid, 0.0), printed.seconds
    return here + printed.seconds - before, printed.pages


def _start_plain(value) -> subprocess.Popen:
    rows = [row for part in sheets.statement(value).context["parts"] for row in part["rows"]]
    assert len(rows) == sum(LINES) == 62
    head = "".join(f"<th>{title}</th>" for title in ("Date", "What happened", "Document", "Amount", "Balance"))
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[:5]) + "</tr>" for row in rows)
    markup = (
        '<html lang="en"><head><title>Statement</title></head><body><h1>Statement</h1>'
        f"<p>Member M-000123, October 2026</p><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></body></html>"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", PLAIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "FONTCONFIG_FILE": str(HERE / "fonts" / "fonts.conf")},
    )
    process.stdin.write(json.dumps([markup, STYLE]) + "\n")
    process.stdin.flush()
    return process


def _plain(process: subprocess.Popen) -> tuple[float, int]:
    process.stdin.write("\n")
    process.stdin.flush()
    seconds, pages = json.loads(process.stdout.readline())
    return seconds, pages
