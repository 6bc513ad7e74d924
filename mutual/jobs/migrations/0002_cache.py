from django.db import migrations


class Migration(migrations.Migration):
    """The table behind the database cache: rate limits must survive a flushed Redis (R-B6)."""

    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL,
                                         expires timestamptz NOT NULL);
            CREATE INDEX cache_expires ON cache (expires);
            """,
            "DROP TABLE cache",
        ),
    ]
