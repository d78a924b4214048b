"""Availability: rows for BigQuery, the sink that writes them, and the tables and views they are read from."""
