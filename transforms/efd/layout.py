"""Where the fields of the EFD ICMS/IPI stand that documents are compared by.

Source: Guia Prático EFD-ICMS/IPI, versions 2.0.10 to 3.1.8. A field keeps its number from version to version; new ones
come at the end of a register, so a line may have more fields than ``least``, and never fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SEPARATOR = "|"
ENCODING = "iso-8859-1"

# Register 0000. EFD-Contribuições has one too, with its dates two fields later.
OPENING = {"version": 2, "purpose": 3, "first_day": 4, "last_day": 5, "name": 6, "cnpj": 7, "cpf": 8, "uf": 9}
CONTRIBUTIONS = {"first_day": 6, "last_day": 7}
# What other bookkeepings of SPED have in the place of the version.
OTHER_BOOKS = {"LECD": "ECD", "LECF": "ECF"}

CLOSING, LINES_OF_CLOSING = "9999", 2


class Register(NamedTuple):
    """A register that books one document a line. ``fields``: name of a field of ``Entry`` -> number of the field.

    ``papers`` are its models that are not electronic. ``own``: it books what the company issued, and says no sides.
    """

    fields: Mapping[str, int]
    least: int
    papers: tuple[str, ...] = ()
    own: bool = False


_SIDES = {"ind_oper": 2, "ind_emit": 3, "cod_part": 4, "cod_mod": 5, "cod_sit": 6, "ser": 7}
REGISTERS = {
    "C100": Register({**_SIDES, "num_doc": 8, "key": 9, "dt_doc": 10, "vl_doc": 12}, 29, ("01", "1B", "04")),
    # Its key came in 2020.
    "C500": Register({**_SIDES, "num_doc": 10, "dt_doc": 11, "vl_doc": 13, "key": 28}, 27, ("06", "28", "29")),
    "C800": Register(
        {"cod_mod": 2, "cod_sit": 3, "num_doc": 4, "dt_doc": 5, "vl_doc": 6, "ser": 10, "key": 11}, 17, own=True
    ),
    "D100": Register(
        {**_SIDES, "num_doc": 9, "key": 10, "dt_doc": 11, "vl_doc": 15},
        23,
        ("07", "08", "8B", "09", "10", "11", "26", "27"),
    ),
    "D700": Register({**_SIDES, "num_doc": 8, "dt_doc": 9, "vl_doc": 11, "key": 22}, 31),
}

# Registers that book many documents in one line, by day or device, with the number of their COD_MOD. Which documents
# they hold cannot be told from them.
CONSOLIDATING = {"C700": 2, "C860": 2, "D750": 2}
