"""A worker process of a job on this machine: Beam's own, which counts where its launcher sees it and ends with it.

``pipelines.processes`` starts it; it is no command for people.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from apache_beam.options import pipeline_options
from apache_beam.runners.worker import sdk_worker_main

from pipelines import endings, tallies

# Names the process that starts this one.
LAUNCHER = "ACERVO_LAUNCHER"


def main() -> None:
    """Works until the launcher closes the connection."""
    # Ctrl-C goes to all processes of a terminal; the launcher decides what becomes of the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    endings.brief_logs()
    if not endings.verbose():
        # They warn of options that only the launcher knows, and of a folder that only containers have.
        for module in (sdk_worker_main, pipeline_options):
            logging.getLogger(module.__name__).setLevel(logging.ERROR)
    threading.Thread(target=_follow, name="tally", daemon=True).start()
    sdk_worker_main.main([])
    # All is done and closed. Python would wait for threads of gRPC that end when the launcher closes its side, which
    # waits for this process.
    sys.stderr.flush()
    os._exit(0)


def _follow() -> None:
    # By its number: the launcher may have been killed while this process was starting.
    tallies.write_below(int(os.environ[LAUNCHER]))
    # What was begun is finished by the next launch of the run; nobody would take the results of this one.
    os._exit(1)


if __name__ == "__main__":
    main()
