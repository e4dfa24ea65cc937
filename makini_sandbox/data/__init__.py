"""Generate coherent, seeded records for every entity of the v3 API."""
