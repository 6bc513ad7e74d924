"""Dues made easier: waivers and holidays, dues payable in work, and income bands that nobody has to prove but a few."""
