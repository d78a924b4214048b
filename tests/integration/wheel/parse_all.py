"""Run by the Python of an installed wheel, outside the work tree: reads the files of a folder.

Prints how documents are read, then what was made of each.
"""

from __future__ import annotations

import sys
from pathlib import Path

from transforms.model import RawDocument
from transforms.parse import ways
from transforms.parse.parser import parse

if __name__ == "__main__":
    print(ways.told())
    for path in sorted(Path(sys.argv[1]).iterdir()):
        print(parse(RawDocument(path.read_bytes(), path.name, 0)))
