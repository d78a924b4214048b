"""What is launched: a module per job and command, their options, and the composite that all jobs share."""
