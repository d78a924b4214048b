"""Comparing the source of truth with what is served from it."""
