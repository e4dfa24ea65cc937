"""HTTP for one API: client, transport, retry, rate limiter, authenticators."""
