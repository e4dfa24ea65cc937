"""Read a list to its end: which page is next, was the filter honored, is this the end."""
