"""Bytes to checked records: envelopes, layouts, values, findings. Only ``transform`` knows Beam."""
