"""Who may enter rooms by a token, what is taken out of the desk, and what looks like an attack."""
