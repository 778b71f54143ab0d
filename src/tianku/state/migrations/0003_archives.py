"""Selections of files, from which archives are made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("state", "0002_jobs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Archive",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("sets", models.JSONField()),
                ("numbers", models.BinaryField()),
                ("lost", models.JSONField(default=list)),
                ("used", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["used"], name="archive_used")],
            },
        ),
    ]
