"""Why do calls not come, or not get answered? One walk along the way of a call, and a verdict."""
