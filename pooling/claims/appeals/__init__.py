"""Appeals: five members drawn by lot say whether a decision stands."""
