"""Addresses of the site; each exists in both languages but the editor's."""

from __future__ import annotations

from allauth.account import urls as account_urls
from django.urls import include, path, re_path
from wagtail import urls as document_urls
from wagtail.admin import urls as editor_urls

from tianku.pages.language import in_both_languages
from tianku.pages.views import account, catalogue, difference, home, jobs, match, product, query

_DATASET = r"^data/(?P<dataset>[a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9.-]*){0,2})/"
_LATEST = r"^data/(?P<prefix>[a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9.-]*)?)/latest/(?P<rest>.*)$"
_TABLE = _DATASET + r"tables/(?P<table>[a-z][a-z0-9_]*)/"
_SET = _DATASET + r"products/(?P<product_set>[A-Za-z0-9_.-]+)/"

urlpatterns = [
    path("admin/cms/login/", account.guarded_login),
    path("admin/cms/", include(editor_urls)),
    *in_both_languages(
        path("docs/_util/login/", account.guarded_login),
        path("", home.home, name="home"),
        path("data/", catalogue.datasets, name="datasets"),
        re_path(_LATEST, catalogue.latest, name="latest"),
        re_path(_TABLE + r"$", catalogue.table, name="table"),
        re_path(_TABLE + r"query$", query.table_query, name="table_query"),
        re_path(_SET + r"$", product.products, name="products"),
        re_path(_SET + r"(?P<key>.+)$", product.product, name="product"),
        re_path(_DATASET + r"difference/(?P<other>[a-z0-9./-]+)/$", difference.difference, name="difference"),
        re_path(_DATASET + r"downloads/$", catalogue.downloads, name="downloads"),
        re_path(_DATASET + r"$", catalogue.dataset, name="dataset"),
        path("search", query.search, name="search"),
        path("sql", query.sql, name="sql"),
        path("match", match.match, name="match"),
        path("jobs", jobs.jobs, name="jobs"),
        path("jobs/<str:job>", jobs.job, name="job"),
        path("account/", account.profile, name="account"),
        path("account/tokens/", account.create_token, name="token_create"),
        path("account/tokens/<int:token>/revoke", account.revoke_token, name="token_revoke"),
        path("account/", include(account_urls)),
        path("docs/", include(document_urls)),
    ),
]

handler400 = "tianku.pages.errors.bad_request"
handler403 = "tianku.pages.errors.forbidden"
handler404 = "tianku.pages.errors.not_found"
handler500 = "tianku.pages.errors.server_error"
