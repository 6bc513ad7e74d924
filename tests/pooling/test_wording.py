"""F15: no page, letter or statement says more than the promise of its fund allows; nothing here is insurance.

Every sentence that the program can say is read where it stands, in code and in templates of pages, mails and papers,
and held to the strictest promise. What a promise adds of its own is in one table (``pooling/words.py``); with it the
pages are read as they are shown, for each promise.
"""

from __future__ import annotations

import ast
import re

import pytest

from pooling import words
from pooling.claims import claims
from pooling.models import Fund
from pooling.solvency import tables
from tests.arena import CHECKOUT
from tests.browser.pages import FILES
from tests.conftest import cem, clara, make_member
from tests.pooling.benefits.test_rules import adopt, propose
from tests.pooling.claims.test_claims import filled, pay
from tests.pooling.test_dues import ON, coop
from tests.pooling.test_treasury import theo_again
from tests.trust.test_routes import LETTERS, TABLE, person

__all__ = ["coop", "filled"]
PACKAGES = ("mutual", "members", "pooling", "invoicing")
SAYING = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
STRICTEST = "GIFT"

LAW = (
    "Above these sizes the law treats a fund that promises benefits as an insurer. All funds are counted here, "
    "whatever they promise, to be on the careful side."
)
OTHERWISE = {
    "What another insurance would pay, by the month": "it is another's",
    "What another insurance pays, by the month": "it is another's",
    "Guaranteed": "the name of that promise",
    LAW: "what the law says, to officers",
}
"""Sentences that may say such words about something else, and why."""


def sentences(root):
    """Every sentence that code and templates below a folder can say to a person, with where it stands."""
    for path in sorted(one for package in PACKAGES for one in root.glob(f"{package}/**/*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in SAYING:
                yield from ((path, one.value) for one in node.args if isinstance(one, ast.Constant))
    for path in sorted(one for one in root.glob("templates/**/*") if one.is_file()):
        text = re.sub(r"{{.*?}}|{#.*?#}", "", path.read_text(encoding="utf-8"))
        # Of a tag only what it says: of blocktranslate what it encloses.
        text = re.sub(r"{%.*?%}", lambda tag: "\n".join(re.findall(r'"([^"]*)"', tag[0])), text, flags=re.DOTALL)
        yield from ((path, line.strip()) for line in re.sub(r"<[^>]*>", "\n", text).splitlines())


def too_much(root):
    """The sentences that say more than the strictest promise allows, beside those of the guaranteed one itself."""
    own = {str(value) for value in vars(words.of("GUARANTEED")).values() if not isinstance(value, tuple)}
    return {
        said: path for path, said in sentences(root)
        if isinstance(said, str) and said not in own and words.said_too_much(STRICTEST, said)
    }  # fmt: skip


class TestEverySentence:
    def test_keeps_to_the_strictest_promise(self):
        assert set(too_much(CHECKOUT)) == set(OTHERWISE)

    def test_is_held_to_what_any_promise_leaves_unsaid(self):
        for promise in words.WORDS.values():
            assert set(promise.unsaid) <= set(words.of(STRICTEST).unsaid)

    @pytest.mark.parametrize(
        ("file", "text", "said"),
        [
            ("pooling/x.py", 'x = _("You are " "insured for %(days)s.") % {}', "You are insured for %(days)s."),
            ("members/x.py", 'x = translation.ngettext("A right to it", "Rights", 2)', "A right to it"),
            ("templates/emails/x.txt", "{{ name }}\nYou are entitled to it.", "You are entitled to it."),
            ("templates/documents/x.html", '<p>{% translate "Fully insured" %}</p>', "Fully insured"),
            ("templates/x.html", "{% blocktranslate %}It is <b>guaranteed</b>.{% endblocktranslate %}", "guaranteed"),
        ],
    )  # fmt: skip
    def test_would_be_found_wherever_it_stands(self, tmp_path, file, text, said):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text)
        assert too_much(tmp_path) == {said: tmp_path / file}

    def test_is_not_read_where_it_is_no_sentence(self, tmp_path):
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates" / "x.html").write_text(
            "{% if plan.insures %}{{ fund.guaranteed }}{# insured #}{% endif %}"
        )
        assert too_much(tmp_path) == {}


def addresses(claim, fund):
    """Every plain route, and those about one fund or one claim, each with the role of somebody who may open it."""
    for route, allowed in TABLE.items():
        named = route.replace("claims/<str:number>/", f"claims/{claim.number}/")
        named = named.replace("claims/mine/<str:number>/", f"claims/mine/{claim.number}/")
        named = re.sub(r"^(funds|solvency|buffers|payouts/preview)/<slug:slug>/", rf"\1/{fund.slug}/", named)
        if "<" not in named and route not in FILES and not named.endswith("/return/") and allowed != "anyone":
            yield "/" + named, LETTERS["M" if allowed == "signed in" else allowed[0]]


@pytest.mark.django_db
class TestEveryPage:
    def test_that_names_a_fund_keeps_to_its_promise(self, filled, client, monkeypatch):
        monkeypatch.setattr("mutual.clock.today", lambda: ON)
        ada, officers = make_member("Ada Byron"), (clara().pk, cem().pk)
        for key in ("paid", "waiting"):
            one = claims.submit(
                member_id=ada.pk, fund_id=filled.sick.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
                amount=claims.Money(20, "EUR"), form_key=key, by=ada.user_id, on=ON,
            )  # fmt: skip
            if key == "paid":
                claims.propose(claim_id=one.pk, amount=one.amount_claimed, by=officers[0], on=ON)
                claims.approve(claim_id=one.pk, by=officers[1], on=ON)
                pay(filled)
        adopt(propose(filled, pays={"by": "FLAT", "per": "MONTH", "amount": 90_000}), by=theo_again())
        people = {role: ada.user if role == "member" else person(role) for role in set(LETTERS.values())}

        def read(promise, pages):
            Fund.objects.filter(pk=filled.sick.pk).update(promise=promise)
            found = {}
            for url, role in sorted(pages, key=lambda page: page[1]):
                if client.session.get("_auth_user_id") != str(people[role].pk):
                    client.force_login(people[role])
                answer = client.get(url)
                main = re.search(r"<main.*?</main>", answer.content.decode(), re.DOTALL)
                if answer.status_code == 200 and main:
                    # A list to choose from names every promise; what the law is called stands in dated data.
                    text = re.sub(r"<option.*?</option>", "", main[0])
                    for said in (LAW, *(one.source for one in tables.thresholds(ON))):
                        text = text.replace(said, "")
                    found[url, role] = re.sub(r"<[^>]+>", " ", text)
            return found

        def wrong(promise, pages):
            return {page: said for page, text in pages.items() if (said := words.said_too_much(promise, text))}

        shown = read("GIFT", addresses(one, filled.sick))
        naming = [page for page, text in shown.items() if "Sickness" in text or one.number in text]
        assert len(shown) > 80
        assert len(naming) > 25
        assert wrong("GIFT", {page: shown[page] for page in naming}) == {}
        varying = read("VARYING", naming)
        assert wrong("VARYING", varying) == {}
        changing = [page for page in naming if varying.get(page) != shown[page]]
        assert len(changing) > 5
        for promise in set(words.WORDS) - {"GIFT", "VARYING"}:
            assert wrong(promise, read(promise, changing)) == {}
        # The control: what somebody writes about her fund is found.
        Fund.objects.filter(pk=filled.sick.pk).update(description="You are insured.")
        assert wrong("GIFT", read("GIFT", [("/funds/sickness/", "member")])).popitem()[1] == ["insured"]
