"""Run partitions: one loop that writes, state, and the summary."""
