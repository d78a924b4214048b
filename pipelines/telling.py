"""What a job tells around its work: how far it is, its end, and where Dataflow shows it. On stderr until the end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, PortableOptions
from apache_beam.runners.runner import PipelineResult

from pipelines import discover, progress, screen, summary
from pipelines.launch import Launch
from pipelines.options import StoreOptions, SummaryOptions
from pipelines.outage import Outages
from transforms import metrics
from transforms.errors import AcervoError
from transforms.language import mark, say
from transforms.typed import typed

RUNNING = mark("Running {job}")
NO_FOLDER = mark("--summary {path}: the folder of this file does not exist")
A_FOLDER = mark("--summary {path} is a folder: name a file in it")
PAGE = "https://console.cloud.google.com/dataflow/jobs/{region}/{id}?project={project}"
SUBMITTED = mark("""
{job}, run {run}: submitted to Dataflow as job {id}
  its page
    {page}
  its state
    gcloud dataflow jobs describe {id} --region={region} --project={project} --format="value(currentState)"
  what it counted
    gcloud beta dataflow metrics list {id} --source=user --region={region} --project={project}""")

_PROCESSES_OF_THEIR_OWN = ("PROCESS", "EXTERNAL", "DOCKER")


class SummaryError(AcervoError):
    """The summary cannot be written where it is asked for."""


@dataclass(frozen=True)
class Launched:
    """A job that was launched, and ended unless it runs on Dataflow. ``seconds``: how long it took."""

    result: PipelineResult
    options: PipelineOptions
    launch: Launch
    seconds: float

    def metrics(self) -> Any:
        """The metrics of the pipeline."""
        return self.result.metrics()


def check_place(options: PipelineOptions) -> None:
    """Raises SummaryError where ``--summary`` names no file that can be written: before the work and not after it."""
    path = options.view_as(SummaryOptions).summary
    if path in ("", "-"):
        return
    if Path(path).is_dir():
        raise SummaryError(say(A_FOLDER, path=path))
    if not Path(path).absolute().parent.is_dir():
        raise SummaryError(say(NO_FOLDER, path=path))


@contextmanager
def watched(
    options: PipelineOptions, launch: Launch, problem: Callable[[], str], total: int | None = None, reads: str = ""
) -> Iterator[progress.Watch]:
    """Tells how far the job is while the block runs; after Ctrl-C, how far it came."""
    outages = Outages(problem, typed("tables"))
    elsewhere = options.view_as(PortableOptions).environment_type in _PROCESSES_OF_THEIR_OWN
    watch = progress.Watch(say(RUNNING, job=launch.kind), outages, total, reads, elsewhere)
    try:
        with progress.watching(screen.console(sys.stderr), watch):
            yield watch
    except Exception as error:
        if interrupted(error):
            _show_stopped(options, launch, watch)
            raise KeyboardInterrupt from error
        for line in outages.last_look():
            print(line, file=sys.stderr)
        raise
    except KeyboardInterrupt:
        _show_stopped(options, launch, watch)
        raise


def interrupted(error: BaseException) -> bool:
    """Whether the error is Ctrl-C, which a runner reports as a failure of the step that was running."""
    return KeyboardInterrupt.__name__ in str(error)


def _show_stopped(options: PipelineOptions, launch: Launch, watch: progress.Watch) -> None:
    if watch.counters():
        _show(_ended(options, launch, watch.seconds, watch.counters(), {}, stopped=True), options)


def tell(launched: Launched, on_dataflow: bool) -> None:
    """Says how a job ended, or where Dataflow shows it."""
    if on_dataflow:
        _tell_submitted(launched)
        return
    counters, sums = figures_of(launched.result)
    _show(_ended(launched.options, launched.launch, launched.seconds, counters, sums), launched.options)


def figures_of(result: PipelineResult) -> tuple[dict[str, int], dict[str, int]]:
    """Counters, and sums of distributions, of all steps by name. Prism lists unused ones as None."""
    found = result.metrics().query(MetricsFilter().with_namespace(metrics.NAMESPACE))
    counters: dict[str, int] = {}
    for counter in found["counters"]:
        name = counter.key.metric.name
        counters[name] = counters.get(name, 0) + (counter.result or 0)
    sums: dict[str, int] = {}
    for distribution in found["distributions"]:
        name = distribution.key.metric.name
        sums[name] = sums.get(name, 0) + (distribution.result.sum if distribution.result else 0)
    return counters, sums


def _ended(
    options: PipelineOptions,
    launch: Launch,
    seconds: float,
    counters: Mapping[str, int],
    sums: Mapping[str, int],
    stopped: bool = False,
) -> summary.Ended:
    names = launch.kind, launch.run, launch.job
    return summary.Ended(*names, seconds, counters, sums, places(options), stopped)


def places(options: PipelineOptions) -> dict[str, str]:
    """The options that name the stores, without those that need not be given."""
    given = options.view_as(StoreOptions)
    defaults = PipelineOptions([]).view_as(StoreOptions)
    names = ("bigtable_instance", "bigtable_table", "bigtable_app_profile", "dataset")
    found = {name: getattr(given, name) for name in names if getattr(given, name) != getattr(defaults, name)}
    project = options.view_as(GoogleCloudOptions).project
    return (
        found if discover.emulated() and project == os.environ.get(discover.PROJECT) else {"project": project} | found
    )


def _show(ended: summary.Ended, options: PipelineOptions) -> None:
    path = options.view_as(SummaryOptions).summary
    screen_of_text = sys.stderr if path == "-" or ended.stopped else sys.stdout
    summary.show(screen.console(screen_of_text), ended, typed)
    if path:
        _write(path, summary.as_json(ended))


def _write(path: str, values: Mapping[str, Any]) -> None:
    text = f"{json.dumps(values, indent=2)}\n"
    if path == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        Path(path).write_text(text, encoding="utf-8")


def _tell_submitted(launched: Launched) -> None:
    """Where the job is; nothing where a template was staged and no job begun."""
    if not getattr(launched.result, "has_job", False):
        return
    given = launched.options.view_as(GoogleCloudOptions)
    names = {"id": launched.result.job_id(), "region": given.region, "project": given.project}
    page = PAGE.format(**names)
    path = launched.options.view_as(SummaryOptions).summary
    text = say(SUBMITTED, job=launched.launch.kind, run=launched.launch.run, page=page, **names)
    print(text, file=sys.stderr if path == "-" else sys.stdout)
    if path:
        _write(path, {"job": launched.launch.kind, "run": launched.launch.run, "job_id": names["id"], "page": page})
