"""What is kept of a call and what is sent on."""
