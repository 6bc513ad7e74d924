"""Every word a person reads in a template is marked for translation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

SAID = re.compile(
    r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|<!--.*?-->|{%\s*(blocktranslate|blocktrans)\b.*?{%\s*end\1\s*%}"
    r"|{%\s*verbatim.*?endverbatim\s*%}|<style.*?</style>|<script.*?</script>",
    re.DOTALL,
)
CODE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
READ_ALOUD = re.compile(r'\b(?:aria-label|aria-description|title|alt|placeholder|summary)="([^"]*)"')
TAGS = re.compile(r"<[^>]*>", re.DOTALL)
WORD = re.compile(r"[A-Za-zÀ-ž]{2,}")

NO_WORDS = {
    "500.html": "nothing may fail there, so nothing is translated there",
}
FINE = re.compile(r"&[a-z]+;|&#\d+;|\b(?:SHA|SHA-256|SEPA|IBAN|BIC|CSV|PDF|XLSX|hledger|beancount|ledger)\b")


MARKS = re.compile(r"{%\s*(?:translate|trans|comment)\b.*?%}", re.DOTALL)
LITERAL = re.compile(r"""(?<!_\()(?<!\w)(["'])([A-Z][a-z’']+ [^"']*)\1""")


def bare(source):
    """Words of a template that no translation mark surrounds, in the text, in attributes, and given to a tag."""
    source = SAID.sub(" ", source)
    text = CODE.sub(" ", source)
    texts = [*READ_ALOUD.findall(text), *TAGS.sub("\n", text).splitlines()]
    given = [words for code in CODE.findall(MARKS.sub(" ", source)) for _quote, words in LITERAL.findall(code)]
    return [line.strip() for line in texts if WORD.search(FINE.sub(" ", line))] + given


def templates():
    for path in sorted(TEMPLATES.rglob("*")):
        if path.suffix in {".html", ".txt"} and str(path.relative_to(TEMPLATES)) not in NO_WORDS:
            yield path


class TestTemplates:
    def test_have_no_word_that_is_not_marked(self):
        found = {str(path.relative_to(TEMPLATES)): bare(path.read_text(encoding="utf-8")) for path in templates()}
        assert {name: words for name, words in found.items() if words} == {}

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("<p>Hello</p>", ["Hello"]),
            ('<p aria-label="Close">{{ x }}</p>', ["Close"]),
            ("<p>{% translate 'Hello' %} {{ name|default:'none' }}, {{ count }}</p>", []),
            ("{% blocktranslate with a=b %}Hello {{ a }}{% endblocktranslate %}<br>", []),
            ("{% comment %}Words for us{% endcomment %}<a href='/x'>&nbsp;·</a>", []),
            ("{% if x %}Paid{% endif %}", ["Paid"]),
            ('{% callout "warn" "Not yet paid" _("It waits") %}', ["Not yet paid"]),
            ('{{ x|default:"Nothing yet" }}{{ y|default:_("Nothing yet") }}', ["Nothing yet"]),
        ],
    )
    def test_would_be_found(self, source, words):
        assert bare(source) == words
