"""The source of truth: histories of access keys in Bigtable, one optimistic transaction per record."""
