"""Every text of the pages, and every error, has a Chinese twin."""

from __future__ import annotations

import ast
import gettext
import string
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tianku
from tianku.model.errors import FatalError, NotFoundError
from tianku.pages import messages

if TYPE_CHECKING:
    from tests.pages.fake import FakeSource

PACKAGE = Path(tianku.__file__).parent
GETTEXT = {"_", "gettext", "gettext_lazy"}

#: areas whose errors are told to operators only, at the command line, in English
OPERATORS_ONLY = frozenset(
    [
        "access",
        "config",
        "describe",
        "expression",
        "file",
        "fits",
        "hats",
        "ingest",
        "installation",
        "key",
        "layout",
        "obscore",
        "publish",
        "sharing",
        "reader",
        "source",
        "spectrum",
        "storage",
        "timeseries",
        "where",
    ]
)


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for name in ("nodelist", *getattr(node, "child_nodelists", ())):
        for child in getattr(node, name, None) or ():
            yield from _nodes(child)


def _template_texts() -> Iterator[tuple[str, str]]:
    from django.template import engines
    from django.templatetags.i18n import BlockTranslateNode, TranslateNode

    for path in sorted((PACKAGE / "pages" / "templates").rglob("*.html")):
        template = engines["django"].engine.from_string(path.read_text())
        for top in template.nodelist:
            for node in _nodes(top):
                if isinstance(node, TranslateNode):
                    yield path.name, str(node.filter_expression.var.literal)
                elif isinstance(node, BlockTranslateNode):
                    yield path.name, node.render_token_list(node.singular)[0]


def _python_texts() -> Iterator[tuple[str, str]]:
    for folder in ("pages", "state"):
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            if "migrations" in path.parts or "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in GETTEXT:
                    yield path.name, ast.literal_eval(node.args[0])


def _raised_errors() -> dict[str, str]:
    kinds = {"UsageError", "NotFoundError", "AuthError", "CredentialsError", "LimitError", "TransientError"}
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds and len(node.args) > 1):
                continue
            if all(isinstance(arg, ast.Constant) for arg in node.args[:2]):
                found[node.args[0].value] = node.args[1].value
    return found


def _names(template: str) -> set[str]:
    return {name.partition("!")[0] for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_text_of_the_pages_has_a_chinese_twin(source: FakeSource) -> None:
    used = {text: where for where, text in [*_template_texts(), *_python_texts()]}
    known = messages.site_texts()
    missing = sorted(f"{where}: {text}" for text, where in used.items() if text not in known)
    assert missing == []
    assert sorted(set(known) - set(used)) == []
    assert len(used) > 100


def test_placeholders_survive_translation(source: FakeSource) -> None:
    import re

    for english, chinese in messages.site_texts().items():
        assert sorted(re.findall(r"%\(\w+\)s", english)) == sorted(re.findall(r"%\(\w+\)s", chinese)), english


def test_chinese_error_texts_use_the_parameters_of_the_english_ones() -> None:
    raised = _raised_errors()
    for code, chinese in messages.error_texts().items():
        if code in raised:
            assert _names(chinese) <= _names(raised[code]), code


def test_every_error_that_people_meet_has_a_chinese_text() -> None:
    codes = {code for code in _raised_errors() if code.split(".")[0] not in OPERATORS_ONLY}
    assert len(codes) > 30
    assert sorted(codes - set(messages.error_texts())) == []


def test_the_compiled_catalogue_is_what_gettext_reads(tmp_path: Path) -> None:
    first = messages.install(tmp_path)
    stamp = first.stat().st_mtime_ns
    assert messages.install(tmp_path).stat().st_mtime_ns == stamp
    with first.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    for english, chinese in messages.site_texts().items():
        assert catalogue.gettext(english) == chinese
    assert catalogue.gettext("no such text") == "no such text"


def test_errors_are_told_in_the_language_of_the_reader() -> None:
    error = NotFoundError("user.unknown", "there is no user {username}", username="li")
    assert messages.error_text(error, "en") == "there is no user li"
    assert messages.error_text(error, "zh-hans") == "没有用户 li"
    unknown = NotFoundError("test.only", "only in English")
    assert messages.error_text(unknown, "zh-hans") == "only in English"
    fault = FatalError("internal", "secret detail")
    for language in ("en", "zh-hans"):
        told = messages.error_text(fault, language)
        assert fault.incident in told
        assert "secret" not in told
