from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION vault_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'Who opened a vault is never changed or removed.';
            END $$;
            CREATE TRIGGER vault_opening_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON vault_opening
                FOR EACH STATEMENT EXECUTE FUNCTION vault_refuse();
            """,
            migrations.RunSQL.noop,
        ),
    ]
