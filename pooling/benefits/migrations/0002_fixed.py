from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("benefits", "0001_initial"), ("ledger", "0002_guard")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION benefits_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'Rules that were adopted are never changed or removed.';
            END $$;
            CREATE TRIGGER benefits_ruleversion_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON benefits_ruleversion
                FOR EACH STATEMENT EXECUTE FUNCTION benefits_refuse();
            """,
            "DROP TRIGGER benefits_ruleversion_fixed ON benefits_ruleversion; DROP FUNCTION benefits_refuse();",
        ),
    ]
