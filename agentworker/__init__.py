"""Who speaks, and what was said."""
