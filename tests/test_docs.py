"""Documentation that must match the code."""

from __future__ import annotations

import re
from pathlib import Path

from mutual.ledger.kinds import Kind

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_accounting_has_every_kind_and_no_other():
    named = set(re.findall(r"\(`([A-Z_]+)`\)", (DOCS / "accounting.md").read_text()))
    assert named == {kind.name for kind in Kind}


def test_every_link_in_the_docs_leads_somewhere():
    for page in [DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), (page, target)
