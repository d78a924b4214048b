from collections.abc import Callable, Iterable, Mapping
from typing import Any

from transforms.views.schema import Column

class Wire:
    def __init__(
        self,
        columns: Iterable[Column],
        converters: Mapping[str, Callable[[Any], Any]],
        digits: Mapping[str, tuple[int, int]],
    ) -> None: ...
    def encode(self, row: dict[str, Any]) -> bytes | None: ...
