"""What can go wrong between here and the server: which kind of error it is, and a message for people."""

from __future__ import annotations

import psycopg

from transforms.errors import AcervoError
from transforms.language import mark, say, tr

# 57P05 and 25P03: the server closed a session that was idle too long; 40001: a replica had to cancel the query to
# go on replaying; 53300: no connection slot free; 57P0x: shut down, crashed, or starting up.
_TRANSIENT_STATES = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "40001", "40P01", "53300", "53200"})
_TIMEOUT_STATE = "57014"

_REFUSED_PASSWORD = mark("The server refused the password.")
_NO_PASSWORD = mark("The server wants a password and none was found.")
_UNKNOWN_HOST = mark("The DSN's host name is not known here.")
_FULL = mark("The server has no connection slot free: lower --postgres_max_connections.")
# What libpq says -> what to do about it; the first that is found.
_ADVICE = (
    ("password authentication failed", _REFUSED_PASSWORD),
    ("no password supplied", _NO_PASSWORD),
    ("fe_sendauth", _NO_PASSWORD),
    (
        "no pg_hba.conf entry",
        mark("The server does not let this user, from this address, into this database (pg_hba.conf)."),
    ),
    ("could not translate host name", _UNKNOWN_HOST),
    ("Name or service not known", _UNKNOWN_HOST),
    ("Connection refused", mark("Nothing listens there: check host and port, and that the server is up.")),
    (
        "No such file or directory",
        mark("There is no server socket there: check host and port, and that the server is up."),
    ),
    (
        "timeout expired",
        mark("No answer: check host, port, firewall and network (workers need a route to the server)."),
    ),
    ("too many connections", _FULL),
    ("remaining connection slots", _FULL),
    ("does not exist", mark("Check the DSN's dbname and user.")),
    ("SSL", mark("Check the DSN's sslmode and certificates.")),
)
_NO_SLOT = ("too many connections", "too many clients", "remaining connection slots")
_PASSWORD = mark(
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
    """Whether the server, the database or the role has no free connection; one becomes free when another ends."""
    # libpq hands on no state of a connection that was refused.
    return error.sqlstate == "53300" or any(words in str(error) for words in _NO_SLOT)


def is_statement_timeout(error: psycopg.Error) -> bool:
    """Whether the server ended the statement: ``statement_timeout``, or somebody's ``pg_cancel_backend``."""
    return error.sqlstate == _TIMEOUT_STATE


def cannot_connect(error: psycopg.Error, target: str) -> PostgresError:
    """The error of a connection attempt, with what to check. ``target`` is the DSN (it holds no password)."""
    text = str(error).strip()
    found = next((advice for words, advice in _ADVICE if words in text), mark("Check the DSN."))
    advice = tr(found)
    if found in (_REFUSED_PASSWORD, _NO_PASSWORD):
        advice += f" {tr(_PASSWORD)}"
    return PostgresError(
        say(
            "cannot connect to PostgreSQL ({target}): {advice} It said: {text}", target=target, advice=advice, text=text
        )
    )
