"""Asking the API: connections, their tokens and limits, requests, and answers that are checked."""
