"""What every door for other programs shares: keys, rights, errors, pages, answers kept."""
