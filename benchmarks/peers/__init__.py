"""Programs to compare the tap with; each reads all work orders from the address in its environment."""
