"""What our programs write down of themselves: one line of JSON for each thing that happened."""
