"""Compare the tap with other programs, each of which reads all work orders from the address in its environment."""
