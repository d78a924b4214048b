"""What is launched: a module per job and command, their options, and the composite that all jobs share."""

from __future__ import annotations

import local as local  # Ctrl-C is told in a word from here on, also while a command still imports
