"""Appeals: members drawn by lot say whether a decision stands."""
