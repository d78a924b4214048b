"""How a process ended, told by its exit status: whoever was killed could not tell it."""

from __future__ import annotations

import signal

from transforms.language import say


def told(code: int) -> str:
    """For people; ``code`` as ``subprocess`` has it, negative where a signal ended the process."""
    if code >= 0:
        return say("it ended with exit status {code}", code=code)
    known = {one.value: one.name for one in signal.Signals}
    name = known.get(-code, str(-code))
    if -code == signal.SIGSEGV:
        return say("it was ended by a fault in a library ({signal}): dmesg names it", signal=name)
    if -code == signal.SIGKILL:
        return say("it was killed ({signal}), as the system does where memory runs out", signal=name)
    return say("it was ended by a signal ({signal})", signal=name)
