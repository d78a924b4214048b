"""What distributions handed out to several companies, with the NSU in each origin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests import views_world as world
from transforms.model import Applied

US, THEM, OTHERS = "21314151000192", "61718191000150", "81828384000195"


def came(origins: dict[str, Any]) -> Iterator[Applied]:
    """Documents applied, each from its origin."""
    for applied, origin in zip(world.applied(origins.values()), origins, strict=True):
        assert applied.change
        yield applied._replace(
            arrival=applied.arrival._replace(origin=origin), change=applied.change._replace(origin=origin)
        )


HANDED_OUT = {
    f"gs://b/nfe/{US}/1.xml#NSU=000000000000007": world.document(world.key_of(issuer=OTHERS, number=1), "r7"),
    f"gs://b/nfe/{US}/1.xml#NSU=000000000000008": world.event(world.key_of(issuer=OTHERS, number=1), "r8", "210210"),
    f"gs://b/nfe/{US}/2.xml#NSU=000000000000012": world.document(world.key_of(issuer=OTHERS, number=2), "r12"),
    f"gs://b/nfe/{THEM}/1.xml#NSU=000000000000003": world.document(world.key_of(issuer=OTHERS, number=3), "s3"),
    f"gs://b/nfe/{THEM}/1.xml#NSU=000000000000004": world.document(world.key_of(issuer=OTHERS, number=4), "s4"),
    f"gs://b/cte/{US}/1.xml#NSU=000000000000001": world.document(world.key_of("57", 1, issuer=OTHERS), "c1"),
    f"gs://b/cte/{US}/1.xml#NSU=000000000000003": world.document(world.key_of("57", 2, issuer=OTHERS), "c3"),
    "files/all/9.xml#NSU=20": world.document(world.key_of(issuer=OTHERS, number=5), "f20"),
    "files/all/9.xml#NSU=22": world.document(world.key_of(issuer=OTHERS, number=6), "f22"),
    "gs://b/plain/1.xml": world.document(world.key_of(issuer=OTHERS, number=9), "p1"),
}
