"""A step of ``transforms.views`` in a process that is killed at a call of a function that the caller chooses."""

from __future__ import annotations

import os
import subprocess
import sys

_SCRIPT = """
import os, signal
from local.stack import PROJECT_ID
from transforms.views import closing, merge, statements
calls = 0
def counted(plain):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == {step}:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(*args, **kwargs)
    return call
for module, name in ({functions}):
    setattr(module, name, counted(getattr(module, name)))
{statement}
"""


def killed(statement: str, step: int, *functions: str) -> int:
    """Runs a statement that knows ``closing``, ``merge``, ``statements`` and PROJECT_ID; gives its exit status.

    It is killed at the ``step``-th call of any of the functions, which are named as ``merge._lay_over``.
    """
    named = "".join(f"({module}, {name!r}), " for module, _, name in (one.partition(".") for one in functions))
    script = _SCRIPT.format(step=step, functions=named, statement=statement)
    return subprocess.run([sys.executable, "-c", script], check=False, env=os.environ).returncode
