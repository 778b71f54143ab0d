"""The reference of the configuration, written from its models.

``python -m tianku.model.config.reference FOLDER`` writes ``site``, ``collection`` and ``dataset``, each as
a page (``.md``) and as a JSON Schema (``.schema.json``) that editors check YAML files with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tianku.model.config.base import Config
from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.site import SiteConfig

JsonSchema = dict[str, Any]
FILES: dict[str, type[Config]] = {"site": SiteConfig, "collection": CollectionConfig, "dataset": DatasetConfig}
_REF = "#/$defs/"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_HEAD = "<!-- Written by `make reference` from the models; change those. -->"
#: a `null` deletes what an extended version says, or takes the defaults
_DELETABLE = ("tables", "products", "formats")


def schema(model: type[Config]) -> JsonSchema:
    """Return the JSON Schema (2020-12) of a file that `model` describes."""
    made = model.model_json_schema(by_alias=True, mode="validation")
    for key in _DELETABLE:
        if key in made["properties"]:
            said = made["properties"][key]["additionalProperties"]
            made["properties"][key]["additionalProperties"] = {"anyOf": [said, {"type": "null"}]}
    if "RecordFormat" in made["$defs"]:
        _fields_may_be_short(made["$defs"])
    return {"$schema": _DIALECT, **made}


def _fields_may_be_short(titles: dict[str, JsonSchema]) -> None:
    """`fields:` of a record format stands for ``repeat: {fields: …}``."""
    record = titles["RecordFormat"]
    fields = {**titles["Repeat"]["properties"]["fields"], "description": "short for `repeat: {fields: …}`"}
    record["properties"] = {"fields": fields, **record["properties"]}
    record["anyOf"] = [{"required": ["repeat"]}, {"required": ["fields"]}]
    del record["required"]


def page(name: str, model: type[Config]) -> str:
    """Return the page about ``<name>.yaml``: its keys, then those of everything inside it."""
    made = schema(model)
    parts = [_HEAD, f"# {name}.yaml", _words(made), *_table(made)]
    for title in _order(made):
        parts += [f"## {title}", _words(made["$defs"][title]), *_table(made["$defs"][title])]
    return "\n\n".join(part for part in parts if part) + "\n"


def objects(model: type[Config]) -> dict[str, JsonSchema]:
    """Return every object of a file by its title: what holds its ``properties``."""
    made = schema(model)
    titles = {model.__name__: made} | {title: made["$defs"][title] for title in _order(made)}
    return {title: _full(one) for title, one in titles.items()}


def files() -> dict[str, str]:
    """Return name and text of every file of the reference."""
    made: dict[str, str] = {}
    for name, model in FILES.items():
        made[f"{name}.md"] = page(name, model)
        made[f"{name}.schema.json"] = json.dumps(schema(model), indent=1, ensure_ascii=False) + "\n"
    return made


def _words(one: JsonSchema) -> str:
    paragraphs = str(one.get("description", "")).split("\n\n")
    shorts = [_type(s) for s in one.get("anyOf", ())[:-1] if "type" in s]
    if shorts:
        paragraphs.append(f"May be written short: as a {' or a '.join(shorts)}.")
    return "\n\n".join(" ".join(p.split()) for p in paragraphs)


def _table(one: JsonSchema) -> Iterator[str]:
    """Yield the table of the keys of an object."""
    full = _full(one)
    required = full.get("required", ())
    lines = ["| key | value | default | |", "|---|---|---|---|"]
    for key, said in full.get("properties", {}).items():
        default = "**required**" if key in required else _default(said)
        cells = (f"`{key}`", _type(said), default, " ".join(str(said.get("description", "")).split()))
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    yield "\n".join(lines)


def _full(one: JsonSchema) -> JsonSchema:
    return one if "properties" in one else one["anyOf"][-1]


def _default(said: JsonSchema) -> str:
    value = said.get("default")
    if value in (None, "", [], {}) or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return ", ".join(f"`{v}`" for v in value)
    return f"`{json.dumps(value)}`".replace('"', "")


def _type(said: JsonSchema) -> str:
    if "$ref" in said:
        return _named(said["$ref"].removeprefix(_REF))
    if "enum" in said:
        return " | ".join(f"`{v}`" for v in said["enum"])
    if "const" in said:
        return f"`{said['const']}`"
    for key in ("anyOf", "oneOf"):
        if key in said:
            kinds = [_type(one) for one in said[key] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    return _plain(said)


def _plain(said: JsonSchema) -> str:
    kind = said.get("type")
    if kind == "array":
        items = said.get("prefixItems")
        return f"[{', '.join(map(_type, items))}]" if items else f"list of {_type(said.get('items', {}))}"
    if kind == "object":
        values = said.get("additionalProperties")
        return f"mapping of {_type(values)}" if isinstance(values, dict) and values else "mapping"
    text = {"date": "date", "date-time": "date and time"}.get(said.get("format", ""), str(kind or "anything"))
    return f"{text} `{said['pattern']}`" if "pattern" in said else text


def _named(title: str) -> str:
    scalar = {"DataType": "type", "Text": "[text](#text)"}
    return scalar.get(title, f"[{title}](#{title.lower()})")


def _order(made: JsonSchema) -> list[str]:
    """Return the titles of the objects inside a file, in the order in which they are first spoken of."""
    found: dict[str, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                walk(one)
        elif isinstance(node, dict):
            title = str(node.get("$ref", "")).removeprefix(_REF)
            if title and title not in found and "enum" not in made["$defs"][title]:
                found[title] = None
                walk(made["$defs"][title])
            for key, value in node.items():
                if key != "$defs":
                    walk(value)

    walk(made)
    return list(found)


def main(folder: Path) -> None:
    """Write the reference into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
