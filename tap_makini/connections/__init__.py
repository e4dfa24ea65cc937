"""The customers whose data is read: names, access tokens, the Admin API, freshness."""
