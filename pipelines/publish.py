"""Sends files and archives to a topic of Pub/Sub or Kafka, or to SQS: for tests, demos and backlogs.

    python -m pipelines.publish --project P --topic T [--rate 100] FILE FOLDER 'gs://bucket/*.zip' ...
    python -m pipelines.publish --kafka_topic T --kafka_bootstrap broker:9092 FILE ...
    python -m pipelines.publish --sqs_queue Q FILE ...

Each document becomes a message, also if many are in one archive or one file; ``--whole`` sends every file as it is.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("publish"))

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import islice
from threading import Condition

from pipelines import discover
from pipelines.destinations import destination
from pipelines.guard import guarded
from pipelines.outgoing import ACCESS_KEY, LeftOut, messages
from transforms.errors import AcervoError
from transforms.ingest.files import split_patterns
from transforms.ingest.kafka.options import add_connection
from transforms.ingest.listing import check_patterns
from transforms.ingest.sqs import options as sqs
from transforms.language import mark, say, tr
from transforms.notify.kafka import Delivery, KafkaPublisher
from transforms.notify.messages import Outgoing
from transforms.notify.sqs import SqsPublisher
from transforms.notify.topic import Publisher

DESCRIPTION = mark("Sends files and archives to a topic of Pub/Sub or Kafka, or to SQS: for tests, demos and backlogs.")
SENDING = mark("{published:,} published, {waiting:,} on their way, {rate:,.0f}/s")
SENT = mark("{published:,} messages ({size:,.1f} MB) published to {topic} in {seconds:,.1f} s")
PROGRESS_SECONDS = 1.0
SHOWN = 5


class Tally:
    """What has become of the messages so far. Futures report to it from other threads."""

    def __init__(self) -> None:
        self.sent = 0
        self.size = 0
        self.published = 0
        self.failure: BaseException | None = None
        self.left_out: dict[str, str] = {}
        self._settled = 0
        self._changed = Condition()

    def report(self, future: Future[str] | Delivery) -> None:
        error = future.exception()
        with self._changed:
            self._settled += 1
            self.published += error is None
            self.failure = self.failure or error
            self._changed.notify_all()

    def wait(self) -> None:
        """Waits until everything sent is published, or has failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._settled == self.sent)


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(prog="acervo publish", description=tr(DESCRIPTION))
    found.add_argument("inputs", nargs="+", help=tr("files, folders, globs, gs:// or s3:// patterns"))
    found.add_argument("--topic", help=tr("projects/<project>/topics/<name>, or <name> with --project"))
    found.add_argument("--kafka_topic", help=tr("topic of Kafka, in the place of --topic"))
    found.add_argument("--kafka_partitions", type=int, default=3, help=tr("with --create: partitions (%(default)s)"))
    found.add_argument("--sqs_queue", help=tr("queue of SQS, by its name or URL, in the place of --topic"))
    found.add_argument("--project", help=tr("default: that of the running local stack, or GOOGLE_CLOUD_PROJECT"))
    found.add_argument("--rate", type=_positive, help=tr("messages a second; default: as fast as it goes"))
    found.add_argument("--limit", type=int, help=tr("stop after this many messages"))
    found.add_argument("--repeat", type=int, default=1, help=tr("send everything this many times (%(default)s)"))
    found.add_argument("--shuffle", type=int, metavar="SEED", help=tr("random order, the same for a seed; in memory"))
    found.add_argument("--whole", action="store_true", help=tr("one message per file, archives as they are"))
    found.add_argument("--gzip", action="store_true", help=tr("compress each message"))
    found.add_argument(
        "--ordering_key",
        choices=[ACCESS_KEY],
        help=tr("order messages by access key; each key is a request of its own"),
    )
    found.add_argument(
        "--origin", choices=["path", "none"], default="path", help=tr("what the attribute origin says (%(default)s)")
    )
    found.add_argument(
        "--received_at",
        choices=["none", "file"],
        default="none",
        help=tr("the attribute received_at: none, so that it is when the message is published, or the file's own time"),
    )
    found.add_argument("--create", action="store_true", help=tr("create the topic or the queue where it is missing"))
    found.add_argument("--subscription", help=tr("with --create: a pull subscription to create too"))
    found.add_argument("--batch_messages", type=int, default=100, help=tr("messages a request (%(default)s)"))
    found.add_argument("--batch_bytes", type=int, default=1_000_000, help=tr("bytes a request (%(default)s)"))
    found.add_argument("--batch_seconds", type=float, default=0.01, help=tr("wait to fill a request (%(default)s)"))
    found.add_argument("--outstanding", type=int, default=2_000, help=tr("messages on their way at once (%(default)s)"))
    add_connection(found)
    sqs.add_connection(found)
    return found


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; exits with status 2 and a reason where it makes no sense."""
    asked = parser()
    args = asked.parse_args(argv)
    if sum(map(bool, (args.topic, args.kafka_topic, args.sqs_queue))) != 1:
        asked.error(tr("one of --topic, --kafka_topic and --sqs_queue is needed"))
    if args.subscription and not args.create:
        asked.error(tr("--subscription goes with --create: publishing needs none"))
    if args.limit is not None and args.limit < 0 or args.repeat < 1:
        asked.error(tr("--limit must not be negative, and --repeat must be at least 1"))
    return args


def publish(
    publisher: Publisher | KafkaPublisher | SqsPublisher,
    found: Iterable[Outgoing | LeftOut],
    args: argparse.Namespace,
    tally: Tally,
) -> None:
    """Sends all, at the rate asked for, and stops at the first message that the service does not take."""
    pace = Pace(args.rate)
    shown = time.monotonic()
    for one in found:
        if args.limit is not None and tally.sent >= args.limit:
            break
        if isinstance(one, LeftOut):
            tally.left_out[one.origin] = one.reason
            continue
        pace.wait(tally.sent)
        try:
            future = publisher.send(one)
        except AcervoError as error:
            tally.left_out[one.attributes.get("origin", tr("a message"))] = str(error)
            continue
        tally.sent += 1
        future.add_done_callback(tally.report)
        tally.size += len(one.data)
        if tally.failure:
            break
        if time.monotonic() - shown >= PROGRESS_SECONDS:
            shown = time.monotonic()
            _show(tally, pace.seconds)


class Pace:
    """Keeps to a number of messages a second; after a pause it does not hurry to catch up by more than a second."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._started = time.monotonic()
        self._allowance = 0.0

    def wait(self, sent: int) -> None:
        if not self._rate:
            return
        behind = self.seconds - self._allowance - sent / self._rate
        if behind > 1.0:
            self._allowance += behind - 1.0
        elif behind < 0:
            time.sleep(-behind)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started


def _show(tally: Tally, seconds: float) -> None:
    if sys.stderr.isatty():
        waiting, rate = tally.sent - tally.published, tally.sent / seconds
        counts = say(SENDING, published=tally.published, waiting=waiting, rate=rate)
        print(f"\r{counts}".ljust(79), end="", file=sys.stderr, flush=True)


def _closing(tally: Tally, topic: str, seconds: float) -> str:
    text = say(SENT, published=tally.published, size=tally.size / 1e6, topic=topic, seconds=seconds)
    for origin, reason in islice(tally.left_out.items(), SHOWN):
        text += say("\n  left out: {origin}: {reason}", origin=origin, reason=reason)
    if len(tally.left_out) > SHOWN:
        text += say("\n  and {more:,} more were left out", more=len(tally.left_out) - SHOWN)
    return text


def run(args: argparse.Namespace) -> int:
    """Publishes; the exit status: 0, or 1 where something was left out. Raises AcervoError."""
    discover.adopt(args.project)
    to = destination(args)
    args.inputs = split_patterns(args.inputs)
    check_patterns(args.inputs)
    to.prepare()
    publisher = to.open()
    tally, started, interrupted = Tally(), time.monotonic(), False
    try:
        publish(publisher, messages(args), args, tally)
    except KeyboardInterrupt:
        interrupted = True
    publisher.close()
    tally.wait()
    if sys.stderr.isatty():
        print("\r" + " " * 78 + "\r", end="", file=sys.stderr)
    print(_closing(tally, to.name, time.monotonic() - started))
    if tally.failure is not None:
        raise to.explained(tally.failure)
    return 130 if interrupted else int(bool(tally.left_out))


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(say("must be more than 0, not {text}", text=text))
    return value


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return run(arguments(argv))
