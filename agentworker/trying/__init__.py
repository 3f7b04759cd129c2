"""Trying an assistant before callers hear it: by text, and by scenarios."""
