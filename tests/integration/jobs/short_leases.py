"""The stream as it is, but that what a killed job held comes again within some twenty seconds."""

from __future__ import annotations

from functools import partial

from pipelines import stream
from transforms.ingest.pubsub import transform
from transforms.ingest.pubsub.settings import ReadSettings
from transforms.ingest.sqs import options
from transforms.ingest.sqs.settings import QueueSource

if __name__ == "__main__":
    transform.ReadSettings = partial(ReadSettings, lease_seconds=10, stream_seconds=5.0)  # type: ignore[assignment, misc]
    options.QueueSource = partial(QueueSource, lease_seconds=6, refused_seconds=3)  # type: ignore[assignment, misc]
    raise SystemExit(stream.main())
