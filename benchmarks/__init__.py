"""Benchmarks: this tap beside its peers, as whole processes, reading from one server."""
