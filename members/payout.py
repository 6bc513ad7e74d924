"""Where a member is paid: an account of hers, sealed, changed only with a second factor, and told to her by letter."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Collection

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from members.models import Member, PayoutAccount
from mutual import iban as ibans
from mutual.mail import letters
from mutual.trail import trail
from mutual.vault import vault

PLACE = "iban"


class PayoutRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NotValid(PayoutRefused):
    """It is no such number."""


class NoSecondFactor(PayoutRefused):
    """She did not show a second factor just now."""


@transaction.atomic(durable=True)
def name_account(*, member_id: int, iban: str, holder: str, second_factor: bool, by: int, on: dt.date) -> PayoutAccount:
    """Name the account one is paid to; the one before is destroyed. Again the same is harmless.

    :param second_factor: whether whoever asks showed a second factor within the last minutes
    :raises NoSecondFactor: if not
    :raises NotValid: if its check digits or its length are wrong
    """
    if not second_factor:
        raise NoSecondFactor(_("Show your second factor first."))
    try:
        number = ibans.read(iban)
    except ibans.BadIban as error:
        raise NotValid(_("This is no valid IBAN.")) from error
    member = Member.objects.select_for_update().get(pk=member_id)
    assert member.user_id == by, "Only she herself names it."
    known = PayoutAccount.objects.filter(member=member).first()
    digest = _digest(number)
    if known is not None and known.digest == digest and known.holder == holder:
        return known
    account = PayoutAccount(
        member=member, version=known.version + 1 if known else 1, holder=holder, country=number[:2], tail=number[-4:],
        digest=digest, changed_on=on,
    )  # fmt: skip
    vault.open_vault(account.vault, on=on)
    vault.seal(subject=account.vault, place=PLACE, content=number.encode())
    if known is not None:
        vault.destroy(known.vault, on=on)
    account.save()
    # The number is in the vault and nowhere else: not in the log, not in the letter.
    trail.record(by=by, did="PAYOUT_ACCOUNT_NAMED", subject=member.number, detail={"version": account.version})
    letters.send(
        key=f"{account.vault}/named", to=member.email, template="emails/payout_account",
        context={"member": member, "account": account}, language=member.language, reader=member.user_id,
    )  # fmt: skip
    return account


def take_many(member_ids: Collection[int], *, by: int, at: dt.datetime, reason: str) -> dict[int, tuple[str, str]]:
    """Holder and number of many members' accounts, by member; each opening is written down.

    In the caller's transaction, which holds the accounts then: nothing of it may leave that transaction but sealed.
    """
    accounts = list(
        PayoutAccount.objects.select_for_update(of=("self",), no_key=True)
        .select_related("member")
        .filter(member__in=member_ids)
        .order_by("pk")
    )
    found = vault.take_many(subjects=[one.vault for one in accounts], place=PLACE, by=by, at=at, reason=reason)
    return {one.pk: (one.holder, found[one.vault].decode()) for one in accounts if one.vault in found}


def _digest(number: str) -> str:
    """A digest under a key of its own, so that nobody finds the number by trying all there are."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"payout account").derive(
        settings.SECRET_KEY.encode()
    )
    return hmac.new(derived, number.encode(), hashlib.sha256).hexdigest()
