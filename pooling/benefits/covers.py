"""What a member is covered for in a fund: chosen for a day on, never changed for days before."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from members.models import Member
from mutual import formats
from mutual.trail import trail
from pooling.benefits import rules
from pooling.benefits.engine import version_on
from pooling.benefits.models import Cover
from pooling.benefits.terms import By
from pooling.models import Fund


class CoverRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NoSuchLevel(CoverRefused):
    """The rules of that day have no such level."""


class TooManyUnits(CoverRefused):
    """The rules of that day allow fewer units."""


class NotAsked(CoverRefused):
    """The rules do not ask for this, so it is not kept."""


class LaterChosen(CoverRefused):
    """Something else is chosen from a later day on."""


@transaction.atomic(durable=True)
def choose(
    *, fund_id: int, member_id: int, since: dt.date, by: int, level: str = "", units: int = 1,
    earnings: int | None = None, born_on: dt.date | None = None,
) -> Cover:  # fmt: skip
    """Cover a member from a day on. Again the same is harmless.

    :param earnings: by the month on average, in minor units of the fund's currency
    :raises NoSuchLevel: if the rules of that day do not have the level
    :raises TooManyUnits: if they allow fewer units
    :raises NotAsked: if earnings or a date of birth are given that no rule asks for
    :raises LaterChosen: if something is chosen from a later day on
    """
    return write(
        fund=Fund.objects.get(pk=fund_id), member_id=member_id, since=since, by=by, level=level, units=units,
        earnings=earnings, born_on=born_on,
    )  # fmt: skip


def write(
    *, fund: Fund, member_id: int, since: dt.date, by: int | None, level: str, units: int, earnings: int | None,
    born_on: dt.date | None,
) -> Cover:  # fmt: skip
    """:func:`choose` in the caller's transaction, for what else changes with it; ``by`` is None for the clock.

    :raises CoverRefused: as there
    """
    Member.objects.select_for_update().get(pk=member_id)
    versions = rules.versions(fund.pk)
    version = version_on(versions, since) or (versions[0] if versions else None)
    benefits = version.terms.benefits if version else ()
    if level and (version is None or version.terms.level(level) is None):
        raise NoSuchLevel(_("The rules of that day have no level “%(level)s”.") % {"level": level})
    most = max((benefit.units_most for benefit in benefits), default=1)
    if not 1 <= units <= most:
        raise TooManyUnits(_("The rules of that day allow %(most)s units at most.") % {"most": most})
    if earnings is not None and not any(
        benefit.pays.by == By.EARNINGS or benefit.earnings_cap is not None for benefit in benefits
    ):
        raise NotAsked(_("These rules do not go by earnings, so they are not kept."))
    by_age = any(benefit.age_from is not None or benefit.age_until is not None for benefit in benefits)
    if born_on is not None and not by_age:
        raise NotAsked(_("These rules do not go by age, so the date of birth is not kept."))
    later = Cover.objects.filter(fund=fund, member_id=member_id, since__gt=since).order_by("since").first()
    if later is not None:
        raise LaterChosen(_("Another level is chosen from %(day)s on already.") % {"day": formats.day(later.since)})
    wanted = {"level": level, "units": units, "earnings": earnings, "born_on": born_on}
    known = Cover.objects.filter(fund=fund, member_id=member_id, since=since, **wanted).first()
    if known is not None:
        return known
    cover, _made = Cover.objects.update_or_create(fund=fund, member_id=member_id, since=since, defaults=wanted)
    # What she earns and how old she is stay out of the trail.
    trail.record(by=by, did="COVER_CHOSEN", subject=Member.objects.get(pk=member_id).number,
                 detail={"fund": fund.slug, "level": level, "units": units, "since": since.isoformat()})  # fmt: skip
    return cover
