"""Benefit rules as dated data, and the one engine that previews and decides by them."""
