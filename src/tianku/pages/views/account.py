"""The page where people see their account and make tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tianku.pages.views.pages import page
from tianku.state import repositories as state


class ProfileForm(forms.Form):
    """What people may change about themselves here."""

    display_name = forms.CharField(label=gettext_lazy("Name shown"), max_length=200, required=False)


class TokenForm(forms.Form):
    """A new token."""

    label = forms.CharField(label=gettext_lazy("What it is for"), max_length=100, required=False)
    days = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"),
        coerce=int,
        initial=90,
        choices=[
            (30, gettext_lazy("30 days")),
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("1 year")),
            (0, gettext_lazy("until revoked")),
        ],
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Profile, groups and tokens."""
    form = ProfileForm(request.POST or None, initial={"display_name": request.user.display_name})
    if request.method == "POST" and form.is_valid():
        state.set_display_name(request.user.username, form.cleaned_data["display_name"])
        messages.success(request, _("Saved."))
        return redirect("account")
    return _account_page(request, profile_form=form)


@never_cache
@login_required
@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Make a token; its secret is in this answer and nowhere else."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _account_page(request, token_form=form, status=400)
    days = form.cleaned_data["days"]
    secret, record = state.create_token(
        request.user.username,
        label=form.cleaned_data["label"],
        expires=timezone.now() + timedelta(days=days) if days else None,
    )
    return _account_page(request, secret=secret, new_token=record)


@never_cache
@login_required
@require_POST
def revoke_token(request: HttpRequest, token: int) -> HttpResponse:
    """End a token at once."""
    state.revoke_token(request.user.username, token)
    messages.success(request, _("The token no longer works."))
    return redirect("account")


@never_cache
@require_safe
def guarded_login(request: HttpRequest) -> HttpResponse:
    """Stand in for the login forms of the editor, which anybody could guess passwords at without an end."""
    if request.user.is_authenticated:
        # sent back by the editor, which is not for this account: the login page would return here
        raise PermissionDenied
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"{reverse('account_login')}{'?' if query else ''}{query}")


def _account_page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    username = request.user.username
    context = {
        "account": state.user(username),
        "tokens": state.tokens(username),
        "profile_form": ProfileForm(initial={"display_name": request.user.display_name}),
        "token_form": TokenForm(),
        **more,
    }
    return page(request, "tianku/account.html", context, status)
