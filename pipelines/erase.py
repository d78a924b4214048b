"""Erase: what the law wants removed, or no longer wants kept, taken out of every store. Bounded.

    python -m pipelines.erase --project P --bigtable_instance I --dataset D --subjects 12345678000195
    python -m pipelines.erase ... --subjects 12345678000195 --confirm 1284
    python -m pipelines.erase ... --erase_keys @keys.txt | --past_years 5

Without --confirm nothing is written: it says what would be removed, and the number to confirm. With it: tombstones
first, so that nothing comes back; then, when writers that were on their way are done, rows of BigQuery, counts, keys of
a topic of states (--kafka_states_topic), and at last what Bigtable holds, dead letters too. Stop it at any moment and
start it again: it is completed.

Documents that a subject issued are removed; those of others in which it has a part once their time is over, five years
from the end of the year of issue, eleven for the models of Ajuste SINIEF 2/2025. What is held stays: acervo retention.
One erasure at a time, and while no backfill, extract or redrive is running; streams may go on.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("erase"))

import argparse
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from pipelines import command_line, launching, selecting, stores, telling
from pipelines.erasing import EraseRequest, Erasure, number_of
from pipelines.launch import Launch, launch_of, waits
from pipelines.options import StoreOptions
from pipelines.states import KafkaStatesOptions, check_states_topic, states_topic
from pipelines.telling import Launched
from transforms import instants
from transforms.counting.cells import COUNT_TABLES
from transforms.erase.choice import LONG_MODELS, Choice, ChoiceError, name_of, subject_of
from transforms.erase.transform import FindErasable
from transforms.ingest.kafka.options import KafkaClusterOptions
from transforms.language import mark, say, tr
from transforms.truth import admin, registers
from transforms.truth.client import Client
from transforms.truth.loop import wait_for
from transforms.truth.tombstones import ISSUER, RECIPIENT, ROLES
from transforms.views import catalog, erased, repair

JOB = "erase"
BOTH = "both"
_LONGEST_SUBJECT = 14
_ROLES = {ISSUER: (ISSUER,), RECIPIENT: (RECIPIENT,), BOTH: ROLES}
CONFIRM = mark("Nothing was changed. To erase it, give the same command with: --confirm {number}")


class EraseOptions(PipelineOptions):
    """What is erased."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--subjects",
            default="",
            help=tr("CNPJs, roots of CNPJs (8 characters) and CPFs, separated by commas, or @FILE with one per line."),
        )
        parser.add_argument(
            "--part",
            choices=tuple(_ROLES),
            default=BOTH,
            help=tr(
                "The part that subjects have in a document: issuer (removed at once), recipient (or carrier, payer and "
                "the like; removed when retention is over), or both."
            ),
        )
        parser.add_argument(
            "--erase_keys",
            default="",
            help=tr(
                "Access keys, Ids of DPS and voided ranges, and ids of dead letters, separated by commas, or @FILE; "
                "whatever their retention."
            ),
        )
        parser.add_argument(
            "--past_years",
            type=int,
            default=0,
            help=tr("Everything issued more than so many years ago, 5 or more, that need not be kept for longer."),
        )
        parser.add_argument(
            "--long_models",
            default=",".join(LONG_MODELS),
            help=tr("Models that are kept for eleven years (default: those of Ajuste SINIEF 2/2025)."),
        )
        parser.add_argument(
            "--refuse",
            choices=tuple(_ROLES),
            help=tr("Also keep out documents of the subjects that come from now on, in which they have this part."),
        )
        parser.add_argument(
            "--confirm",
            type=int,
            help=tr("Erase, if it is no more than so many keys and dead letters: the number that was told without it."),
        )
        parser.add_argument("--request", default="", help=tr("A reference that is kept in the report, such as a case."))
        parser.add_argument(
            "--settle_seconds",
            type=int,
            default=600,
            help=tr("How long writers may be on their way that did not see a tombstone."),
        )


def choice_of(options: PipelineOptions, holds: registers.Holds | None = None) -> Choice:
    """What the options ask for. Raises AcervoError for what asks for nothing."""
    given = options.view_as(EraseOptions)
    return Choice(
        frozenset(map(_key, selecting.listed("erase_keys", given.erase_keys))),
        frozenset(map(subject_of, selecting.listed("subjects", given.subjects))),
        _ROLES[given.part],
        given.past_years,
        frozenset(selecting.listed("long_models", given.long_models)),
        datetime.now(UTC).date(),
        holds or {},
    ).check()


def _key(text: str) -> str:
    found = name_of(text)
    if len(found) <= _LONGEST_SUBJECT:
        raise ChoiceError(say("--erase_keys {text}: it is no key, but a subject: --subjects", text=text))
    return found


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch, choice: Choice) -> None:
    """Adds the whole job to the pipeline; the build's dataset must be there (``prepare``)."""
    found = pipeline | "Find" >> FindErasable(stores.truth_of(options), choice)
    if options.view_as(EraseOptions).confirm is not None:
        Erasure(request_of(options, launch, choice), launch, choice).add(pipeline, found)


def request_of(options: PipelineOptions, launch: Launch, choice: Choice) -> EraseRequest:
    """What a confirmed launch is to do."""
    given, dataset = options.view_as(EraseOptions), options.view_as(StoreOptions).dataset
    kinds = {8: "roots", 11: "cpfs", 14: "cnpjs"}
    numbers = {name: sum(len(one) == size for one in choice.subjects) for size, name in kinds.items()}
    asked = {
        "keys": len(choice.keys), **numbers, "part": given.part, "older_than": given.past_years,
        "refuse": given.refuse or "", "confirmed": given.confirm, "request": given.request,
    }  # fmt: skip
    return EraseRequest(
        stores.truth_of(options),
        options.view_as(GoogleCloudOptions).project,
        dataset,
        states_topic(options),
        build_name(dataset, launch),
        given.confirm,
        _ROLES[given.refuse] if given.refuse else (),
        given.settle_seconds * instants.SECOND,
        asked,
    )


def build_name(dataset: str, launch: Launch) -> str:
    """Dataset in which a launch keeps the ids and makes the counts."""
    return f"{_builds(dataset)}{re.sub('[^0-9A-Za-z]+', '_', launch.job)}"


def _builds(dataset: str) -> str:
    return f"{dataset}__erasing_"


def prepare(options: PipelineOptions, launch: Launch) -> Choice:
    """Checks the stores, makes what the job writes to, and gives the choice with its holds. Raises AcervoError."""
    truth = stores.truth_of(options)
    project, dataset = options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset
    choice_of(options)
    check_states_topic(options)
    admin.preflight(truth, COUNT_TABLES)
    if options.view_as(EraseOptions).confirm is not None:
        catalog.preflight(project, dataset)
        repair.drop_builds(project, _builds(dataset))
        repair.create_build(project, dataset, build_name(dataset, launch))
        erased.create_ids(project, build_name(dataset, launch))
    client = Client(truth)
    try:
        return choice_of(options, registers.holds(client))
    finally:
        wait_for(client.close())


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises AcervoError before anything is read."""
    options = command_line.options_of(argv, EraseOptions, KafkaStatesOptions, KafkaClusterOptions)
    choice_of(options)
    # Not named for what is asked for: of a CPF even a digest would tell.
    launch = launch_of(options, JOB, [])
    choice = prepare(options, launch)
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options, launch, choice)
    return launching.launch(pipeline, launch)


def _tell(launched: Launched) -> int:
    """After a dry run, the number to confirm."""
    if launched.options.view_as(EraseOptions).confirm is None and waits(launched.options):
        counters, _ = telling.figures_of(launched.result)
        prefix = "erase_"
        tally = {name.removeprefix(prefix): number for name, number in counters.items() if name.startswith(prefix)}
        if number_of(tally):
            print(say(CONFIRM, number=number_of(tally)))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv, _tell)
