"""Documents that editors write, with drafts and history."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page

_FEATURES = ["h2", "h3", "bold", "italic", "ol", "ul", "link", "code", "superscript", "subscript", "blockquote"]


class DocumentPage(Page):
    """One document of ``/docs/``; the root of each language lists the others."""

    summary = models.CharField(_("summary"), max_length=300, blank=True)
    body = StreamField(
        [
            ("text", blocks.RichTextBlock(features=_FEATURES, label=_("Text"))),
            ("code", blocks.TextBlock(label=_("Code"), template="tianku/blocks/code.html")),
        ],
        blank=True,
        verbose_name=_("body"),
    )

    content_panels = [*Page.content_panels, FieldPanel("summary"), FieldPanel("body")]
    template = "tianku/document.html"

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the documents below, those above, and the address in the other language."""
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        context["children"] = self.get_children().live()
        context["ancestors"] = self.get_ancestors().filter(depth__gt=1).live()
        other = self.get_translations().live().first()
        context["alternate_url"] = other.get_url(request) if other is not None else None
        return context
