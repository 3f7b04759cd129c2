"""How people log in: passwords, second factors, sessions, links to copy where there is no mail."""
