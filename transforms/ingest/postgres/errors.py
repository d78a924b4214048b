"""What can go wrong between here and the server, told apart and said for people."""

from __future__ import annotations

import psycopg

from transforms.errors import AcervoError

# 57P05 and 25P03: the server closed a session that was idle too long; 40001: a replica had to cancel the query to
# go on replaying; 53300: no connection slot free; 57P0x: shut down, crashed, or starting up.
_TRANSIENT_STATES = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "40001", "40P01", "53300", "53200"})
_TIMEOUT_STATE = "57014"

_ADVICE = (
    ("password authentication failed", "The server refused the password. {password}"),
    ("no password supplied", "The server wants a password and none was found. {password}"),
    ("fe_sendauth", "The server wants a password and none was found. {password}"),
    ("no pg_hba.conf entry", "The server does not let this user, from this address, into this database (pg_hba.conf)."),
    ("could not translate host name", "The DSN's host name is not known here."),
    ("Name or service not known", "The DSN's host name is not known here."),
    ("Connection refused", "Nothing listens there: check host and port, and that the server is up."),
    ("No such file or directory", "There is no server socket there: check host and port, and that the server is up."),
    ("timeout expired", "No answer: check host, port, firewall and network (workers need a route to the server)."),
    ("too many connections", "The server has no connection slot free: lower --postgres_max_connections."),
    ("remaining connection slots", "The server has no connection slot free: lower --postgres_max_connections."),
    ("does not exist", "Check the DSN's dbname and user."),
    ("SSL", "Check the DSN's sslmode and certificates."),
)
_NO_SLOT = ("too many connections", "too many clients", "remaining connection slots")
_PASSWORD = (
    "Give it as --postgres_password_secret (a Secret Manager name), or locally in PGPASSWORD or in the file that "
    "PGPASSFILE names."
)
_NEVER_TRANSIENT = ("authentication failed", "no password supplied", "fe_sendauth", "pg_hba.conf", "does not exist")


class PostgresError(AcervoError):
    """The extract cannot start or go on; the message says what to do."""


class SnapshotLostError(PostgresError):
    """The transaction that held the exported snapshot is gone, so the ranges left cannot be read as of it."""


def snapshot_was_lost(error: BaseException) -> bool:
    """Whether a pipeline ended because of a SnapshotLostError: runners hand on its name and text, not itself."""
    return isinstance(error, SnapshotLostError) or SnapshotLostError.__name__ in str(error)


def is_lost_connection(error: psycopg.Error) -> bool:
    """Whether the same statement may well succeed on a new connection a little later."""
    state = error.sqlstate
    if state:
        return state in _TRANSIENT_STATES or state.startswith("08")
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return not any(words in str(error) for words in _NEVER_TRANSIENT)


def is_full(error: psycopg.Error) -> bool:
    """Whether the server, the database or the role has no connection left to give: one comes free when another ends."""
    # libpq hands on no state of a connection that was refused.
    return error.sqlstate == "53300" or any(words in str(error) for words in _NO_SLOT)


def is_statement_timeout(error: psycopg.Error) -> bool:
    """Whether the server ended the statement: ``statement_timeout``, or somebody's ``pg_cancel_backend``."""
    return error.sqlstate == _TIMEOUT_STATE


def cannot_connect(error: psycopg.Error, target: str) -> PostgresError:
    """The error of a connection attempt, with what to check. ``target`` is the DSN (it holds no password)."""
    text = str(error).strip()
    advice = next((advice for words, advice in _ADVICE if words in text), "Check the DSN.")
    advice = advice.format(password=_PASSWORD)
    return PostgresError(f"Cannot connect to PostgreSQL ({target}): {advice} It said: {text}")
