"""Is the line well; and the pages that combine the apps."""
