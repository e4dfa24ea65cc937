"""Proof that no record is lost, whatever the server does and whatever happens to its rows."""
