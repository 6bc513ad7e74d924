"""What deeds and decisions are called: the log and the decisions keep codes, people read words."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

DECISIONS: dict[str, Promise] = {
    "ALLOCATION": gettext_lazy("Use of the surplus"),
    "BARRED_WRITE_OFF": gettext_lazy("Write off debts whose time has run out"),
    "BUFFER_RULE": gettext_lazy("Rule for buffers"),
    "CHARTER": gettext_lazy("Charter"),
    "CIRCLE_CLOSING": gettext_lazy("Closing of a circle"),
    "CIRCLE_TERMS": gettext_lazy("Terms of circles"),
    "DESK_RULES": gettext_lazy("Rules of the claims desk"),
    "DUES_WAIVER": gettext_lazy("Holiday or waiver of dues"),
    "DUES_WAIVER_END": gettext_lazy("Ask for dues again earlier"),
    "FIGURE": gettext_lazy("Figure"),
    "FUND_GRANT": gettext_lazy("Grant"),
    "FUND_LOAN": gettext_lazy("Loan between funds"),
    "FUND_RETURN": gettext_lazy("Money back to the surplus"),
    "HARD_FLOOR": gettext_lazy("Hard floor"),
    "OPENING_BALANCE": gettext_lazy("Opening balance"),
    "REFUND": gettext_lazy("Pay back what was paid ahead"),
    "REOPENING": gettext_lazy("Reopen the books"),
    "REVERSAL": gettext_lazy("Undo an entry"),
    "RULES": gettext_lazy("Benefit rules"),
    "SHARING": gettext_lazy("Sharing of the surplus"),
    "SHORTFALL": gettext_lazy("Shortfall made up"),
    "SURPLUS_RULES": gettext_lazy("Rules for the surplus"),
    "WORK_CREDIT": gettext_lazy("Work in place of dues"),
    "WRITE_OFF": gettext_lazy("Write off dues"),
    "YEAR_CLOSING": gettext_lazy("Closing of a year"),
}
"""Kinds of decisions, as what is decided."""

DEEDS: dict[str, Promise] = {
    "ADMITTED": gettext_lazy("Admitted"),
    "AGREEMENT_BROKEN": gettext_lazy("Agreement broken"),
    "AGREEMENT_ENDED": gettext_lazy("Agreement ended"),
    "AGREEMENT_KEPT": gettext_lazy("Agreement kept"),
    "AGREEMENT_MADE": gettext_lazy("Agreement made"),
    "APPEAL_DISMISSED": gettext_lazy("Appeal dismissed"),
    "APPEAL_FILED": gettext_lazy("Appeal filed"),
    "APPEAL_GRANTED": gettext_lazy("Appeal granted"),
    "APPEAL_WITHDRAWN": gettext_lazy("Appeal withdrawn"),
    "APPLIED": gettext_lazy("Applied"),
    "ASKED_BACK": gettext_lazy("Asked back"),
    "BACKUPS_REMOVED": gettext_lazy("Backups removed"),
    "BANDS_DRAWN": gettext_lazy("Income bands drawn"),
    "BAND_CONFIRMED": gettext_lazy("Income band confirmed"),
    "BAND_DECLARED": gettext_lazy("Income band declared"),
    "BAND_NOT_CONFIRMED": gettext_lazy("Income band not confirmed"),
    "BANK_ACCOUNT_OPENED": gettext_lazy("Bank account opened"),
    "BANK_BALANCE_NOTED": gettext_lazy("Bank balance noted"),
    "BANK_FILE_MADE": gettext_lazy("Bank file made"),
    "BANK_TRANSFERRED": gettext_lazy("Moved between banks"),
    "BARTER_BALANCE_GIVEN": gettext_lazy("Barter balance given"),
    "BARTER_LIMIT_SET": gettext_lazy("Barter limit set"),
    "BUFFER_RETURN_ASKED": gettext_lazy("Return of buffers asked for"),
    "CAME_BACK": gettext_lazy("Came back"),
    "CATEGORY_OPENED": gettext_lazy("Category opened"),
    "CERTIFICATE_ACCEPTED": gettext_lazy("Certificate accepted"),
    "CERTIFICATE_ACCEPTED_FIRST": gettext_lazy("Certificate accepted by a first officer"),
    "CERTIFICATE_DECLINED": gettext_lazy("Certificate declined"),
    "CERTIFICATE_HANDED_IN": gettext_lazy("Certificate handed in"),
    "CIRCLE_CLOSED": gettext_lazy("Circle closed"),
    "CIRCLE_FORMED": gettext_lazy("Circle formed"),
    "CIRCLE_GAVE": gettext_lazy("Circle gave"),
    "CIRCLE_JOINED": gettext_lazy("Circle joined"),
    "CIRCLE_LEAVING": gettext_lazy("Circle leaving"),
    "CIRCLE_LEFT": gettext_lazy("Circle left"),
    "CIRCLE_LEVEL_ASKED": gettext_lazy("Level in a circle asked for"),
    "CIRCLE_LEVEL_CHANGED": gettext_lazy("Circle level changed"),
    "CIRCLE_OPENED": gettext_lazy("Circle opened"),
    "CIRCLE_SEAT_ASKED": gettext_lazy("Seat in a circle asked for"),
    "CIRCLE_SEAT_TAKEN_BACK": gettext_lazy("Request for a seat taken back"),
    "CIRCLE_SETTLED": gettext_lazy("Circle settled"),
    "CLAIMS_SAMPLED": gettext_lazy("Claims sampled"),
    "CLAIM_APPROVED": gettext_lazy("Claim approved"),
    "CLAIM_DECISION_BARRED": gettext_lazy("Barred from deciding a claim"),
    "CLAIM_ENDED": gettext_lazy("Claim ended"),
    "CLAIM_PAUSED": gettext_lazy("Claim paused"),
    "CLAIM_PROPOSED": gettext_lazy("Claim proposed"),
    "CLAIM_READ_AGAIN": gettext_lazy("Claim read again"),
    "CLAIM_REFUSED": gettext_lazy("Claim refused"),
    "CLAIM_SENT_BACK": gettext_lazy("Claim sent back"),
    "CLAIM_SUBMITTED": gettext_lazy("Claim submitted"),
    "CLAIM_WITHDRAWN": gettext_lazy("Claim withdrawn"),
    "CLIENT_ADDED": gettext_lazy("Client added"),
    "COVER_CHOSEN": gettext_lazy("Cover chosen"),
    "CREDIT_NOTE_ISSUED": gettext_lazy("Credit note issued"),
    "DECLINED": gettext_lazy("Declined"),
    "DUES_PLAN_CHANGED": gettext_lazy("Dues plan changed"),
    "DUES_PLAN_OPENED": gettext_lazy("Dues plan opened"),
    "DUES_RELIEVED": gettext_lazy("Dues relieved"),
    "DUES_RUN_ASKED": gettext_lazy("Run of dues asked for"),
    "EMAIL_CHANGED": gettext_lazy("E-mail changed"),
    "EVIDENCE_ADDED": gettext_lazy("Paper added"),
    "FUNDS_SIMULATED": gettext_lazy("Funds simulated"),
    "FUND_CHANGED": gettext_lazy("Fund changed"),
    "FUND_OPENED": gettext_lazy("Fund opened"),
    "GIFTS_ASKED": gettext_lazy("Gifts asked for"),
    "INVOICE_ISSUED": gettext_lazy("Invoice issued"),
    "INVOICE_SENT": gettext_lazy("Invoice sent"),
    "ISSUER_CHANGED": gettext_lazy("Issuer changed"),
    "ITEM_RECORDED": gettext_lazy("Cost or income recorded"),
    "JOBS_TRIED_AGAIN": gettext_lazy("Jobs tried again"),
    "JURORS_REPLACED": gettext_lazy("Jurors replaced"),
    "JUROR_ANSWERED": gettext_lazy("Juror answered"),
    "JURY_COMMITTED": gettext_lazy("Jury committed"),
    "LEFT": gettext_lazy("Left"),
    "LIMITATION_ADDED": gettext_lazy("Limitation added"),
    "LIMITATION_CHECKED": gettext_lazy("Limitation checked"),
    "LISTING_CLOSED": gettext_lazy("Listing closed"),
    "LISTING_PUBLISHED": gettext_lazy("Listing published"),
    "LISTING_RENEWED": gettext_lazy("Listing renewed"),
    "LOAN_REPAID": gettext_lazy("Loan repaid"),
    "MEMBERS_IMPORTED": gettext_lazy("Members imported"),
    "MONTH_CLOSED": gettext_lazy("Month closed"),
    "OWN_DECISION_BARRED": gettext_lazy("Barred from deciding one’s own proposal"),
    "PATRONAGE_PAID": gettext_lazy("Patronage paid"),
    "PATRONAGE_REDEEMED": gettext_lazy("Patronage redeemed"),
    "PAYMENT_PLACED": gettext_lazy("Payment placed"),
    "PAYMENT_RECORDED": gettext_lazy("Payment recorded"),
    "PAYMENT_WITHDRAWN": gettext_lazy("Payment withdrawn"),
    "PAYOUT_ACCOUNT_NAMED": gettext_lazy("Payout account named"),
    "PAY_RUN_PAID": gettext_lazy("Pay run paid"),
    "PAY_RUN_RESUMED": gettext_lazy("Pay run resumed"),
    "PAY_RUN_STARTED": gettext_lazy("Pay run started"),
    "PROFILE_CHANGED": gettext_lazy("Profile changed"),
    "PUT_ON_DUES_PLAN": gettext_lazy("Put on dues plan"),
    "RECEIPT_READ": gettext_lazy("Receipt read"),
    "REMINDERS_ASKED": gettext_lazy("Reminders asked for"),
    "REMINDER_STEP_CHANGED": gettext_lazy("Reminder step changed"),
    "RESUMED": gettext_lazy("Resumed"),
    "ROLE_ENDED": gettext_lazy("Role ended"),
    "ROLE_GRANTED": gettext_lazy("Role granted"),
    "ROLE_PROPOSED": gettext_lazy("Role proposed"),
    "STATEMENTS_ORDERED": gettext_lazy("Statements ordered"),
    "STATEMENT_READ": gettext_lazy("Statement read"),
    "SUSPENDED": gettext_lazy("Suspended"),
    "THANKS_DID_NOT_FIT": gettext_lazy("Thanks did not fit"),
    "TRADE_ACCEPTED": gettext_lazy("Trade accepted"),
    "TRADE_CANCELLED": gettext_lazy("Trade cancelled"),
    "TRADE_DECLINED": gettext_lazy("Trade declined"),
    "TRADE_DELIVERED": gettext_lazy("Trade delivered"),
    "TRADE_REQUESTED": gettext_lazy("Trade requested"),
    "TRADE_REVERSED": gettext_lazy("Trade reversed"),
    "TRADE_SETTLED": gettext_lazy("Trade settled"),
    "TRADE_UNDO_ASKED": gettext_lazy("Undoing a trade asked for"),
    "USER_BLOCKED": gettext_lazy("Kept from signing in"),
    "USER_UNBLOCKED": gettext_lazy("May sign in again"),
    "VAULT_DESTROYED": gettext_lazy("Vault destroyed"),
    "VAULT_ERASED_AGAIN": gettext_lazy("Vault erased again"),
    "WAIVER_ENDED": gettext_lazy("Waiver ended"),
}
"""What was done, without the steps of decisions (:func:`_steps`)."""


def spoken(code: str) -> str:
    """A code in the reader's words: CLAIM_APPROVED is "Claim approved"; one nobody named is read as it is spelled."""
    if words := DEEDS.get(code) or DECISIONS.get(code):
        return str(words)
    kind, _dash, step = code.rpartition("_")
    if kind in DECISIONS and step in (steps := _steps()):
        return steps[step] % {"decision": DECISIONS[kind]}
    return str(code).replace("_", " ").capitalize()


def codes_of(words: str) -> list[str]:
    """The codes of deeds that read so, in the reader's language or as they are spelled."""
    asked = words.strip().casefold()
    found = [code for code in _deeds() if spoken(code).casefold() == asked]
    return sorted({*found, words.strip().upper().replace(" ", "_")})


def _steps() -> dict[str, str]:
    return {
        "PROPOSED": _("%(decision)s: proposed"),
        "CONFIRMED": _("%(decision)s: confirmed"),
        "DECLINED": _("%(decision)s: declined"),
    }


def _deeds() -> Iterator[str]:
    yield from DEEDS
    yield from (f"{kind}_{step}" for kind in DECISIONS for step in _steps())
