"""Tax offices' answers to a query for one key: ``retConsSitNFe`` and the like.

The answer has a ``cStat`` of its own, the present status of the key, and may know more than the protocol and the events
in it, which are inputs of their own. Source: retConsSitNFe_v4.00.xsd and those of the other families.
"""

from transforms.families import FAMILIES
from transforms.families.family import Family
from transforms.model import DOCUMENT
from transforms.parse.layout import QUERY, Layout, integer, text


def _layout(family: Family) -> Layout:
    return Layout(
        name=f"{family.name}_query",
        family=family,
        kind=DOCUMENT,
        shapes={f"retConsSit{family.tag}": {"": QUERY}},
        parts={
            QUERY: {
                "@versao": text("layout_version"),
                "tpAmb": integer("environment"),
                "cStat": integer("query_status"),
                "xMotivo": text("protocol_reason"),
                family.key_element: text("_protocol_key"),
            }
        },
    )


LAYOUTS = tuple(_layout(family) for family in FAMILIES.values() if family.has_services)
