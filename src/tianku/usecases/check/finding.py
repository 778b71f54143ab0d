"""What `check` reports, and where in the configuration it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tianku.model.config import LoadedDataset
from tianku.model.config.yamlfile import KeyPath, YamlFile, read_yaml

#: error: ingest or a service would fail or say something wrong; warning: something is missing
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong or missing; `protocol` is the service that needs it (empty: all)."""

    severity: Severity
    file: Path
    line: int
    key: str
    message: str
    fix: str = ""
    protocol: str = ""

    def __str__(self) -> str:
        fix = f" ({self.fix})" if self.fix else ""
        protocol = f"[{self.protocol}] " if self.protocol else ""
        return f"{self.severity}: {self.file}:{self.line}: {self.key}: {protocol}{self.message}{fix}"


@dataclass
class Report:
    """Collects the findings of one dataset."""

    dataset: LoadedDataset
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._yaml: YamlFile = read_yaml(self.dataset.path)

    def error(self, where: KeyPath, message: str, fix: str = "", protocol: str = "") -> None:
        """Note what would fail or be wrong."""
        self._add("error", where, message, fix, protocol)

    def warning(self, where: KeyPath, message: str, fix: str = "", protocol: str = "") -> None:
        """Note what is missing."""
        self._add("warning", where, message, fix, protocol)

    def _add(self, severity: Severity, where: KeyPath, message: str, fix: str, protocol: str) -> None:
        line = self._yaml.line(self._indexed(where))
        key = ".".join(str(part) for part in where)
        self.findings.append(Finding(severity, self._yaml.path, line, key, message, fix, protocol))

    def _indexed(self, where: KeyPath) -> KeyPath:
        """Turn names of list entries (columns, positions) into their numbers in the file."""
        return tuple(self._walk(where))

    def _walk(self, where: KeyPath) -> Iterator[str | int]:
        at: object = self._yaml.data
        for part in where:
            if isinstance(at, list) and isinstance(part, str):
                numbers = [i for i, e in enumerate(at) if isinstance(e, dict) and e.get("name") == part]
                if not numbers:
                    return
                part = numbers[0]
            yield part
            if isinstance(at, dict):
                at = at.get(part)
            elif isinstance(at, list) and isinstance(part, int) and part < len(at):
                at = at[part]
            else:
                return
