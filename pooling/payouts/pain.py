"""Payments as banks take them: ISO 20022 pain.001.001.09, a SEPA credit transfer initiation. Pure.

The same order always gives the same bytes. Before they are given out the bytes are read again and every element is
compared with what the standard and the European Payments Council's guidelines allow here (the schema itself is not free
to pass on): names and order of elements, patterns, lengths, counts, control sums to the cent.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.etree import ElementTree as ET

from mutual import iban

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
MOST = 9_999_999
"""How many payments a file can count."""
LARGEST = 99_999_999_999
"""The largest amount of a SEPA credit transfer: 999,999,999.99."""

_ALLOWED = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_ID = re.compile(r"[A-Za-z0-9\-?:().,'+]([A-Za-z0-9/\-?:().,'+ ]{0,33}[A-Za-z0-9\-?:().,'+])?")


class PainRefused(Exception):
    """No bank would take the file; the message says why."""


@dataclass(frozen=True, slots=True)
class Credit:
    """One payment to somebody; amount in cents."""

    end_to_end: str
    name: str
    iban: str
    amount: int
    words: str


@dataclass(frozen=True, slots=True)
class Order:
    """A file: who pays, from which account, when, to whom.

    :ivar made_at: when it was made, with its time zone
    """

    message: str
    made_at: dt.datetime
    payer: str
    payer_iban: str
    payer_bic: str
    pay_on: dt.date
    credits: tuple[Credit, ...]

    @property
    def total(self) -> int:
        """The control sum in cents."""
        return sum(one.amount for one in self.credits)


def plain(text: str, most: int) -> str:
    """A text in the letters that every bank takes: accents go, what is left over becomes a full stop."""
    spelt = "".join(_SPELT.get(char, char) for char in text)
    bare = "".join(char for char in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(char))
    found = " ".join(_ALLOWED.sub(".", bare).split())[:most].strip()
    return found.strip("/") or "."


_SPELT = {
    "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "Æ": "AE", "æ": "ae", "Ø": "O",
    "ø": "o", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Þ": "Th", "þ": "th", "ð": "d", "Œ": "OE", "œ": "oe", "ı": "i",
    "’": "'", "‘": "'", "–": "-", "—": "-", "&": "+",
}  # fmt: skip


def euros(cents: int) -> str:
    """An amount as it is written there: two decimals and a full stop."""
    return f"{cents // 100}.{cents % 100:02}"


def build(order: Order) -> bytes:
    """The file, checked.

    :raises PainRefused: if no bank would take it
    """
    if not order.credits:
        raise PainRefused("There is nothing to pay.")
    if len(order.credits) > MOST:
        raise PainRefused("A file holds that many payments at most.")
    root = ET.Element("Document", {"xmlns": NAMESPACE})
    start = _put(root, "CstmrCdtTrfInitn")
    count, total = str(len(order.credits)), euros(order.total)
    header = _put(start, "GrpHdr")
    _put(header, "MsgId", order.message)
    _put(header, "CreDtTm", order.made_at.isoformat(timespec="seconds"))
    _put(header, "NbOfTxs", count)
    _put(header, "CtrlSum", total)
    _put(_put(header, "InitgPty"), "Nm", plain(order.payer, 70))
    batch = _put(start, "PmtInf")
    _put(batch, "PmtInfId", f"{order.message}-1")
    _put(batch, "PmtMtd", "TRF")
    _put(batch, "BtchBookg", "true")
    _put(batch, "NbOfTxs", count)
    _put(batch, "CtrlSum", total)
    _put(_put(_put(batch, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _put(_put(batch, "ReqdExctnDt"), "Dt", order.pay_on.isoformat())
    _put(_put(batch, "Dbtr"), "Nm", plain(order.payer, 70))
    _put(_put(_put(batch, "DbtrAcct"), "Id"), "IBAN", order.payer_iban)
    agent = _put(_put(batch, "DbtrAgt"), "FinInstnId")
    if order.payer_bic:
        _put(agent, "BICFI", order.payer_bic)
    else:
        _put(_put(agent, "Othr"), "Id", "NOTPROVIDED")
    _put(batch, "ChrgBr", "SLEV")
    for one in order.credits:
        credit = _put(batch, "CdtTrfTxInf")
        _put(_put(credit, "PmtId"), "EndToEndId", one.end_to_end)
        _put(_put(credit, "Amt"), "InstdAmt", euros(one.amount)).set("Ccy", "EUR")
        _put(_put(credit, "Cdtr"), "Nm", plain(one.name, 70))
        _put(_put(_put(credit, "CdtrAcct"), "Id"), "IBAN", one.iban)
        _put(_put(credit, "RmtInf"), "Ustrd", plain(one.words, 140))
    ET.indent(root)
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()
    check(content)
    return content


def _put(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    made = ET.SubElement(parent, name)
    made.text = text
    return made


# --- Reading it again -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    """What may stand in an element: its children in order (``?`` after a name: or not; ``*``: once or more; ``|``: one
    of two), or a text of a pattern."""

    children: tuple[str, ...] = ()
    pattern: str = ""


_TEXT35 = _ID.pattern
_NAME = r"[A-Za-z0-9/\-?:().,'+ ]{1,70}"
_AMOUNT = r"(0|[1-9][0-9]{0,8})\.[0-9]{2}"
_SUM = r"(0|[1-9][0-9]{0,15})\.[0-9]{2}"
_IBAN = r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}"
_BIC = r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

_RULES = {
    "Document": _Rule(("CstmrCdtTrfInitn",)),
    "CstmrCdtTrfInitn": _Rule(("GrpHdr", "PmtInf")),
    "GrpHdr": _Rule(("MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty")),
    "InitgPty": _Rule(("Nm",)),
    "PmtInf": _Rule(("PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "PmtTpInf", "ReqdExctnDt", "Dbtr",
                     "DbtrAcct", "DbtrAgt", "ChrgBr", "CdtTrfTxInf*")),
    "PmtTpInf": _Rule(("SvcLvl",)), "SvcLvl": _Rule(("Cd",)), "ReqdExctnDt": _Rule(("Dt",)),
    "Dbtr": _Rule(("Nm",)), "DbtrAcct": _Rule(("Id",)), "DbtrAgt": _Rule(("FinInstnId",)),
    "DbtrAcct/Id": _Rule(("IBAN",)), "CdtrAcct/Id": _Rule(("IBAN",)), "FinInstnId": _Rule(("BICFI|Othr",)),
    "Othr": _Rule(("Id",)), "Othr/Id": _Rule(pattern="NOTPROVIDED"),
    "CdtTrfTxInf": _Rule(("PmtId", "Amt", "Cdtr", "CdtrAcct", "RmtInf")),
    "PmtId": _Rule(("EndToEndId",)), "Amt": _Rule(("InstdAmt",)), "Cdtr": _Rule(("Nm",)),
    "CdtrAcct": _Rule(("Id",)), "RmtInf": _Rule(("Ustrd",)),
    "MsgId": _Rule(pattern=_TEXT35), "PmtInfId": _Rule(pattern=_TEXT35), "EndToEndId": _Rule(pattern=_TEXT35),
    "CreDtTm": _Rule(pattern=_DATE + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})"),
    "NbOfTxs": _Rule(pattern=r"[1-9][0-9]{0,14}"), "CtrlSum": _Rule(pattern=_SUM), "Nm": _Rule(pattern=_NAME),
    "PmtMtd": _Rule(pattern="TRF"), "BtchBookg": _Rule(pattern="true|false"), "Cd": _Rule(pattern="SEPA"),
    "Dt": _Rule(pattern=_DATE), "IBAN": _Rule(pattern=_IBAN), "BICFI": _Rule(pattern=_BIC),
    "ChrgBr": _Rule(pattern="SLEV"), "InstdAmt": _Rule(pattern=_AMOUNT),
    "Ustrd": _Rule(pattern=r"[A-Za-z0-9/\-?:().,'+ ]{1,140}"),
}  # fmt: skip
"""Every element that may occur, by its name, or its parent's and its own."""


def check(content: bytes) -> None:
    """Whether a file is one that a bank takes.

    :raises PainRefused: with the place of the first thing that is wrong
    """
    if b"<!" in content:
        raise PainRefused("A file declares nothing.")
    try:
        root = ET.fromstring(content)  # noqa: S314 - our own bytes, and none with a declaration
    except ET.ParseError as error:
        raise PainRefused(f"The file cannot be read: {error}.") from error
    if root.tag != f"{{{NAMESPACE}}}Document":
        raise PainRefused(f"The file is no {NAMESPACE}.")
    _check(root, "", "")
    _sums(root)


def _own(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def _check(element: ET.Element, parent: str, path: str) -> None:
    name = _own(element)
    here = f"{path}/{name}"
    rule = _RULES.get(f"{parent}/{name}") or _RULES.get(name)
    if rule is None:
        raise PainRefused(f"{here} does not belong there.")
    wanted = {"Ccy": "EUR"} if name == "InstdAmt" else {}
    if element.attrib != wanted:
        raise PainRefused(f"{here} has attributes that do not belong there.")
    text = element.text or ""
    if rule.pattern:
        if len(element) or not re.fullmatch(rule.pattern, text, re.ASCII):
            raise PainRefused(f"{here} holds what does not belong there.")
    elif text.strip() or not _in_order([_own(child) for child in element], rule.children):
        raise PainRefused(f"{here} does not have its parts in order.")
    if name == "IBAN" and not iban.checks(text):
        raise PainRefused(f"{here} has wrong check digits.")
    for child in element:
        if (child.tail or "").strip():
            raise PainRefused(f"{here} holds text between its parts.")
        _check(child, name, here)


def _in_order(found: Sequence[str], wanted: Sequence[str]) -> bool:
    left = iter([*found, ""])
    current = next(left)
    for one in wanted:
        names = one.rstrip("*").split("|")
        if current not in names:
            return False
        current = next(left)
        while one.endswith("*") and current in names:
            current = next(left)
    return current == ""


def _sums(root: ET.Element) -> None:
    """Count and control sum of header and batch are those of the payments; no two payments share their name."""
    space = {"p": NAMESPACE}

    def texts(path: str) -> list[str]:
        return [one.text or "" for one in root.iterfind(path, space)]

    amounts = [Decimal(text) for text in texts(".//p:InstdAmt")]
    if any(amount <= 0 for amount in amounts):
        raise PainRefused("A payment pays nothing.")
    if set(texts(".//p:NbOfTxs")) != {str(len(amounts))}:
        raise PainRefused("The number of payments is not the one the file names.")
    if {Decimal(text) for text in texts(".//p:CtrlSum")} != {sum(amounts)}:
        raise PainRefused("The payments do not sum to the control sum.")
    names = texts(".//p:EndToEndId")
    if len(set(names)) != len(names):
        raise PainRefused("Two payments have the same name.")


def payments(content: bytes) -> Iterator[tuple[str, str, int]]:
    """What a file pays: the payment's name, the account, the cents."""
    space = {"p": NAMESPACE}
    check(content)
    for one in ET.fromstring(content).iterfind(".//p:CdtTrfTxInf", space):  # noqa: S314 - checked
        yield (
            one.findtext("p:PmtId/p:EndToEndId", "", space), one.findtext("p:CdtrAcct/p:Id/p:IBAN", "", space),
            int(Decimal(one.findtext("p:Amt/p:InstdAmt", "0", space)) * 100),
        )  # fmt: skip
