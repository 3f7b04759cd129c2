"""Who is told what came of the calls to a number: at once, or once a day."""
