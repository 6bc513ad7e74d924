"""Letters to those whose buffers held too much."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from mutual.mail import letters
from mutual.money import from_minor
from pooling.buffers.models import Returned


def returned(*, fund_id: int, measured_on: dt.date, after: int, upto: int) -> int:
    """Write to each member in a range of ids whose excess went back, each once; returns how many it went back to."""
    found = Returned.objects.select_related("rule__fund", "member").filter(
        rule__fund_id=fund_id, measured_on=measured_on, member_id__gt=after, member_id__lte=upto
    )
    told = 0
    for one in found.order_by("member_id").iterator(chunk_size=500):
        fund, member = one.rule.fund, one.member
        with transaction.atomic():
            letters.send(
                key=one.key, to=member.email, template="emails/buffer_returned", language=member.language,
                reader=member.user_id,
                context={
                    "member": member, "fund": fund, "returned": one, "held": from_minor(one.held, fund.currency),
                    "amount": from_minor(one.amount, fund.currency),
                },
            )  # fmt: skip
        told += 1
    return told
