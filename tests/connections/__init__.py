"""The package `tap_makini.connections`, and many connections in one run."""
