"""When somebody answers: places with their hours, and closures. Decided when a call comes."""
