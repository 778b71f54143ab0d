"""Texts that people read, in English and Chinese."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tianku.model.shorthand import STRING, also


class Text(BaseModel):
    """A bilingual text; a plain string in YAML means English."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=also(STRING))

    en: str = Field("", description="in English")
    zh: str | None = Field(None, description="in Chinese; the English is shown where it is missing")

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"en": value} if isinstance(value, str) else value

    def in_(self, language: str) -> str:
        """Return the text in `language` (``en`` or ``zh``), falling back to English."""
        return (self.zh or self.en) if language.startswith("zh") else (self.en or self.zh or "")

    def __str__(self) -> str:
        return self.en or self.zh or ""

    def __bool__(self) -> bool:
        return bool(self.en or self.zh)
