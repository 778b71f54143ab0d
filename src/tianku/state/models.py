"""Tables of the state database."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager):
    """Creates users; names are compared as they are normalised (NFKC)."""

    def create_user(self, username: str, email: str = "", password: str | None = None, **more: Any) -> User:
        """Create a user; without a password nobody can log in with one."""
        user = self.model(
            username=self.model.normalize_username(username), email=self.normalize_email(email), **more
        )
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, email: str = "", password: str | None = None, **more: Any) -> User:
        """Create an operator (the name that Django's commands use)."""
        return self.create_user(username, email, password, is_superuser=True, **more)


class User(AbstractBaseUser, PermissionsMixin):
    """A person; operators are Django's superusers, so that the CMS and the admin agree with us."""

    username = models.CharField(
        _("username"), max_length=150, unique=True, validators=[UnicodeUsernameValidator()]
    )
    email = models.EmailField(_("email address"), blank=True)
    display_name = models.CharField(_("name shown"), max_length=200, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.display_name or self.username

    def clean(self) -> None:
        """Normalise name (NFKC) and address (its domain in small letters)."""
        super().clean()
        self.email = type(self).objects.normalize_email(self.email)

    @property
    def is_operator(self) -> bool:
        """Whether this person runs the installation."""
        return bool(self.is_superuser)

    @property
    def is_staff(self) -> bool:
        """What Django's admin asks for."""
        return self.is_operator

    def get_full_name(self) -> str:
        """Return the name shown to people."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the name shown to people."""
        return str(self)


class Token(models.Model):
    """A personal access token; only the SHA-256 of its secret is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=100, blank=True)
    hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]


class Publication(models.Model):
    """One revision of a dataset; at most one of a dataset is published."""

    class State(models.TextChoices):
        """Where a revision stands."""

        BUILT = "built"
        PUBLISHED = "published"
        WITHDRAWN = "withdrawn"

    dataset = models.CharField(max_length=200)
    revision = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.BUILT)
    manifest = models.CharField(max_length=500)
    built_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["dataset", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "revision"], name="publication_revision"),
            models.UniqueConstraint(
                fields=["dataset"], condition=models.Q(state="published"), name="publication_one_published"
            ),
        ]


class PolicyOverride(models.Model):
    """A rule that replaces the configured one of a dataset, table or product set."""

    resource = models.CharField(max_length=300, unique=True)
    rule = models.JSONField()
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["resource"]


class Generation(models.Model):
    """One row: a number that rises with every publish, withdraw or policy change."""

    value = models.BigIntegerField(default=1)


class Job(models.Model):
    """A UWS job. Workers change it only where `attempt`, which rises with every claim, is still theirs."""

    class Phase(models.TextChoices):
        """UWS 1.1, 2.1.3: those that a job of ours can be in."""

        PENDING = "PENDING"
        QUEUED = "QUEUED"
        EXECUTING = "EXECUTING"
        COMPLETED = "COMPLETED"
        ERROR = "ERROR"
        ABORTED = "ABORTED"

    id = models.CharField(max_length=32, primary_key=True)
    kind = models.CharField(max_length=40)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="jobs")
    #: who quotas and turns are counted for: ``user:<name>``, or a keyed digest of where an anonymous one is
    account = models.CharField(max_length=200)
    run_id = models.CharField(max_length=100, blank=True)
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.PENDING)
    parameters = models.JSONField(default=list)
    arguments = models.JSONField(null=True)
    base_url = models.CharField(max_length=500)
    created = models.DateTimeField()
    queued = models.DateTimeField(null=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    destruction = models.DateTimeField()
    quote = models.DateTimeField(null=True)
    duration = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField(default=0)
    #: attempts that ended without a word
    losses = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    lease = models.DateTimeField(null=True)
    results = models.JSONField(default=list)
    result_bytes = models.BigIntegerField(default=0)
    error = models.JSONField(null=True)
    info = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["phase", "queued"], name="job_turn"),
            models.Index(fields=["account", "created"], name="job_account"),
            models.Index(fields=["destruction"], name="job_destruction"),
        ]


class JobPin(models.Model):
    """A snapshot that a running job reads, and which therefore stays."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="pins")
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="pins")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "publication"], name="job_pin_once")]


class JobTurn(models.Model):
    """One row whose lock puts the claims of all workers in one order."""

    claims = models.BigIntegerField(default=0)


class Archive(models.Model):
    """Which files somebody put together for download; its bytes are made when they are asked for."""

    digest = models.CharField(max_length=64, primary_key=True)
    sets = models.JSONField()
    numbers = models.BinaryField()
    #: members found missing: index of the set, digest of its tree, number
    lost = models.JSONField(default=list)
    used = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["used"], name="archive_used")]
