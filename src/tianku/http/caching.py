"""Who may keep an answer: what was made for somebody is never shown to anybody else."""

from __future__ import annotations


def cache_headers(public: bool) -> dict[str, str]:
    """Return Cache-Control and Vary of a dynamic answer; `public`: nothing closed went into it."""
    return {
        "cache-control": "public, no-cache" if public else "private, no-store",
        "vary": "Authorization, Cookie",
    }
