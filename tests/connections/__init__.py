"""Many connections in one run, through the command line."""
