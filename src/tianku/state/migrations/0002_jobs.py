"""Jobs, what they pin, and the row that orders their claims."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _first_turn(apps: Any, schema_editor: Any) -> None:
    apps.get_model("state", "JobTurn").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [
        ("state", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobTurn",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("claims", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("account", models.CharField(max_length=200)),
                ("run_id", models.CharField(blank=True, max_length=100)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("PENDING", "Pending"),
                            ("QUEUED", "Queued"),
                            ("EXECUTING", "Executing"),
                            ("COMPLETED", "Completed"),
                            ("ERROR", "Error"),
                            ("ABORTED", "Aborted"),
                        ],
                        default="PENDING",
                        max_length=10,
                    ),
                ),
                ("parameters", models.JSONField(default=list)),
                ("arguments", models.JSONField(null=True)),
                ("base_url", models.CharField(max_length=500)),
                ("created", models.DateTimeField()),
                ("queued", models.DateTimeField(null=True)),
                ("started", models.DateTimeField(null=True)),
                ("ended", models.DateTimeField(null=True)),
                ("destruction", models.DateTimeField()),
                ("quote", models.DateTimeField(null=True)),
                ("duration", models.PositiveIntegerField()),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("losses", models.PositiveIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=100)),
                ("lease", models.DateTimeField(null=True)),
                ("results", models.JSONField(default=list)),
                ("result_bytes", models.BigIntegerField(default=0)),
                ("error", models.JSONField(null=True)),
                ("info", models.JSONField(default=dict)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JobPin",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pins", to="state.job"
                    ),
                ),
                (
                    "publication",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pins", to="state.publication"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["phase", "queued"], name="job_turn"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["account", "created"], name="job_account"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["destruction"], name="job_destruction"),
        ),
        migrations.AddConstraint(
            model_name="jobpin",
            constraint=models.UniqueConstraint(fields=("job", "publication"), name="job_pin_once"),
        ),
        migrations.RunPython(_first_turn, migrations.RunPython.noop),
    ]
