"""Reading documents from Pub/Sub: an unbounded source that acknowledges what has been committed."""
