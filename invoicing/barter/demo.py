"""How members trade in the demonstration."""

from __future__ import annotations

import datetime as dt

from invoicing.barter import accounts, listings, trades
from invoicing.barter.models import Listing
from mutual import rooms
from mutual.currencies import CREDIT
from mutual.money import Money, zero
from mutual.periods import Period

_OFFERS = (
    ("Proofreading, German and English", "WORDS", 20, None), ("A portrait in an afternoon", "DESIGN", 60, None),
    ("Shelves made to measure", "HANDS", None, 180), ("Your website, looked after", "CODE", 45, None),
    ("Sourdough bread on Fridays", "FOOD", 6, None), ("Help with the tax form", "OFFICE", None, 90),
    ("Bicycle, made safe again", "HANDS", 25, None), ("An hour with your child", "CARE", None, 60),
    ("Herbs for the balcony", "FOOD", 8, None), ("French conversation", "TEACHING", None, 60),
)  # fmt: skip


def live(story: rooms.Story, period: Period) -> None:
    """In the first month offers are published; each month some are taken up, in credit or in hours."""
    dice = story.dice("barter", period.start)
    present = story.present(period.start)
    if not Listing.objects.exists() or period.start.month in (3, 9):
        for place, (title, category, price, minutes) in enumerate(_OFFERS):
            actor = present[(place * 3 + period.start.month) % len(present)]
            assert actor.member_id is not None
            listings.publish(
                member_id=actor.member_id, kind=Listing.Kind.WANT if place % 4 == 3 else Listing.Kind.OFFER,
                category=category, title=title, text="Ask me; we agree on the day.",
                price_credit=None if price is None else Money(price, CREDIT), price_minutes=minutes, by=actor.user_id,
                on=period.start,
            )  # fmt: skip
    for n in range(dice.randrange(5, 11)):
        provider, receiver = dice.sample(present, 2)
        assert provider.member_id is not None
        assert receiver.member_id is not None
        title, _category, price, minutes = dice.choice(_OFFERS)
        day = min(period.start + dt.timedelta(days=dice.randrange(1, 27)), period.last_day)
        credit = Money(price or 0, CREDIT) if price else zero(CREDIT)
        room = accounts.holdings([provider.number, receiver.number])
        if price and (
            credit > room[receiver.number, CREDIT].can_spend or credit > room[provider.number, CREDIT].can_earn
        ):
            continue
        trade = trades.request(
            asked_by=receiver.member_id, provider=provider.member_id, receiver=receiver.member_id, title=title,
            text="", credit=credit, minutes=minutes or 0, form_key=f"demo-{period.start:%Y-%m}-{n}",
            by=receiver.user_id, on=day,
        )  # fmt: skip
        if period.contains(story.today) and n < 2:
            continue
        trades.accept(trade_id=trade.pk, member_id=provider.member_id, by=provider.user_id, on=day)
        trades.settle(trade_id=trade.pk, member_id=receiver.member_id, by=receiver.user_id, on=day)
