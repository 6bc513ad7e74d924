"""A claim that is lived through and erased, in a database where that is committed, and where it is looked for after."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import subprocess
from pathlib import Path

import psycopg
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection
from django.test import Client

from members.models import User
from mutual import embedded, uploads
from mutual.ledger import audit, backups, seals
from mutual.vault import tasks as vault_tasks
from mutual.vault import vault
from mutual.vault.models import Content, Vault
from pooling.claims import claims, evidence, retention
from pooling.claims.evidence import Why
from pooling.claims.models import Claim
from tests.faults import workflows as w
from tests.mutual.test_uploads import pdf

OVER = dt.datetime(2027, 11, 10, 12, tzinfo=dt.UTC)
"""A year after the claim was paid: the day its papers become unreadable."""

SEARCHES = (
    ("tessa", "/members/?q={words}"), ("aisha", "/members/?q={words}&format=csv"), ("tessa", "/log/?subject={words}"),
    ("ada", "/barter/?q={words}"),
)  # fmt: skip
"""Every place where something can be searched for, and somebody who may."""


def live(mark: str) -> tuple[Claim, Claim]:
    """Two claims that say the mark in words and in a file; one is paid and over, the other goes on."""
    w.make_world()
    for name in ("ada", "bea"):
        claims.submit(
            member_id=w.member(name).pk, fund_id=w.fund(), occasion="ILLNESS", first_day=dt.date(2026, 11, 1),
            last_day=dt.date(2026, 11, 9), amount=w.eur(120), form_key=name, by=w.user(name), on=w.ON,
            words=f"I have {mark}.", evidence_kind="CERTIFICATE",
            files=[uploads.accept(pdf(lambda writer: writer.add_metadata({"/Title": mark})))],
        )  # fmt: skip
    for step in (w.propose("ada", 120), w.approve("ada"), w.start_run(), w.pay_claims):
        step()
    over, other = (Claim.objects.get(form_key=name) for name in ("ada", "bea"))
    evidence.open_place(claim=over, place="body", why=Why.DECIDE, by=w.user("clara"), at=w.AT)
    retention.settle(on=w.ON)
    return over, other


def sealed(claim: Claim) -> dict[str, bytes]:
    """What lies in the vault of a claim, and the key that opens it: what a thief would look for."""
    row = Vault.objects.get(subject=claim.vault)
    found = {one.place: bytes(one.sealed) for one in Content.objects.filter(vault=row)}
    return {**found, "wrapped key": bytes(row.wrapped), "key": vault._key(row)}


def dump(folder: Path) -> str:
    """What the next backup holds, unpacked as it would be restored: every row of every table."""
    folder.mkdir()
    programs = embedded.client_programs(connection.connection.info.server_version // 10_000)
    with psycopg.connect(settings.DATABASE_URL) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        (snapshot,) = reader.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        backups._dump(programs, settings.DATABASE_URL, snapshot, folder / "backup", None)
    unpack = [programs / "pg_restore", "--file=-", folder / "backup"]
    return subprocess.run(unpack, capture_output=True, text=True, check=True).stdout


def ledger() -> str:
    """The hash of every transfer of every book, and the head of the chain of seals."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(string_agg(ledger_leaf(t)::text, '|' ORDER BY book_id, id)) FROM ledger_transfer t")
        return f"{cursor.fetchone()[0]} {seals.chain_at(1, before=dt.date(2028, 1, 1))}"


def shapes(content: bytes) -> list[str]:
    """How bytes stand in a text: as they are, in hex, in base 64 wherever they begin, in PostgreSQL's octal escapes."""
    found = [content.hex(), "".join(f"\\{byte:03o}" for byte in content)]
    # Of base 64 the first and the last four letters depend on the neighbours.
    found += [base64.b64encode(b"x" * shift + content)[4:-4].decode() for shift in range(3)]
    return found + ([content.decode()] if content.isascii() else [])


def searched(words: str) -> list[str]:
    """The searches for these words that find something: more than the words that were asked for."""
    found, client = [], Client()
    for who, search in SEARCHES:
        client.force_login(User.objects.get(email=f"{who}@example.org"))
        answer = client.get(search.format(words=words))
        assert answer.status_code == 200, search
        content = (b"".join(answer) if answer.streaming else answer.content).decode()
        if words in re.sub(f'value="{words}"|(q|subject)={words}', "", content):
            found.append(search)
    return found


def tell(mark: str, folder: str) -> None:
    """Live, look, erase, look again; print what was found where."""
    over, other = live(mark)
    for who in ("tessa", "aisha"):
        Authenticator.objects.create(user_id=w.user(who), type=Authenticator.Type.TOTP, data={"secret": "x"})
    secrets = {**sealed(over), "mark": mark.encode()}
    before = dump(Path(folder, "before"))
    with time_machine.travel(OVER, tick=False):
        seals.seal(OVER.date())
        books = ledger()
        vault_tasks.destroy_due()
        found = {"mark": searched(mark), "name": searched("Byron")}
    after = dump(Path(folder, "after"))

    def held(text: str) -> list[str]:
        return sorted(name for name, what in secrets.items() if any(shape in text for shape in shapes(what)))

    said = {
        "before": held(before), "after": held(after), "searches": found, "key": secrets["key"].hex(),
        "books": [books, ledger()], "findings": len(list(audit.findings())),
        "other": [
            vault.read(subject=other.vault, place=place, by=w.user("clara"), at=OVER, reason=Why.DECIDE).hex()
            for place in vault.places(other.vault)
        ],
    }  # fmt: skip
    print(json.dumps(said))
