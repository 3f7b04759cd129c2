"""The documents of `docs/`, read inside the desk: with search, and led to from each page's “?”."""
