"""Django settings of the processes that serve pages; names only, nothing of the pages is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tianku import __version__
from tianku.model.config.site import SiteConfig

#: Addresses of the machine itself, always accepted as Host.
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_APPS_BEFORE = ["tianku.pages"]  # our templates come first
_APPS_AFTER = [
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "wagtail.contrib.simple_translation",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.locales",
    "wagtail.sites",
    "wagtail.search",
    # The editor needs these two; nothing can be uploaded (see pages/wagtail_hooks.py).
    "wagtail.images",
    "wagtail.documents",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "treebeard",
]

_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tianku.pages.middleware.ContentSecurityPolicy",
    "tianku.pages.middleware.NotForCaches",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tianku.pages.middleware.LanguageOfPath",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tianku.pages.middleware.ErrorPages",
]


def web_settings(data_root: Path, base_apps: list[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that pages add.

    Parameters
    ----------
    options
        ``site``: the `SiteConfig`, whose address, title and rule for registering count;
        ``email_url``: ``smtp://user:password@host:port`` (``smtps``, ``smtp+tls``) or None (mails
        go to the log); ``email_from``: sender; ``debug``. Without an address every Host is
        accepted, and links in mails come from requests.
    """
    site: SiteConfig | None = options.get("site")
    url = site.url if site else None
    host = urlsplit(url).hostname if url else None
    secure = bool(url) and urlsplit(str(url)).scheme == "https"
    return {
        "DEBUG": bool(options.get("debug", False)),
        "INSTALLED_APPS": [*_APPS_BEFORE, *base_apps, *_APPS_AFTER],
        "MIDDLEWARE": _MIDDLEWARE,
        "ROOT_URLCONF": "tianku.pages.urls",
        "ALLOWED_HOSTS": [host, *_LOOPBACK] if host else ["*"],
        "CSRF_TRUSTED_ORIGINS": [f"{urlsplit(str(url)).scheme}://{urlsplit(str(url)).netloc}"] if url else [],
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_NAME": "tianku_csrf",
        "CSRF_FAILURE_VIEW": "tianku.pages.errors.csrf_failure",
        "SECURE_REFERRER_POLICY": "strict-origin-when-cross-origin",
        "X_FRAME_OPTIONS": "SAMEORIGIN",
        "APPEND_SLASH": True,
        # Bodies were read and limited before they come here.
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 4 << 20,
        "TEMPLATES": [_templates()],
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        "STATIC_URL": "/static/",
        "STATIC_ROOT": str(Path(__file__).resolve().parent.parent / "static"),
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "tianku.pages.assets.CollectedFiles"},
        },
        "MEDIA_ROOT": str(data_root / "uploads" / "cms"),
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        **_languages(data_root),
        **_mail(options),
        **_accounts(options, signup=site.signup if site else False),
        **_documents(str(site.title) if site else "Tianku", url),
    }


def _templates() -> dict[str, Any]:
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tianku.pages.context.site",
            ],
            "builtins": ["django.templatetags.i18n", "tianku.pages.templatetags.tianku"],
        },
    }


def _languages(data_root: Path) -> dict[str, Any]:
    return {
        "LANGUAGES": [("en", "English"), ("zh-hans", "简体中文")],
        # Compiled from the texts in the package when a process starts.
        "LOCALE_PATHS": [str(data_root / "cache" / "locale" / __version__)],
        "USE_I18N": True,
    }


def _mail(options: Mapping[str, Any]) -> dict[str, Any]:
    sender = options.get("email_from") or "tianku@localhost"
    address = options.get("email_url")
    if not address:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
            "DEFAULT_FROM_EMAIL": sender,
        }
    parts = urlsplit(str(address))
    return {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or 25,
        "EMAIL_HOST_USER": parts.username or "",
        "EMAIL_HOST_PASSWORD": parts.password or "",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "DEFAULT_FROM_EMAIL": sender,
    }


def _accounts(options: Mapping[str, Any], signup: bool) -> dict[str, Any]:
    return {
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "ACCOUNT_ADAPTER": "tianku.pages.accounts.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"username", "email"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "email*", "password1*", "password2*"],
        "ACCOUNT_EMAIL_VERIFICATION": "mandatory" if options.get("email_url") else "none",
        "ACCOUNT_SESSION_REMEMBER": True,
        "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE": False,
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "account",
        "LOGOUT_REDIRECT_URL": "home",
        "TIANKU_SIGNUP": signup,
    }


def _documents(title: str, url: str | None) -> dict[str, Any]:
    return {
        "WAGTAIL_SITE_NAME": title,
        "WAGTAIL_I18N_ENABLED": True,
        "WAGTAIL_CONTENT_LANGUAGES": [("en", "English"), ("zh-hans", "简体中文")],
        "WAGTAILADMIN_PERMITTED_LANGUAGES": [("en", "English"), ("zh-hans", "简体中文")],
        "WAGTAILADMIN_BASE_URL": url or "",
        "WAGTAIL_ENABLE_UPDATE_CHECK": False,
        "WAGTAIL_ENABLE_WHATS_NEW_BANNER": False,
        "WAGTAIL_GRAVATAR_PROVIDER_URL": None,
        # passwords change on the account page, which ends other sessions and slows down guessing
        "WAGTAIL_PASSWORD_MANAGEMENT_ENABLED": False,
        "WAGTAILSEARCH_BACKENDS": {"default": {"BACKEND": "wagtail.search.backends.database"}},
    }
