"""Notifications over Pub/Sub: what changed, and what could not be read."""
