from pathlib import Path

from django.db import migrations

FIRST_ROWS = """
INSERT INTO ledger_currency (id, code, decimals) VALUES
    (1, 'EUR', 2), (2, 'USD', 2), (3, 'GBP', 2), (4, 'CHF', 2), (5, 'JPY', 0), (6, 'TND', 3),
    (7, 'CREDIT', 2), (8, 'HOUR', 0);
SELECT setval(pg_get_serial_sequence('ledger_currency', 'id'), 100);
INSERT INTO ledger_book (id, code) VALUES (1, 'coop'), (2, 'barter');
SELECT setval(pg_get_serial_sequence('ledger_book', 'id'), 100);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(FIRST_ROWS, migrations.RunSQL.noop),
    ]
