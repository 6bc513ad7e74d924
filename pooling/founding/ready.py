"""A ready-made scheme as a plan in the cooperative's own currency. Pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as say

from mutual import formats
from mutual.money import Money, decimals, from_minor
from pooling.benefits.schemes import Scheme
from pooling.benefits.terms import Terms
from pooling.founding import offers
from pooling.founding.offers import CircleOffer, DuesOffer, DuesRow, FoundingRefused, FundOffer, Plan, ShareOffer
from pooling.models import UNLIMITED

LONGEST = 60


def plan(scheme: Scheme, currency: str, *, name: str = "", members: int | None = None) -> Plan:
    """What a scheme makes, its figures taken as amounts of this currency.

    :param name: what the first fund and its plans are called, instead of the scheme's own name
    :raises FoundingRefused: if the currency has other decimals than the scheme is written in
    """
    if decimals(currency) != decimals(scheme.currency):
        raise FoundingRefused(
            say("This scheme is written in %(unit)s; its figures do not fit %(currency)s.")
            % {"unit": scheme.currency, "currency": currency}
        )
    terms = Terms.from_json(scheme.terms.to_json() | {"currency": currency}) if scheme.terms is not None else None
    maker = _Maker(scheme, currency, terms, name)
    for said in scheme.dues:
        maker.dues(said)
    own = scheme.funds[0]["name"]
    funds = tuple(
        FundOffer(one["key"], maker.renamed(one["name"]) if one["name"] == own else one["name"], one["purpose"],
                  one["promise"])
        for one in scheme.funds
    )  # fmt: skip
    return offers.complete(
        Plan(
            kind=scheme.kind,
            name=name or own,
            purpose=scheme.funds[0]["purpose"],
            promise=scheme.promise,
            currency=currency,
            members=members or scheme.members,
            terms=terms,
            funds=funds,
            plans=tuple(maker.plans),
            pay=tuple(maker.pay),
            besides=tuple(maker.besides),
            circle=_circle(scheme, maker),
            charter=scheme.charter,
            surplus=scheme.surplus,
            source=scheme.source,
        )
    )


def _circle(scheme: Scheme, maker: _Maker) -> CircleOffer | None:
    said = scheme.circle
    if said is None:
        return None
    return CircleOffer(
        tuple(maker.deposits), said["smallest"], said["largest"], said["gift_limit"], tuple(said["moving_months"]),
        said["notice_days"],
    )  # fmt: skip


class _Maker:
    """Reads a scheme's dues one by one."""

    def __init__(self, scheme: Scheme, currency: str, terms: Terms | None, name: str) -> None:
        self.scheme, self.currency, self.terms, self.name = scheme, currency, terms, name
        self.plans: list[DuesOffer] = []
        self.pay: list[DuesRow] = []
        self.besides: list[DuesRow] = []
        self.deposits: list[tuple[int, int]] = []

    def renamed(self, name: str) -> str:
        """The scheme's own name, or what the founders call it."""
        own = self.scheme.funds[0]["name"]
        if not self.name:
            return name
        return (self.name + name[len(own) :] if name.startswith(own) else f"{self.name}: {name}")[:LONGEST]

    def money(self, amount: int) -> Money:
        return from_minor(amount, self.currency)

    def dues(self, said: dict[str, Any]) -> None:
        """One plan, or one for each level where running costs come on top."""
        {"LEVEL": self._by_level, "BAND": self._by_band, "PERCENT": self._percent, "ONCE": self._once,
         "FLAT": self._flat}[said["by"]](said, self.renamed(said["name"]))  # fmt: skip

    def _shares(self, said: dict[str, Any]) -> tuple[ShareOffer, ...]:
        buffer = said["to"] == "BUFFER"
        weights = said.get("weights") or ({"": 1} if said["to"] == "COSTS" else {self.scheme.funds[0]["key"]: 1})
        return tuple(ShareOffer(key, weight, buffer=buffer and bool(key)) for key, weight in weights.items())

    def _by_level(self, said: dict[str, Any], name: str) -> None:
        """F3: a percentage of each level; with what comes on top, a plan for each level."""
        assert self.terms is not None
        besides, key = said.get("besides", 0), self.scheme.funds[0]["key"]
        buffer = said["to"] == "BUFFER"
        rates = []
        for level in self.terms.levels:
            deposit = offers.part(level.amount, Decimal(said["percent"]))
            label = say("Level %(level)s") % {"level": level.name}
            self.pay.append(DuesRow(label, self.money(deposit), self.money(level.amount)))
            self.deposits.append((deposit, level.amount))
            rates.append((label, self.money(deposit)))
            if besides:
                shares = (ShareOffer(key, deposit, buffer=buffer), ShareOffer("", besides))
                self.plans.append(DuesOffer(f"{name}, {level.name}"[:LONGEST], self.money(deposit + besides), shares))
        if besides:
            self.besides.append(DuesRow(say("On top, for running costs, by the month"), self.money(besides)))
        else:
            one = (ShareOffer(key, 1, buffer=buffer),)
            self.plans.append(DuesOffer(name, rates[0][1], one, basis="LEVEL", rates=tuple(rates)))

    def _by_band(self, said: dict[str, Any], name: str) -> None:
        assert self.terms is not None
        rates = []
        for earned, gets in offers.of_earnings(self.terms, self.currency):
            dues = self.money(offers.part(earned, Decimal(said["percent"])))
            amount = formats.money(self.money(earned))
            self.pay.append(DuesRow(say("Who earns %(amount)s") % {"amount": amount}, dues, self.money(gets or 0)))
            rates.append((say("Up to %(amount)s a month") % {"amount": amount}, dues))
        self.plans.append(DuesOffer(name, rates[-1][1], self._shares(said), basis="BAND", rates=tuple(rates)))

    def _percent(self, said: dict[str, Any], name: str) -> None:
        percent = Decimal(said["percent"])
        for example in offers.EXAMPLES:
            made = offers.whole(example, self.currency)
            label = say("Who invoices %(amount)s") % {"amount": formats.money(self.money(made))}
            self.pay.append(DuesRow(label, self.money(offers.part(made, percent))))
        most = self.money(offers.whole(UNLIMITED, self.currency))
        self.plans.append(
            DuesOffer(name, most, self._shares(said), basis="PERCENT", permyriad=int(percent * 100))
        )  # fmt: skip

    def _once(self, said: dict[str, Any], name: str) -> None:
        amount = self.money(said["amount"])
        self.besides.append(DuesRow(say("Once: %(what)s") % {"what": name}, amount))
        self.plans.append(DuesOffer(name, amount, self._shares(said), every="ONCE"))

    def _flat(self, said: dict[str, Any], name: str) -> None:
        amount = self.money(said["amount"])
        later = tuple((month, day, self.money(other)) for month, day, other in said.get("later", ()))
        self.pay.append(DuesRow(say("Everybody"), amount))
        for month, day, other in later:
            when = formats.day_of_year(dt.date(2001, month, day))
            self.besides.append(DuesRow(say("Everybody, from the next %(day)s on") % {"day": when}, other))
        if said.get("in_work"):
            self.besides.append(DuesRow(say("Or a task done for the cooperative in the month"), self.money(0)))
        self.plans.append(
            DuesOffer(name, amount, self._shares(said), in_work=bool(said.get("in_work")), later=later)
        )  # fmt: skip
