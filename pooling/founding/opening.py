"""Opening what was planned: funds, rules, dues plans, the terms of circles, a charter."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as say

from members.governance import decisions
from members.governance.models import Decision
from pooling import dues, funds
from pooling.benefits import rules
from pooling.circles import circles
from pooling.circles import terms as circle_terms
from pooling.circles.models import Circle, Terms
from pooling.founding.offers import CircleOffer, DuesOffer, FoundingRefused, FundOffer, Plan
from pooling.models import DuesPlan, Fund
from pooling.surplus import rules as surplus_rules

CHARTER = "CHARTER"
DAYS_TO_PAY = 14


@dataclass(frozen=True)
class Founded:
    """What was opened.

    :ivar waiting: the decisions that a second officer still has to take
    :ivar adopted: whether everything is in force
    """

    fund: Fund
    rules: Decision | None
    waiting: tuple[Decision, ...]
    adopted: bool
    plans: tuple[DuesPlan, ...]
    circle: Circle | None


def found(plan: Plan, *, by: int, second: int | None, on: dt.date) -> Founded:
    """Open everything; each step is a use case of its own, and what a crash cut short is gone on with by founding the
    same again.

    :param second: another officer who adopts everything at once; without one it waits for her
    :raises FoundingRefused: if there is such a fund with rules of its own, or all of it is there already
    :raises pooling.benefits.rules.RulesRefused: if the rules cannot be proposed
    """
    opening = _Opening(plan, by, second, on)
    first = opening.check()
    made = {one.key: opening.fund(one) for one in plan.funds}
    main = made[plan.funds[0].key]
    proposal = opening.propose_rules(main) if first else None
    plans = tuple(opening.dues_plan(one, made) for one in plan.plans)
    opening.propose_circles(main)
    opening.propose_charter(main)
    opening.propose_surplus(made)
    opening.decide()
    circle = opening.circle(main)
    if not opening.did:
        raise FoundingRefused(say("“%(name)s” is founded already, with all of this.") % {"name": plan.name})
    waiting = () if second is not None else tuple(opening.waiting)
    return Founded(main, proposal, waiting, not waiting, plans, circle)


class _Opening:
    """One founding under way; ``did`` says whether anything was new."""

    def __init__(self, plan: Plan, by: int, second: int | None, on: dt.date) -> None:
        self.plan, self.by, self.second, self.on = plan, by, second, on
        self.waiting: list[Decision] = []
        self.did = False

    def check(self) -> bool:
        """Whether the rules are still to be proposed.

        :raises FoundingRefused: if there is such a fund that is another
        """
        fund = Fund.objects.filter(name=self.plan.funds[0].name).first()
        if fund is None:
            return self.plan.terms is not None
        versions = rules.versions(fund.pk)
        terms = self.plan.terms
        if fund.currency != self.plan.currency or (versions and versions[0].terms != terms):
            raise FoundingRefused(say("There is a fund “%(name)s” with rules already.") % {"name": fund.name})
        return terms is not None and not versions

    def fund(self, offer: FundOffer) -> Fund:
        known = Fund.objects.filter(name=offer.name).first()
        if known is not None:
            return known
        self.did = True
        try:
            return funds.open_fund(
                name=offer.name, description=offer.purpose, promise=offer.promise, currency=self.plan.currency,
                target=None, by=self.by, on=self.on,
            )  # fmt: skip
        except funds.FundRefused as refused:
            raise FoundingRefused(str(refused)) from refused

    def propose_rules(self, fund: Fund) -> Decision:
        assert self.plan.terms is not None
        decision = rules.propose(
            fund_id=fund.pk, terms=self.plan.terms.to_json(), text="", valid_from=self.on, by=self.by, on=self.on,
            why=say("After the scheme of %(source)s") % {"source": self.plan.source}
            if self.plan.source
            else say("The founders' answers to twenty questions."),
        )  # fmt: skip
        self._waits(decision)
        return decision

    def dues_plan(self, offer: DuesOffer, made: dict[str, Fund]) -> DuesPlan:
        known = DuesPlan.objects.filter(name=offer.name).first()
        shares = [
            dues.ShareOf(made[one.fund].pk if one.fund else None, one.weight, buffer=one.buffer) for one in offer.shares
        ]
        more = dues.More(
            rates=tuple(dues.RateOf(name, amount) for name, amount in offer.rates), permyriad=offer.permyriad,
            by_day=True, in_work=offer.in_work,
        )  # fmt: skip
        try:
            if known is None:
                self.did = True
                known = dues.open_plan(
                    name=offer.name, every=offer.every, basis=offer.basis, amount=offer.amount, valid_from=self.on,
                    more=more, shares=shares, days_to_pay=DAYS_TO_PAY, by=self.by,
                )  # fmt: skip
            opened_on = min(known.versions.values_list("valid_from", flat=True))
            for day, amount in offer.later_on(opened_on):
                if not known.versions.filter(valid_from__gte=day).exists():
                    self.did = True
                    dues.change_plan(
                        plan_id=known.pk, amount=amount, valid_from=day, more=more, shares=shares,
                        days_to_pay=DAYS_TO_PAY, by=self.by,
                    )  # fmt: skip
        except dues.DuesRefused as refused:
            raise FoundingRefused(str(refused)) from refused
        return known

    def propose_circles(self, fund: Fund) -> None:
        offer = self.plan.circle
        if offer is None or Terms.objects.filter(fund=fund).exists():
            return
        self._waits(
            circle_terms.propose(
                fund_id=fund.pk, wanted=_wanted(offer), valid_from=self.on, by=self.by, on=self.on,
                text=say("Circles of %(least)s to %(most)s who carry one another.") % {
                    "least": offer.smallest, "most": offer.largest,
                },
            )
        )  # fmt: skip

    def propose_charter(self, fund: Fund) -> None:
        subject = f"fund-{fund.slug}"[:60]
        if not self.plan.charter or Decision.objects.filter(kind=CHARTER, subject=subject, state="CONFIRMED").exists():
            return
        self._waits(
            propose_charter(fund=fund, rules_said=self.plan.charter, source=self.plan.source, by=self.by, on=self.on)
        )

    def propose_surplus(self, made: dict[str, Fund]) -> None:
        if self.plan.surplus is None:
            return
        said = surplus_rules.with_funds(self.plan.surplus, {key: fund.pk for key, fund in made.items()})
        newest = surplus_rules.newest()
        if newest is not None and newest.terms["rules"] == said:
            return
        try:
            self._waits(
                surplus_rules.propose(
                    said=said, valid_from=self.on, by=self.by, on=self.on,
                    why=say("After the scheme of %(source)s") % {"source": self.plan.source},
                )
            )  # fmt: skip
        except surplus_rules.SurplusRulesRefused as refused:
            raise FoundingRefused(str(refused)) from refused

    def _waits(self, decision: Decision) -> None:
        self.waiting.append(decision)
        self.did = True

    def decide(self) -> None:
        """Adopt everything as the second officer, where she sits at the table."""
        if self.second is None:
            return
        adopt = {
            rules.KIND: rules.adopt, circle_terms.CIRCLE_TERMS: circle_terms.confirm, CHARTER: adopt_charter,
            surplus_rules.KIND: surplus_rules.adopt,
        }  # fmt: skip
        for decision in self.waiting:
            adopt[decision.kind](decision_id=decision.pk, by=self.second, on=self.on)

    def circle(self, fund: Fund) -> Circle | None:
        """Form the circle once its terms hold: members put themselves on its list, and it opens when it can."""
        if self.plan.circle is None or circle_terms.in_force(fund.pk, self.on) is None:
            return None
        known = Circle.objects.filter(fund=fund).first()
        if known is not None:
            return known
        self.did = True
        try:
            return circles.form(name=self.plan.name, fund_id=fund.pk, by=self.by, on=self.on)
        except circles.CircleRefused as refused:
            raise FoundingRefused(str(refused)) from refused


def _wanted(offer: CircleOffer) -> circle_terms.Wanted:
    return circle_terms.Wanted(
        levels=offer.levels, smallest=offer.smallest, largest=offer.largest, gift_limit=offer.gift_limit,
        moving_months=offer.moving_months, notice_days=offer.notice_days,
    )  # fmt: skip


@transaction.atomic(durable=True)
def propose_charter(*, fund: Fund, rules_said: tuple[str, ...], source: str, by: int, on: dt.date) -> Decision:
    """Propose what members agree on beside the money: it is kept with its decision, and read by everybody."""
    return decisions.propose(
        kind=CHARTER, subject=f"fund-{fund.slug}"[:60], text="\n".join(rules_said), by=by, on=on,
        terms={"fund": fund.pk, "source": source},
    )  # fmt: skip


@transaction.atomic(durable=True)
def adopt_charter(*, decision_id: int, by: int, on: dt.date) -> Decision:
    """Record as the second officer that the members agreed.

    :raises members.governance.decisions.DecisionRefused: if it was decided, or proposed by the same person
    """
    with decisions.deciding(decision_id, kind=CHARTER, by=by, on=on) as decision:
        return decision
