"""What benefits offer to pages about everything."""

from __future__ import annotations

from typing import Any

from pooling.benefits.models import Cover


def personal_data(*, member_id: int) -> list[dict[str, Any]]:
    """What a member is covered for, in each fund, from when on."""
    return [
        {
            "fund": one.fund.name, "since": str(one.since), "level": one.level, "units": one.units,
            "earnings_minor": one.earnings, "born_on": one.born_on and str(one.born_on),
        }
        for one in Cover.objects.select_related("fund").filter(member_id=member_id).order_by("since", "id")
    ]  # fmt: skip
