from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_closing_by_the_databases_clock")]

    operations = [
        migrations.CreateModel(
            name="Turnover",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "month", "stripe", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("debit", models.BigIntegerField(default=0)),
                ("credit", models.BigIntegerField(default=0)),
                ("month", models.DateField()),
                ("stripe", models.SmallIntegerField()),
            ],
        ),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),
    ]
