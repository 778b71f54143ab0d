"""The font of previews: one with Chinese characters where the system has it, else Latin only."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from PIL import ImageFont

#: where Debian, Fedora and Arch put fonts with Chinese characters; TIANKU_CJK_FONT names another
_CJK = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def cjk_font() -> Path | None:
    """Return a font file with Chinese characters, None where there is none."""
    named = os.environ.get("TIANKU_CJK_FONT")
    candidates = ([named] if named else []) + list(_CJK)
    return next((path for text in candidates if (path := Path(text)).is_file()), None)


@cache
def font(size: int) -> Font:
    """Return the font for labels of `size` px."""
    path = cjk_font()
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(str(path), size)


def language_of(wanted: str) -> str:
    """Return the language labels can be written in: English where Chinese would come out as boxes."""
    return wanted if wanted == "en" or cjk_font() is not None else "en"
