from transforms.parse.layout import Node
from transforms.parse.values import Reading

LIBXML2: str

class Table:
    def __init__(self, node: Node) -> None: ...

def attach(library: str) -> None: ...
def read(data: bytes, table: Table) -> Reading | None: ...
