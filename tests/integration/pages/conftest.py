"""Stores with documents of all kinds, some of which mean harm, and a browser to look at pages of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from local import chromium
from local.generate.__main__ import INPUT, write_set
from local.stack import Stack
from tests.integration.jobs.stores import Stores, payloads_of
from transforms import access_key

# The name of an issuer whose documents are worth most, so that it stands on top.
EVIL = "z</script><script>document.title='x'</script><img src=x onerror=alert(1)>\u202e=HYPERLINK(A1)"
EVIL_FILE = "<img src=x onerror=alert(1)>\u202e.xml"


@pytest.fixture(scope="session")
def filled(local_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """A hundred documents, one whose issuer, item and reason mean harm, and a file whose name does."""
    folder = tmp_path_factory.mktemp("pages")
    write_set(folder, 5, 100, broken=0.1, duplicates=0.1)
    inputs = folder / INPUT
    (inputs / "evil.xml").write_bytes(evil(payloads_of(inputs)))
    (inputs / EVIL_FILE).write_bytes(b"<a/>")
    stores = Stores("pages")
    stores.create()
    stores.backfill(inputs)
    return stores


def evil(payloads: list[bytes]) -> bytes:
    """An NF-e in force of the set under a key of its own, with other names, and worth more than all others."""
    one = next(text for text in payloads if b"<nfeProc" in text and b"<cStat>100<" in text and b"<tpAmb>1<" in text)
    name = EVIL.replace("&", "&amp;").replace("<", "&lt;").encode()
    found = re.search(rb"<chNFe>(\w{44})<", one)
    assert found
    key = found[1].decode()
    body = f"{key[:35]}{int(key[35:43]) ^ 1:08}"
    one = one.replace(key.encode(), f"{body}{access_key.check_digit(body)}".encode())
    for tag, value in ((b"xNome", name), (b"xProd", name), (b"vNF", b"99999999.00")):
        one = re.sub(b"<%s>[^<]*</%s>" % (tag, tag), lambda _, t=tag, v=value: b"<%s>%s</%s>" % (t, v, t), one)
    return one


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium.found() is None:
        pytest.skip(chromium.MISSING)
    with chromium.opened() as running:
        yield running


@pytest.fixture(autouse=True)
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
