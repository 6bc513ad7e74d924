"""The project: what every app of the cooperative stands on."""
