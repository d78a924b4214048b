"""Events of every family. Their types and names are in the families' files."""

from transforms.families import FAMILIES
from transforms.parse.event_layout import event_layout

LAYOUTS = tuple(event_layout(family) for family in FAMILIES.values() if family.has_services)
