"""Flink on one machine: a JobManager, two TaskManagers and Beam's job server, and how jobs are sent to them."""
