"""The families of documents, one file each, discovered here: a new family is a new file with a ``FAMILY``."""

from __future__ import annotations

import importlib
import pkgutil

from transforms.access_key import model_of
from transforms.families.family import Family


def _discover() -> dict[str, Family]:
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    found = (module.FAMILY for module in modules if hasattr(module, "FAMILY"))
    return {family.name: family for family in sorted(found, key=lambda family: family.name)}


FAMILIES = _discover()
FAMILY_OF_MODEL = {model: family for family in FAMILIES.values() for model in family.models}
FAMILY_OF_KEY_ELEMENT = {family.key_element: family for family in FAMILIES.values()}
MODEL_NAMES = {model: name for family in FAMILIES.values() for model, name in family.models.items()}
ID_PREFIXES = tuple(prefix for family in FAMILIES.values() for prefix in family.id_prefixes)

# A model that no family has follows the rules of NF-e, the oldest.
DEFAULT = FAMILIES["nfe"]


def family_of(key: str) -> Family:
    """The family of an access key, by its model."""
    return FAMILY_OF_MODEL.get(model_of(key), DEFAULT)
