from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_initial"), ("ledger", "0002_guard")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'What was done is never changed or removed.';
            END $$;
            CREATE TRIGGER trail_deed_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON trail_deed
                FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse();
            """,
            migrations.RunSQL.noop,
        ),
    ]
