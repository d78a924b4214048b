"""Flex Template metadata, written from and checked against the options of the jobs.

    python -m templates.metadata            check every ``templates/<job>.json``
    python -m templates.metadata --write    write what the options decide, keep what people wrote

The options decide name, order, help, default and type of a parameter; people decide its label, its regexes, whether it
must be given, and all that is said about the template as a whole.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
from apache_beam.options.pipeline_options import DebugOptions, PipelineOptions, WorkerOptions
from google.cloud.dataflow import ContainerSpec, ParameterMetadata, TemplateMetadata

import pipelines
from pipelines.options import IngestOptions, StoreOptions

FOLDER = Path(__file__).parent
# Beam's own options that a launch passes as parameters: Dataflow refuses a parameter that its template does not name.
PASSED_ON = {
    WorkerOptions: ("sdk_container_image", "disk_size_gb"),
    DebugOptions: ("number_of_worker_harness_threads",),
}
# Options of a terminal: a template's launcher is gone before there is anything to print, and launches a job.
NOT_PASSED = ("show", "day", "keys_file")
# How a parameter that several jobs share begins in a new file.
BEGINNINGS: dict[str, dict[str, Any]] = {
    "bigtable_instance": {"regexes": ["^[a-z][a-z0-9-]{4,31}[a-z0-9]$"]},
    "bigtable_table": {"regexes": ["^[_a-zA-Z0-9][-_.a-zA-Z0-9]{0,36}$"]},
    "bigtable_app_profile": {"regexes": ["^[_a-zA-Z0-9][-_.a-zA-Z0-9]{0,49}$"]},
    "dataset": {"label": "BigQuery dataset", "regexes": ["^[a-zA-Z0-9_]{1,1024}$"]},
    "states": {"label": "States, separated by commas", "regexes": ["^([A-Z]{2}(,[A-Z]{2})*)?$"]},
    "months": {"label": "Months (YYMM), separated by commas", "regexes": ["^([0-9]{4}(,[0-9]{4})*)?$"]},
    "issuers": {
        "label": "Issuers (CNPJ or CPF), separated by commas",
        "regexes": ["^([0-9A-Z]{11,14}(,[0-9A-Z]{11,14})*)?$"],
    },
    "keys": {"label": "Access keys, separated by commas", "regexes": ["^([0-9A-Z]{44,50}(,[0-9A-Z]{44,50})*)?$"]},
    "layouts": {"label": "Layouts, separated by commas", "regexes": ["^([a-z0-9_]+(,[a-z0-9_]+)*)?$"]},
    "findings": {"label": "Findings, separated by commas", "regexes": ["^([a-z0-9_]+(,[a-z0-9_]+)*)?$"]},
    "older_than": {"label": "Parsers older than", "regexes": ["^[0-9]+$"]},
    "subjects": {
        "label": "CNPJs, roots and CPFs, separated by commas",
        "regexes": ["^(@\\S+|[0-9A-Z]{8,14}(,[0-9A-Z]{8,14})*)?$"],
    },
    "part": {"label": "Part of the subjects in a document"},
    "erase_keys": {
        "label": "Keys to erase, separated by commas",
        "regexes": ["^(@\\S+|[0-9A-Za-z]+(,[0-9A-Za-z]+)*)?$"],
    },
    "past_years": {"label": "Years of retention that are over", "regexes": ["^[0-9]+$"]},
    "long_models": {"label": "Models kept for eleven years", "regexes": ["^([0-9a-z]+(,[0-9a-z]+)*)?$"]},
    "refuse": {"label": "Refuse the subjects' documents from now on"},
    "confirm": {"label": "The number that a dry run told", "regexes": ["^[0-9]+$"]},
    "request": {"label": "Reference for the report", "regexes": ["^.{0,200}$"]},
    "settle_seconds": {"label": "Seconds that writers may be on their way", "regexes": ["^[0-9]+$"]},
    "run": {"label": "Name of the run", "regexes": ["^\\S(.{0,198}\\S)?$"]},
    "strict": {"label": "No findings allowed"},
    "fallback_encoding": {"label": "Encoding of documents that are not UTF-8"},
    "parser": {"label": "How documents are read"},
    "max_input_bytes": {"label": "Largest document, bytes", "regexes": ["^[1-9][0-9]*$"]},
    "max_in_flight": {"label": "Records in flight per process", "regexes": ["^[1-9][0-9]*$"]},
    "disk_size_gb": {"label": "Disk of a worker, GB", "regexes": ["^[0-9]+$"]},
    "sdk_container_image": {"label": "Image of the workers (default: that of the template)", "regexes": ["^\\S+$"]},
    "number_of_worker_harness_threads": {"label": "Threads per worker process", "regexes": ["^[1-9][0-9]*$"]},
}
DECIDED_BY_PEOPLE = ("label", "regexes", "isOptional", "paramType", "groupName")
DECIDED_TYPES = ("ENUM", "BOOLEAN", "NUMBER")
TEMPLATE_KEYS = ("name", "description", "streaming", "supportsAtLeastOnce", "supportsExactlyOnce")


def jobs() -> list[str]:
    """Names of the modules of ``pipelines`` that are jobs: those that set ``JOB`` and define ``build``."""
    folder = Path(next(iter(pipelines.__path__)))
    return sorted(path.stem for path in folder.glob("*.py") if _is_job(ast.parse(path.read_bytes())))


def _is_job(module: ast.Module) -> bool:
    assigned = {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    defined = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    return "JOB" in assigned and {"build", "run", "main"} <= defined


def module_of(job: str) -> ModuleType:
    """The job's module."""
    return importlib.import_module(f"pipelines.{job}")


def actions(job: str) -> Iterator[argparse.Action]:
    """The options that a person may set for a job, in order: its own, the shared ones, those passed on to Beam.

    How documents are read matters only to jobs that read documents.
    """
    module = module_of(job)
    for _, family in sorted(inspect.getmembers(module, inspect.isclass)):
        ours = issubclass(family, PipelineOptions) and family.__module__.startswith(("pipelines.", "transforms."))
        if ours and family not in (StoreOptions, IngestOptions):
            yield from (action for action in _actions(family) if action.dest not in NOT_PASSED)
    for family in (StoreOptions, IngestOptions) if hasattr(module, "IngestDocuments") else (StoreOptions,):
        yield from _actions(family)
    for family, names in PASSED_ON.items():
        yield from (action for action in _actions(family) if action.dest in names)


def _actions(family: type[PipelineOptions]) -> Iterator[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    family._add_argparse_args(parser)
    yield from parser._actions


def decided(action: argparse.Action) -> dict[str, Any]:
    """What an option decides about its parameter, in the keys of the metadata file."""
    found: dict[str, Any] = {"name": action.dest, "helpText": _help(action)}
    kind = _kind(action)
    if kind:
        found["paramType"] = kind
    if action.choices:
        found["enumOptions"] = [{"value": str(choice), "label": str(choice)} for choice in action.choices]
    if action.default not in (None, "", argparse.SUPPRESS):
        found["defaultValue"] = str(action.default).lower() if kind == "BOOLEAN" else str(action.default)
    return found


def _help(action: argparse.Action) -> str:
    return " ".join((action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%").split())


def _kind(action: argparse.Action) -> str | None:
    """None: the options do not say; people choose between TEXT and the names of Google's resources."""
    if action.choices:
        return "ENUM"
    if isinstance(action.const, bool):
        return "BOOLEAN"
    return "NUMBER" if action.type in (int, float) else None


def written(job: str, existing: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a job: what the options decide, and of ``existing`` what people decide."""
    known = {parameter["name"]: parameter for parameter in existing.get("parameters", [])}
    document = {key: existing.get(key, _template_default(job, key)) for key in TEMPLATE_KEYS}
    document |= {key: value for key, value in existing.items() if key not in document and key != "parameters"}
    return {**document, "parameters": [_parameter(action, known.get(action.dest, {})) for action in actions(job)]}


def _parameter(action: argparse.Action, existing: dict[str, Any]) -> dict[str, Any]:
    found = decided(action)
    kept = {key: existing[key] for key in DECIDED_BY_PEOPLE if key in existing}
    if kept.get("paramType") in DECIDED_TYPES:
        del kept["paramType"]
    defaults = {
        "label": action.dest.replace("_", " ").capitalize(),
        "isOptional": not action.required,
        "paramType": "TEXT",
        **BEGINNINGS.get(action.dest, {}),
    }
    merged = {**defaults, **kept, **found}
    order = ("name", "label", "helpText", "paramType", "isOptional", "defaultValue", "regexes", "enumOptions")
    return {key: merged[key] for key in (*order, *sorted(merged)) if key in merged}


def _template_default(job: str, key: str) -> Any:
    doc = (module_of(job).__doc__ or "").strip().split("\n\n")[0]
    defaults = {"name": f"Acervo {job}", "description": " ".join(doc.split())}
    return defaults.get(key, False)


def path_of(job: str) -> Path:
    """The metadata file of a job."""
    return FOLDER / f"{job}.json"


def problems(job: str) -> list[str]:
    """What is wrong with a job's metadata file, for people; empty when it is right."""
    path = path_of(job)
    if not path.exists():
        return [f"{path.name} is missing; python -m templates.metadata --write begins it"]
    document = orjson.loads(path.read_bytes())
    try:
        metadata = TemplateMetadata.from_json(path.read_bytes())
        ContainerSpec.from_json(orjson.dumps(spec(job, "image")))
    except Exception as error:
        return [f"{path.name} is not metadata that Dataflow reads: {error}"]
    found = [f"{path.name}: {problem}" for problem in _template_problems(metadata)]
    if document != written(job, document):
        found.append(f"{path.name} differs from the job's options; run: python -m templates.metadata --write")
    for parameter in metadata.parameters:
        found += [f"{path.name}: {parameter.name}: {problem}" for problem in _parameter_problems(parameter)]
    return found


def _template_problems(metadata: TemplateMetadata) -> Iterator[str]:
    if not metadata.streaming and (metadata.supports_at_least_once or metadata.supports_exactly_once):
        yield "a batch template has no streaming modes"
    if metadata.streaming and not (metadata.supports_at_least_once or metadata.supports_exactly_once):
        yield "a streaming template must support a streaming mode"
    both = metadata.supports_at_least_once and metadata.supports_exactly_once
    if bool(metadata.default_streaming_mode) != both:
        yield "defaultStreamingMode is for templates that support both modes, and for them it must be given"


def _parameter_problems(parameter: ParameterMetadata) -> Iterator[str]:
    if not parameter.help_text or not parameter.label:
        yield "needs a helpText and a label"
    if parameter.default_value and not parameter.is_optional:
        yield "has a default and is not optional"
    if parameter.param_type.name == "TEXT" and not parameter.regexes:
        yield "is text without regexes"


def spec(job: str, image: str) -> dict[str, Any]:
    """The template file that ``gcloud dataflow flex-template build`` makes of the metadata and an image."""
    return {
        "image": image,
        "metadata": orjson.loads(path_of(job).read_bytes()),
        "sdkInfo": {"language": "PYTHON"},
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m templates.metadata", description="Flex Template metadata.")
    parser.add_argument("--write", action="store_true", help="bring the files up to date, and begin missing ones")
    options = parser.parse_args(argv)
    if options.write:
        for job in jobs():
            path = path_of(job)
            existing = orjson.loads(path.read_bytes()) if path.exists() else {}
            path.write_bytes(orjson.dumps(written(job, existing), option=orjson.OPT_INDENT_2) + b"\n")
    found = [problem for job in jobs() for problem in problems(job)]
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    if not found:
        print(f"templates are as their options: {', '.join(jobs())}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
