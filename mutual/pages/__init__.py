"""What every page shares: template tags, navigation, the theme switch and the error pages."""
