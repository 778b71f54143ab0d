"""YAML with line numbers: the safe subset, YAML 1.2 booleans, no tags, no duplicate keys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tianku.model.errors import UsageError

KeyPath = tuple[str | int, ...]
MAX_BYTES = 4_000_000
MAX_DEPTH = 40


class _Loader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's surprises: `on`, `no`, 12:30:45 and 1e5 mean what they look like."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if not tag.endswith((":bool", ":int", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)$"),
    list("-+.0123456789"),
)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed file and the line of every key (1-based)."""

    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(repr=False)

    def line(self, where: KeyPath) -> int:
        """Return the line of the longest known prefix of `where`."""
        for end in range(len(where), -1, -1):
            if where[:end] in self.lines:
                return self.lines[where[:end]]
        return 1


def read_yaml(path: Path) -> YamlFile:
    """Parse one configuration file.

    Raises
    ------
    UsageError
        ``config.unreadable`` or ``config.yaml``, naming file and line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError("config.too_large", "{file}: larger than {limit} bytes", file=path, limit=MAX_BYTES)
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("config.unreadable", "{file}: cannot be read: {why}", file=path, why=error) from error
    return _parsed(path, text)


@lru_cache(maxsize=1024)
def _parsed(path: Path, text: str) -> YamlFile:
    """Parse a text once: an installation is read again for every data set that is ingested."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        data = {} if node is None else _construct(loader, node, (), lines, path)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(
            "config.yaml", "{file}:{line}: not valid YAML: {why}", file=path, line=line, why=error.problem
        ) from error
    except yaml.YAMLError as error:
        raise UsageError("config.yaml", "{file}: not valid YAML: {why}", file=path, why=error) from error
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise UsageError("config.yaml", "{file}:1: a mapping of keys is expected", file=path, line=1)
    return YamlFile(path, data, lines)


def _construct(loader: _Loader, node: yaml.Node, where: KeyPath, lines: dict[KeyPath, int], path: Path) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(where, line)
    if len(where) > MAX_DEPTH or len(lines) > 200_000:
        raise UsageError("config.too_deep", "{file}:{line}: nested too deeply", file=path, line=line)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(loader.construct_object(key_node, deep=True))
            at = key_node.start_mark.line + 1
            if key in result:
                raise UsageError(
                    "config.duplicate",
                    "{file}:{line}: the key `{key}` appears twice",
                    file=path,
                    line=at,
                    key=key,
                )
            lines[(*where, key)] = at
            result[key] = _construct(loader, value_node, (*where, key), lines, path)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, item, (*where, i), lines, path) for i, item in enumerate(node.value)]
    if not node.tag.startswith("tag:yaml.org,2002:"):
        raise UsageError(
            "config.tag",
            "{file}:{line}: tags such as {tag} are not allowed",
            file=path,
            line=line,
            tag=node.tag,
        )
    return loader.construct_object(node)
