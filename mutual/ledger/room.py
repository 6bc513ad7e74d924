"""What the ledger offers to pages about everything."""

from __future__ import annotations
