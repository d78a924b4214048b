"""Notifications over Pub/Sub or Kafka: what changed, and what could not be read."""
