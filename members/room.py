"""What members offer to pages about everything."""

from __future__ import annotations
