"""Service invoices in municipal layouts, which have no national key: recognised by their roots, but not read."""

from __future__ import annotations

import re
from typing import NamedTuple


class _System(NamedTuple):
    """A layout that many municipalities share. ``roots`` match their root elements in lower case."""

    name: str
    roots: re.Pattern[str]


# The first that fits. A root is that of a document, of a batch, or of a message of the service.
_SYSTEMS = (
    _System(
        "the layout of the Nota Fiscal Paulistana",
        re.compile(r"(?:pedido|retorno)(?:envio|consulta|cancelamento|informacoes)\w*(?:rps|nfe|cnpj|lote)?\w*\Z"),
    ),
    _System("the layout of DSF", re.compile(r"req(?:envio|consulta|cancelamento)\w+|retorno\w*(?:lote|nota)\w*")),
    _System(
        "the layout of ABRASF",
        re.compile(
            r"(?:comp|lista|inf|tc)?nfse\Z|(?:lista|lote|inf)?rps\Z|loterps\w*"
            r"|(?:consultar|enviar|gerar|cancelar|substituir|recepcionar)\w*(?:nfse|rps)\w*"
        ),
    ),
)
_CITY_NAMESPACE = ("nfse", "prefeitura", "issnet", "ginfes", "betha", "abrasf")


def described(root: str, namespace: str) -> str | None:
    """Describes a municipal root element; None for any other."""
    name, space = root.lower(), namespace.lower()
    # Cities have namespaces, and elements, named alike: http://www.prefeitura.sp.gov.br/nfe has a NFe of its own.
    is_of_city = any(part in space for part in _CITY_NAMESPACE)
    if not is_of_city and "nfse" not in name and "rps" not in name and "dps" not in name:
        return None
    system = next((s.name for s in _SYSTEMS if s.roots.match(name)), "a layout of its municipality")
    return f"an NFS-e, RPS or message of services in {system}; it has no national key, and is not read"
