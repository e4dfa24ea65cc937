"""Responses whose form no document describes."""
