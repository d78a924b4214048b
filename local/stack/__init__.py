"""Emulators of Bigtable, BigQuery, Pub/Sub and SQS, and a broker of Kafka, as one local stack."""

from local.stack.process import StackError
from local.stack.services import PROJECT_ID
from local.stack.stack import Stack, exported, stack

__all__ = ["PROJECT_ID", "Stack", "StackError", "exported", "stack"]
