"""``python -m local.elasticmq --port N [--data FOLDER]``: ElasticMQ, a server of the protocol of Amazon SQS.

A folder that has data in it is used as it is, so a server that was killed comes back with its queues and messages.
Without one it keeps them in memory.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local.stack import find
from local.stack.process import HOST, terminate

FLAGS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SETTINGS = """
rest-sqs {{ enabled = true, bind-hostname = "{host}", bind-port = {port}, sqs-limits = strict }}
rest-stats {{ enabled = false }}
node-address {{ protocol = http, host = "{host}", port = {port}, context-path = "" }}
messages-storage {{ enabled = {keeps}, uri = "jdbc:h2:{data}/messages", prune-data-on-init = false }}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the server until it ends."""
    parser = argparse.ArgumentParser(prog="python -m local.elasticmq", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    with contextlib.ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="acervo-sqs-")))
        data = (given.data or folder).resolve()
        data.mkdir(parents=True, exist_ok=True)
        file = folder / "elasticmq.conf"
        file.write_text(
            SETTINGS.format(host=HOST, port=given.port, keeps=str(given.data is not None).lower(), data=data)
        )
        command = [*find.elasticmq(), *FLAGS, f"-Dconfig.file={file}", "org.elasticmq.server.Main"]
        server = subprocess.Popen(command)
        # Ends with this one, however it ends.
        cleanup.callback(terminate, server)
        return server.wait()


if __name__ == "__main__":
    sys.exit(main())
