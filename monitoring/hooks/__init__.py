"""Webhooks out: other programs are told what happens: signed, in order, and again."""
