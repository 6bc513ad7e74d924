"""What the rules come to: for a member who would fall ill today, and for last year's claims under other rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from members.governance.models import Decision
from members.models import Member
from mutual import charts, formats
from mutual.money import Money, decimals, from_minor, round_money
from mutual.periods import add_months
from pooling import words
from pooling.benefits import facts, rules, sentences, texts
from pooling.benefits.engine import Code, Earlier, Entitlement, Facts, Step, Version, assess, judged_by, version_on
from pooling.benefits.models import RuleVersion
from pooling.benefits.terms import Benefit, Per, Terms
from pooling.models import Fund

LONGEST = 24
"""How many months ahead a benefit without an end is shown."""
EXAMPLE_COST = 1_000
"""What something costs in the example, in whole units of currency."""
FEWEST = 5
"""No figure is shown about fewer people."""


@dataclass(frozen=True)
class Told:
    """A step as it is read: its sentence, its rule and version, and the figure."""

    sentence: str
    rule: str
    version: int
    figure: str


@dataclass(frozen=True)
class Lasting:
    """What an absence of some length would come to."""

    label: str
    days: int
    amount: Money


@dataclass(frozen=True)
class IfIll:
    """What one benefit of a fund would come to for one member, if it were needed today.

    :ivar rate: by the month (week, day, or once), at the present cover index
    :ivar each_child: whether that is for one child, and twins would come to more
    :ivar whole: the same before the index
    :ivar until: the steps are those of an absence up to, not including, this day
    :ivar refusal: why nothing would come, if nothing would
    """

    fund: Fund
    words: words.Words
    title: str
    causes: str
    per: str
    once: bool
    rate: Money
    each_child: bool
    whole: Money
    index: Decimal
    first_day: dt.date | None
    last_day: dt.date | None
    from_today: bool
    until: dt.date
    length: str
    lasting: tuple[Lasting, ...]
    steps: tuple[Told, ...]
    chart: charts.Chart | None
    code: str = ""
    refusal: str = ""
    covers_illness: bool = True
    for_example: Money | None = None
    """Where the rules go by what something cost: the cost that stands here as an example."""

    @property
    def index_words(self) -> str:
        """The index in percent, as pay runs publish it."""
        return formats.percent(self.index, 2)

    @property
    def short(self) -> bool:
        """Whether the fund is too short to pay everything."""
        return self.index < 1


def told(steps: Iterable[Step]) -> tuple[Told, ...]:
    """Steps of an entitlement in the reader's language."""
    return tuple(Told(sentences.of(step), step.rule, step.version, sentences.figure(step)) for step in steps)


@dataclass(frozen=True)
class _Would:
    """A benefit of a fund, and what is known of the member if she needed it on a day.

    :ivar benefit: by which it would be reckoned: where it would continue an earlier claim, that one's (F2)
    """

    fund: Fund
    versions: tuple[Version, ...]
    known: Facts
    benefit: Benefit


def _would(member: Member, on: dt.date, causes: Sequence[str] = ()) -> Iterator[_Would]:
    """Every benefit of the open funds that a member can claim on."""
    funds = Fund.objects.filter(closed_on=None, currency=member.currency)  # a claim in another is refused
    for fund in funds.select_related("account__currency").order_by("name"):
        versions = rules.versions(fund.pk)
        version = version_on(versions, on)
        if version is None:
            continue
        absence = facts.Absence(member.pk, "", on, on, on + dt.timedelta(1), reported_on=on)
        known = facts.load(absence, fund_id=fund.pk, versions=versions)
        for benefit in version.terms.benefits:
            if not causes or set(causes) & set(benefit.causes):
                one = replace(known, cause="ILLNESS" if "ILLNESS" in benefit.causes else benefit.causes[0])
                yield _Would(fund, versions, one, judged_by(assess(one, versions), versions) or benefit)


def asked_if_ill(member: Member, on: dt.date) -> tuple[str, ...]:
    """What "If I fell ill today" must be told about what still comes in, for any open fund with rules."""
    found: dict[str, None] = {}
    for one in _would(member, on):
        found |= dict.fromkeys(facts.asked_by(one.benefit))
    return tuple(found)


def if_ill(
    member: Member, on: dt.date, *, causes: Sequence[str] = (), comes_in: facts.ComesIn = facts.NOTHING
) -> list[IfIll]:
    """What every open fund with rules would come to for a member if it were needed today, illness first.

    :param causes: only benefits that cover one of these
    :param comes_in: what would still come in, as far as the rules go by it
    """
    indexes: dict[int, Decimal] = {}
    found = []
    for one in _would(member, on, causes):
        if one.fund.pk not in indexes:
            indexes[one.fund.pk] = facts.cover_index(one.fund)
        found.append(_if_ill(one, indexes[one.fund.pk], comes_in))
    return sorted(found, key=lambda one: (not one.covers_illness, one.once, one.fund.name))


def _with(known: Facts, benefit: Benefit, comes_in: facts.ComesIn, currency: str) -> Facts:
    """The facts with what a benefit goes by; where nothing is said of a cost, an example of a thousand."""
    said = {name: getattr(comes_in, name) for name in facts.asked_by(benefit)}
    if benefit.by_cost and comes_in.cost is None:
        said["cost"] = EXAMPLE_COST * 10 ** decimals(currency)
    return replace(known, **said)


def _if_ill(one: _Would, index: Decimal, comes_in: facts.ComesIn) -> IfIll:
    fund, benefit, on = one.fund, one.benefit, one.known.occurred_on
    until = add_months(on, LONGEST) + dt.timedelta(benefit.own_risk.after(on).toordinal() - on.toordinal())
    if benefit.duration is not None:
        until = max(until, benefit.duration.after(benefit.own_risk.after(on)))
    claim = replace(_with(one.known, benefit, comes_in, fund.currency), ended_on=until)
    preview = assess(claim, one.versions)
    unit = preview.currency
    lasting = () if benefit.once or preview.code else _lasting(claim, one.versions, preview, index)
    # What is paid once is shown as it is paid, within the ceilings.
    whole = preview.amount if benefit.once else preview.rate
    # Shown is the longest absence; where the rules pay short ones otherwise, its steps say so as well.
    return IfIll(
        fund=fund, words=words.of(fund.promise), title=benefit.title,
        causes=", ".join(sentences.cause(one) for one in benefit.causes), per=_per(benefit.pays.per),
        once=benefit.once, rate=_at(whole, unit, index), each_child=benefit.for_each_child(one.known.cause),
        whole=from_minor(whole, unit), index=index,
        first_day=preview.first_day if not preview.code else None, last_day=preview.last_day,
        from_today=preview.first_day == on, until=until,
        length=sentences.length(benefit.duration.months, benefit.duration.days) if benefit.duration else "",
        lasting=lasting, steps=(*told(_shortened(preview)), *_index_step(preview, index)),
        chart=_chart(preview, index, benefit.title) if lasting else None,
        code=sentences.code_label(preview.code) if preview.code else "",
        refusal=sentences.of(preview.refusal) if preview.refusal else "",
        covers_illness="ILLNESS" in benefit.causes,
        for_example=from_minor(claim.cost, unit) if benefit.by_cost and comes_in.cost is None and claim.cost else None,
    )  # fmt: skip


def _shortened(preview: Entitlement) -> list[Step]:
    """The steps without the refusal, and of many months the first three: the chart shows them all."""
    steps: list[Step] = []
    lines = 0
    for step in preview.steps:
        is_line = step.code.startswith("line-")
        lines += is_line
        if step is not preview.refusal and not (is_line and lines > 3):
            steps.append(step)
    return steps


def _index_step(preview: Entitlement, index: Decimal) -> list[Told]:
    if preview.code or index == 1:
        return []
    paid = _at(preview.amount, preview.currency, index)
    sentence = _("At the present cover index of %(index)s that is %(amount)s.") % {
        "index": formats.percent(index, 2), "amount": formats.money(paid),
    }  # fmt: skip
    return [Told(sentence, "cover-index", preview.version, formats.money(paid))]


def _per(per: Per) -> str:
    return {
        Per.DAY: _("a day"), Per.WEEK: _("a week"), Per.MONTH: _("a month"), Per.ONCE: _("once"),
    }[per]  # fmt: skip


def _at(minor: int, currency: str, index: Decimal) -> Money:
    """An amount at the cover index, rounded half up: the pay run itself divides to the cent (F11)."""
    return round_money(Decimal(minor).scaleb(-decimals(currency)) * index, currency)


def _lasting(claim: Facts, versions: Sequence[Version], whole: Entitlement, index: Decimal) -> tuple[Lasting, ...]:
    """What absences of some lengths would come to."""
    found = []
    on = claim.occurred_on
    for label, end in (
        (_("two weeks"), on + dt.timedelta(14)),
        (_("six weeks"), on + dt.timedelta(42)),
        (_("three months"), add_months(on, 3)),
        (_("six months"), add_months(on, 6)),
        (_("a year"), add_months(on, 12)),
        *(() if whole.last_day else ((_("two years"), add_months(on, LONGEST)),)),
    ):
        one = assess(replace(claim, ended_on=end), versions)
        found.append(Lasting(label, one.days, _at(one.amount, one.currency, index)))
    if not whole.last_day or found[-1].days == whole.days:
        return tuple(found)
    found.append(Lasting(_("as long as the rules allow"), whole.days, _at(whole.amount, whole.currency, index)))
    return tuple(found)


def _chart(preview: Entitlement, index: Decimal, title: str) -> charts.Chart:
    months = sorted(preview.months().items())[:LONGEST]
    unit = preview.currency
    return charts.bars(
        title=_("%(title)s, month by month") % {"title": title},
        labels=[formats.month_short(month) for month, _amount in months],
        series=[charts.Series(title, tuple(_at(amount, unit, index).amount for _month, amount in months))],
        words=lambda value: formats.money(Money(value, unit)), of=_("Month"),
    )  # fmt: skip


# --- What a change would have done ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effect:
    """What the claims of a year would have come to under the rules as they were and under others.

    People are counted, not claims. Where a group has fewer than five people, neither groups nor sums are shown: the
    sums of a change that concerns one would be hers.
    """

    currency: str
    since: dt.date
    until: dt.date
    enough: bool
    before: Money
    after: Money
    shown: bool
    more: int
    less: int
    same: int

    @property
    def difference(self) -> Money:
        """What would have been paid more, or less."""
        return self.after - self.before


def effect_of(fund: Fund, terms: Terms, on: dt.date) -> Effect:
    """What last year's claims would have come to under other terms; both sides worked out by the engine anew."""
    since = add_months(on, -12)
    now = rules.versions(fund.pk)
    claims = facts.absences(fund_id=fund.pk, since=since, until=on, refused=True)
    then = (Version(len(now) + 1, since - dt.timedelta(36_500), terms),)
    paid = _each(fund, claims, now) if now else [_granted(claim) for claim in claims]
    # Where officers refused for a reason that no rule knows, other rules would not have changed that.
    kept = [claim for claim, amount in zip(claims, paid, strict=True) if not claim.refused or (now and not amount)]
    if len(kept) < len(claims):
        claims, paid = kept, _each(fund, kept, now) if now else [_granted(claim) for claim in kept]
    members = {one.member_id for one in claims}
    before = _sums(claims, paid)
    after = _sums(claims, _each(fund, claims, then))
    more = sum(after[one] > before[one] for one in members)
    less = sum(after[one] < before[one] for one in members)
    same = len(members) - more - less
    enough = len(members) >= FEWEST
    shown = enough and all(group == 0 or group >= FEWEST for group in (more, less, same))
    return Effect(
        currency=fund.currency, since=since, until=on, enough=enough,
        before=from_minor(sum(before.values()) if shown else 0, fund.currency),
        after=from_minor(sum(after.values()) if shown else 0, fund.currency),
        shown=shown,
        more=more, less=less, same=same,
    )  # fmt: skip


def _granted(claim: facts.Absence) -> int:
    """What officers granted by hand, where the fund had no rules."""
    return sum(line.amount for line in claim.lines)


def _each(fund: Fund, claims: Sequence[facts.Absence], versions: Sequence[Version]) -> list[int]:
    """What each claim comes to, with those of the same member before it."""
    amounts = []
    earlier: dict[int, tuple[Earlier, ...]] = {}
    found = facts.load_many(claims, fund_id=fund.pk, versions=versions, history=())
    for claim, known in zip(claims, found, strict=True):
        before = earlier.get(claim.member_id, ())
        one = replace(known, earlier=before)
        came_to = assess(one, versions)
        amounts.append(came_to.amount)
        if (told_later := came_to.as_earlier(one, claim.number)) is not None:
            earlier[claim.member_id] = (*before, told_later)
    return amounts


def _sums(claims: Sequence[facts.Absence], amounts: Sequence[int]) -> dict[int, int]:
    """What each member's claims come to together."""
    sums: dict[int, int] = {}
    for claim, amount in zip(claims, amounts, strict=True):
        sums[claim.member_id] = sums.get(claim.member_id, 0) + amount
    return sums


@dataclass(frozen=True)
class Change:
    """A sentence of the rules that is new or goes."""

    sentence: str
    is_new: bool


def changes(before: Terms | None, after: Terms) -> list[Change]:
    """What the new rules say that the old did not, and the other way round; benefit by benefit."""
    old = {benefit.rule: texts.clauses(benefit, before) for benefit in before.benefits} if before else {}
    new = {benefit.rule: texts.clauses(benefit, after) for benefit in after.benefits}
    titles = {benefit.rule: benefit.title for terms in (before, after) if terms for benefit in terms.benefits}
    found: list[Change] = []
    for rule in dict.fromkeys([*old, *new]):
        gone = [one for one in old.get(rule, []) if one not in new.get(rule, [])]
        come = [one for one in new.get(rule, []) if one not in old.get(rule, [])]
        found.extend(Change(f"{titles[rule]}: {one}", is_new=False) for one in gone)
        found.extend(Change(f"{titles[rule]}: {one}", is_new=True) for one in come)
    return found


@dataclass(frozen=True)
class Rules:
    """A fund's rules as everybody reads them: the version in force, what comes, and what was before."""

    fund: Fund
    words: words.Words
    current: RuleVersion | None
    own_text: bool
    clauses: tuple[tuple[str, tuple[str, ...]], ...]
    levels: tuple[tuple[str, Money], ...]
    coming: tuple[RuleVersion, ...]
    history: tuple[RuleVersion, ...]
    proposals: tuple[Decision, ...]


def rules_of(fund: Fund, on: dt.date) -> Rules:
    """A fund's rules, with the decision that set each version."""
    every = list(RuleVersion.objects.filter(fund=fund).select_related("decision").order_by("-number"))
    current = next((one for one in every if one.valid_from <= on), None)
    terms = rules.read(current.terms) if current else None
    return Rules(
        fund=fund, words=words.of(fund.promise), current=current,
        own_text=current is not None and terms is not None and current.text != "\n".join(texts.describe(terms)),
        clauses=tuple((one.title, tuple(texts.clauses(one, terms))) for one in terms.benefits) if terms else (),
        levels=tuple((one.name, from_minor(one.amount, fund.currency)) for one in terms.levels) if terms else (),
        coming=tuple(one for one in reversed(every) if one.valid_from > on), history=tuple(every),
        proposals=tuple(
            Decision.objects.filter(kind=rules.KIND, state=Decision.State.PROPOSED, terms__fund=fund.pk)
            .select_related("proposed_by").order_by("id")
        ),
    )  # fmt: skip


__all__ = ["Code", "Effect", "IfIll", "Rules", "changes", "effect_of", "if_ill", "rules_of", "told"]
