"""What should happen to a call, and what did."""
