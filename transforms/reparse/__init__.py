"""Reading stored XML again: what is chosen of a row, what the parser makes of it now, and the job's transforms."""
