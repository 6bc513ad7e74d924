"""Every word a person reads in a template is marked for translation."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import allauth
import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

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


CATALOGUE = TEMPLATES.parent / "locale" / "en" / "LC_MESSAGES" / "django.po"


class TestCatalogue:
    """What the library that signs people in says, in our words."""

    def test_is_compiled_as_it_is_written(self):
        written = read_po(BytesIO(CATALOGUE.read_bytes()), locale="en")
        compiled = read_mo(BytesIO(CATALOGUE.with_suffix(".mo").read_bytes()))
        assert {one.id: one.string for one in compiled if one.id} == {one.id: one.string for one in written if one.id}

    def test_holds_only_words_that_the_library_says(self):
        library = Path(allauth.__file__).parent / "locale" / "en" / "LC_MESSAGES" / "django.po"
        said = {one.id for one in read_po(BytesIO(library.read_bytes()))}
        ours = {one.id for one in read_po(BytesIO(CATALOGUE.read_bytes())) if one.id}
        assert ours - said == set()

    def test_keeps_what_is_put_into_a_sentence(self):
        holes = re.compile(r"%\(\w+\)[sd]|{\w+}")
        for one in read_po(BytesIO(CATALOGUE.read_bytes())):
            if one.id:
                assert set(holes.findall(one.string)) <= set(holes.findall(one.id)), one.id

    @pytest.mark.django_db
    def test_speaks_on_the_page(self, client):
        page = client.get("/accounts/password/reset/").content.decode()
        assert "Send me the link" in page
        assert "Reset My Password" not in page
