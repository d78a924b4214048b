"""``python -m local.flink.worker``: starts the Python worker that a TaskManager asks for (environment ``PROCESS``).

Beam's container images have a program for this; here there is no container, and what the job imports is installed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc, endpoints_pb2
from apache_beam.runners.worker import sdk_worker_main
from google.protobuf import json_format, text_format


def main(argv: Sequence[str] | None = None) -> None:
    """Asks the runner what is to be run and where it listens, and runs Beam's worker until that ends it."""
    parser = argparse.ArgumentParser(prog="python -m local.flink.worker")
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    parser.add_argument("--control_endpoint", default="")
    parser.add_argument("--logging_endpoint", default="")
    given, _ = parser.parse_known_args(argv)
    info = provided(given.provision_endpoint, given.id)
    os.environ |= {
        "WORKER_ID": given.id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        "CONTROL_API_SERVICE_DESCRIPTOR": _descriptor(info.control_endpoint.url or given.control_endpoint),
        "LOGGING_API_SERVICE_DESCRIPTOR": _descriptor(info.logging_endpoint.url or given.logging_endpoint),
    }
    sdk_worker_main.main([])


def provided(endpoint: str, worker: str) -> beam_provision_api_pb2.ProvisionInfo:
    """What the runner's provision service says to the worker of this id."""
    with grpc.insecure_channel(endpoint) as channel:
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        return stub.GetProvisionInfo(request, metadata=(("worker_id", worker),), timeout=60).info


def _descriptor(url: str) -> str:
    return str(text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=url), as_one_line=True))


if __name__ == "__main__":
    main()
