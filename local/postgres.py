"""A PostgreSQL server of one's own: in a temporary folder, on a socket only, gone with whoever started it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from local.stack.process import Process, StackError
from transforms.language import mark, say, tr

_PLACES = ("/usr/local/bin", "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_ACCOUNTS = ("postgres", "nobody")
_HELP = mark("""PostgreSQL's server programs (initdb, postgres) were not found. Any of these makes them available:
  apt-get install postgresql          (Debian, Ubuntu)
  brew install postgresql@15          (macOS)
  POSTGRES_BIN=/path/to/bin           (the folder that holds them)""")
_SUPERUSER = "postgres"
_PORT = 5432  # it only names the socket, in a folder that nobody else has
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A running server. Everybody on this machine who may enter ``folder`` is trusted."""

    folder: Path
    process: Process

    def dsn(self, dbname: str = "postgres", user: str = _SUPERUSER) -> str:
        return f"host={self.folder} port={_PORT} dbname={dbname} user={user}"

    def connect(self, dbname: str = "postgres", **settings: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection as superuser, in autocommit."""
        return psycopg.connect(self.dsn(dbname), autocommit=True, **settings)


@contextlib.contextmanager
def postgres_server(settings: Mapping[str, str] | None = None, replica_of: Server | None = None) -> Iterator[Server]:
    """A server of the newest version on this machine, empty or a hot standby of another.

    Raises StackError, saying what to do, when there is none.
    """
    programs = find_programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="acervo-pg-", dir=_short_folder()))
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _run(_copying(programs, folder, replica_of) if replica_of else _making(programs, folder), folder, account)
        process = Process("PostgreSQL", [*_as(account), *_command(programs, folder, settings)], _log(folder), {})
        try:
            server = Server(folder, process)
            if not process.wait_until(lambda: _answers(server), _START_SECONDS):
                raise StackError(say("PostgreSQL did not start. Its log:\n{tail}", tail=process.tail()))
            yield server
        finally:
            process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """The folder of the server's programs: POSTGRES_BIN, then PATH, then where packages put them, newest first."""
    if given := os.environ.get("POSTGRES_BIN"):
        wrong = say("POSTGRES_BIN is {folder}: no initdb and postgres there.", folder=given)
        return _has_programs(Path(given)) or _missing(f"{wrong}\n{tr(_HELP)}")
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    for place in _PLACES:
        candidates += sorted(Path("/").glob(place.removeprefix("/")), key=_version, reverse=True)
    return next((folder for folder in candidates if _has_programs(folder)), None) or _missing(tr(_HELP))


def _has_programs(folder: Path) -> Path | None:
    return folder if all((folder / name).exists() for name in ("initdb", "postgres")) else None


def _missing(message: str) -> Path:
    raise StackError(message)


def _version(folder: Path) -> int:
    return int("".join(filter(str.isdigit, folder.parent.name)) or 0)


def _account() -> pwd.struct_passwd | None:
    """Whom to run the server as: it refuses to run as root. None for oneself."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise StackError(tr("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody."))


def _as(account: pwd.struct_passwd | None) -> list[str]:
    if account is None:
        return []
    program = shutil.which("setpriv")
    if program is None:
        raise StackError(
            tr("PostgreSQL does not run as root. Run this as another user, or install setpriv (util-linux).")
        )
    return [program, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]


def _short_folder() -> str | None:
    """A socket's path has about a hundred characters at most, and the server's account has to get there."""
    return "/tmp" if os.access("/tmp", os.W_OK) else None


def _making(programs: Path, folder: Path) -> list[str]:
    return [
        str(programs / "initdb"),
        f"--pgdata={folder / 'data'}",
        f"--username={_SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]


def _copying(programs: Path, folder: Path, primary: Server) -> list[str]:
    return [
        str(programs / "pg_basebackup"),
        f"--pgdata={folder / 'data'}",
        f"--dbname={primary.dsn()}",
        "--write-recovery-conf",
        "--checkpoint=fast",
        "--no-sync",
    ]


def _run(command: list[str], folder: Path, account: pwd.struct_passwd | None) -> None:
    done = subprocess.run([*_as(account), *command], capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise StackError(say("{program} failed: {error}", program=Path(command[0]).name, error=done.stderr.strip()))


def _command(programs: Path, folder: Path, settings: Mapping[str, str] | None) -> list[str]:
    given = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "port": str(_PORT),
        "fsync": "off",
        "full_page_writes": "off",
        "max_wal_size": "2GB",
        **(settings or {}),
    }
    options = [f"--{name}={value}" for name, value in given.items()]
    return [str(programs / "postgres"), "-D", str(folder / "data"), *options]


def _log(folder: Path) -> Path:
    return folder / "server.log"


def _answers(server: Server) -> bool:
    with contextlib.suppress(psycopg.OperationalError), server.connect():
        return True
    return False
