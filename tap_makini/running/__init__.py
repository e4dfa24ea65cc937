"""Running: jobs that read, one loop that writes, state, and what is told of it all."""
