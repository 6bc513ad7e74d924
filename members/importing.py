"""Members from a CSV file: read whole, shown line by line, then imported exactly as shown."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from members import numbers
from members.models import ImportDraft, Member, User
from mutual import formats, rooms
from mutual.inputs import LineField
from mutual.trail import trail

MOST_BYTES = 1024 * 1024
MOST_LINES = 5000
COLUMNS = ("name", "email", "trade", "street", "postcode", "city", "country", "language", "joined_on")
REQUIRED = ("name", "email", "joined_on")
_LENGTHS = {"name": 120, "email": 254, "trade": 80, "street": 120, "postcode": 16, "city": 80, "country": 2}


class ImportRefused(Exception):
    """The file as a whole cannot be read; the message says why, with the line where there is one."""


@dataclass(frozen=True)
class Row:
    """One line of the file with what is wrong with it, if anything."""

    line: int
    name: str
    email: str
    trade: str
    street: str
    postcode: str
    city: str
    country: str
    language: str
    joined_on: str
    errors: tuple[str, ...]


def read(content: bytes, *, on: dt.date) -> list[Row]:
    """Read a file; every line comes back with its errors.

    :raises ImportRefused: if it is too large, no text, or lacks a column
    """
    if len(content) > MOST_BYTES:
        raise ImportRefused(_("The file is larger than one megabyte."))
    text = _text(content)
    first = text.split("\n", 1)[0]
    mark = max((";", ",", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise ImportRefused(_("Line %(line)s cannot be read as CSV.") % {"line": reader.line_num}) from error
    if not lines:
        raise ImportRefused(_("The file is empty."))
    head = [cell.strip().lower().replace(" ", "_") for cell in lines[0][1]]
    missing = [column for column in REQUIRED if column not in head]
    if missing:
        raise ImportRefused(_("The first line lacks the columns: %(columns)s.") % {"columns": ", ".join(missing)})
    if len(lines) - 1 > MOST_LINES:
        raise ImportRefused(_("The file has more than 5,000 lines. Split it."))
    present = {email.lower() for email in Member.objects.values_list("email", flat=True)}
    seen: dict[str, int] = {}
    return [_row(line, dict(zip(head, cells, strict=False)), present, seen, on) for line, cells in lines[1:]]


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise ImportRefused(_("This is no text file: save it as CSV, in UTF-8."))


def _row(line: int, said: dict[str, str], present: set[str], seen: dict[str, int], on: dt.date) -> Row:
    errors: list[str] = []
    clean: dict[str, str] = {}
    for column, length in _LENGTHS.items():
        field = LineField(max_length=length, required=column in REQUIRED, label=column)
        try:
            clean[column] = field.clean(said.get(column, ""))
        except ValidationError as error:
            clean[column] = ""
            errors += [f"{column}: {message}" for message in error.messages]
    clean["email"] = clean["email"].lower()
    if clean["email"]:
        errors += _about_email(clean["email"], line, present, seen)
    clean["country"] = (clean["country"] or "DE").upper()
    if clean["country"] not in formats.country_codes():
        errors.append(_("country: write its two letters, such as DE."))
    language = said.get("language", "").strip().lower() or "en"
    if language not in dict(settings.LANGUAGES):
        errors.append(_("language: use one of %(codes)s.") % {"codes": ", ".join(dict(settings.LANGUAGES))})
    joined = said.get("joined_on", "").strip()
    try:
        if dt.date.fromisoformat(joined) > on:
            errors.append(_("joined_on: that day has not come yet."))
    except ValueError:
        errors.append(_("joined_on: write a day such as 2026-01-31."))
    return Row(line=line, language=language, joined_on=joined, errors=tuple(errors), **clean)


def _about_email(email: str, line: int, present: set[str], seen: dict[str, int]) -> list[str]:
    try:
        validate_email(email)
    except ValidationError:
        return [_("email: this is not an address.")]
    if email in present:
        return [_("email: a member, applicant or former member has this address already.")]
    if email in seen:
        return [_("email: line %(line)s has the same address.") % {"line": seen[email]}]
    seen[email] = line
    return []


@transaction.atomic(durable=True)
def keep(*, rows: Sequence[Row], by: int | None) -> ImportDraft:
    """Keep what was shown, so that exactly that is imported."""
    return ImportDraft.objects.create(rows=[asdict(row) for row in rows], made_by=by)


@transaction.atomic(durable=True)
def carry_out(*, draft_id: uuid.UUID, by: int | None) -> tuple[int, int]:
    """Import a draft's lines that have no errors, all or none of them; returns (imported, left out). Again is harmless.

    Addresses that have become taken since are left out.
    """
    draft = ImportDraft.objects.select_for_update().get(pk=draft_id, made_by=by)
    if draft.imported is not None:
        return draft.imported, len(draft.rows) - draft.imported
    taken = {email.lower() for email in Member.objects.values_list("email", flat=True)}
    good = [row for row in draft.rows if not row["errors"] and row["email"] not in taken]
    _write(good, by)
    draft.imported = len(good)
    draft.save(update_fields=["imported"])
    trail.record(by=by, did="MEMBERS_IMPORTED", subject=f"import-{draft.pk.hex[:8]}", detail={"members": len(good)})
    return len(good), len(draft.rows) - len(good)


def _write(good: Sequence[dict[str, str]], by: int | None) -> None:
    if not good:
        return
    first = numbers.take("M", len(good))
    known = dict(User.objects.filter(email__in=[row["email"] for row in good]).values_list("email", "pk"))
    fresh = [User(email=row["email"], language=row["language"]) for row in good if row["email"] not in known]
    for user in fresh:
        user.set_unusable_password()
    users = known | {user.email: user.pk for user in User.objects.bulk_create(fresh)}
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, primary=True, verified=True) for user in fresh
    )
    made = Member.objects.bulk_create(
        Member(
            number=f"M-{first + place:06}", user_id=users[row["email"]], status=Member.Status.ACTIVE, name=row["name"],
            email=row["email"], trade=row["trade"], street=row["street"], postcode=row["postcode"], city=row["city"],
            country=row["country"], language=row["language"], admitted_by_id=by,
            applied_on=dt.date.fromisoformat(row["joined_on"]), joined_on=dt.date.fromisoformat(row["joined_on"]),
        )
        for place, row in enumerate(good)
    )  # fmt: skip
    rooms.on_admitted_many(members=[(member.pk, member.number, member.currency) for member in made])
