"""`make run`: what is started on one machine, in which order, and what is said about it."""
