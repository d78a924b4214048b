"""Writes ``schema.json``: what Google's Terraform providers publish of the resources that the project uses.

    python -m tests.unit.terraform.extract          needs npm, which fetches the bindings that HashiCorp generated

The providers themselves are binaries of several hundred megabytes that a test machine cannot always download. The CDK
for Terraform has published the same schema in another form, as generated JavaScript: names, types, what must be given,
which blocks there are and how many of each. What it does not say: which of several arguments exclude each other,
which values a provider accepts, and whether a value that is not given is filled in by the service.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCHEMA = HERE / "schema.json"
MODULES = HERE.parents[2] / "templates" / "terraform"
VERSION = "16.12.1"
PACKAGES = {"google": "@cdktf/provider-google", "google-beta": "@cdktf/provider-google-beta"}

_CLASS = re.compile(r"^class (\w+) extends .*?(?=^class |\Z)", re.MULTILINE | re.DOTALL)
_GETTER = re.compile(r"get (\w+)\(\) \{\s*return (cdktf\.Fn\.tolist\()?this\.get(\w+)Attribute\('(\w+)'\)")
_MAP = re.compile(r"this\.(_\w+) = new cdktf\.StringMap(List)?\(this, \"(\w+)\"")
_BLOCK = re.compile(
    r"// (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\s*"
    r"this\._\w+ = new (\w+?)(List|Map|OutputReference)\(this, \"\1\"(?:, (true|false))?\)"
)
_TYPES = {
    "Boolean": "bool",
    "Number": "number",
    "String": "string",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
}
# Google's provider takes these from the resource or from its own configuration; the bindings do not say so.
_FILLED_IN = ("id", "project")


def used(kind: str) -> Iterator[tuple[str, str]]:
    """Provider and type of every resource (or ``data``) of the project's modules."""
    for path in sorted(MODULES.rglob("*.tf")):
        text = path.read_text()
        for block in re.finditer(rf'^{kind} "(\w+)" "\w+" \{{(.*?)^\}}', text, re.MULTILINE | re.DOTALL):
            beta = re.search(r"^\s*provider\s*=\s*google-beta$", block[2], re.MULTILINE)
            yield "google-beta" if beta else "google", block[1]


def block_of(classes: dict[str, str], name: str) -> dict[str, Any]:
    """Attributes and blocks that a generated class reads and writes."""
    source = classes[name]
    attributes: dict[str, Any] = {}
    for property_name, as_set, kind, attribute in _GETTER.findall(source):
        found: Any = ["set", *_TYPES[kind][1:]] if as_set else _TYPES[kind]
        attributes[attribute] = {"type": found} | _given(source, property_name, attribute)
    for _, several, attribute in _MAP.findall(source):
        found = ["map", "string"]
        attributes[attribute] = {"type": ["list", found] if several else found, "computed": True}
    blocks: dict[str, Any] = {}
    for attribute, computed, optional, required, kind, form, is_set in _BLOCK.findall(source):
        if kind.startswith("cdktf."):
            continue
        if computed == "true" and optional == "false":
            attributes[attribute] = {"type": "dynamic", "computed": True}
            continue
        blocks[attribute] = {
            "nesting": "single" if attribute == "timeouts" else "set" if is_set == "true" else "list",
            **({"max": 1} if form == "OutputReference" else {}),
            **({"required": True} if required == "true" else {}),
            **block_of(classes, f"{kind}OutputReference"),
        }
    return {"attributes": dict(sorted(attributes.items())), "blocks": dict(sorted(blocks.items()))}


def _given(source: str, property_name: str, attribute: str) -> dict[str, bool]:
    if f"set {property_name}(" not in source:
        return {"computed": True}
    if f"reset{property_name[0].upper()}{property_name[1:]}()" not in source:
        return {"required": True}
    return {"optional": True, **({"computed": True} if attribute in _FILLED_IN else {})}


def _fetch(package: str, folder: Path) -> tarfile.TarFile:
    done = subprocess.run(
        ["npm", "pack", f"{package}@{VERSION}", "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    return tarfile.open(folder / done.stdout.split()[-1])


def provider_schema(provider: str, archive: tarfile.TarFile) -> dict[str, Any]:
    """Version, resources and data sources of one provider, those that the modules use."""
    found: dict[str, Any] = {"version": "", "resources": {}, "data": {}}
    for section, kind in (("resources", "resource"), ("data", "data")):
        for owner, name in sorted(set(used(kind))):
            if owner == provider:
                found[section][name], found["version"] = _resource(archive, provider, kind, name)
    return found


def _resource(archive: tarfile.TarFile, provider: str, kind: str, name: str) -> tuple[dict[str, Any], str]:
    folder = name.replace("_", "-") if provider == "google-beta" else name.removeprefix("google_").replace("_", "-")
    folder = f"data-{name.replace('_', '-')}" if kind == "data" else folder
    member = archive.extractfile(f"package/lib/{folder}/index.js")
    assert member, folder
    source = member.read().decode()
    [owner] = re.findall(r'^(\w+)\.tfResourceType = "' + name + '"', source, re.MULTILINE)
    [version] = re.findall(r"providerVersion: '([\d.]+)'", source)
    return block_of({match[1]: match[0] for match in _CLASS.finditer(source)}, owner), version


def main() -> int:
    """Command line."""
    written: dict[str, Any] = {"made by": "python -m tests.unit.terraform.extract"}
    with tempfile.TemporaryDirectory() as folder:
        for provider, package in PACKAGES.items():
            with _fetch(package, Path(folder)) as archive:
                written[provider] = {"source": f"npm {package} {VERSION}", **provider_schema(provider, archive)}
    SCHEMA.write_text(_compact(written) + "\n")
    print(", ".join(f"{name} {written[name]['version']}" for name in PACKAGES))
    return 0


def _compact(document: Any, depth: int = 0) -> str:
    """JSON with a line for each attribute, so that a newer provider shows as the lines that it changed."""
    if not isinstance(document, dict) or depth > 3 and not any(isinstance(value, dict) for value in document.values()):
        return json.dumps(document)
    indent = " " * (depth + 1)
    lines = [f"{indent}{json.dumps(key)}: {_compact(value, depth + 1)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n" + indent[1:] + "}" if lines else "{}"


if __name__ == "__main__":
    sys.exit(main())
