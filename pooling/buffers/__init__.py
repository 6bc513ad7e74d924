"""Personal buffers: a member's own capped share inside a fund (rule F5)."""
