"""Files of SPED's EFD ICMS/IPI: read, and compared with what is known of the documents that they book. Pure."""
