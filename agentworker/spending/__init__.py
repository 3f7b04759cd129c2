"""What providers cost, roughly, and what happens when a day's money is spent."""
