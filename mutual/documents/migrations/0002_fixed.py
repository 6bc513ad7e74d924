from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial"), ("ledger", "0002_guard")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION documents_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'A document that was given out is never changed or removed.';
            END $$;
            CREATE TRIGGER documents_document_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON documents_document
                FOR EACH STATEMENT EXECUTE FUNCTION documents_refuse();
            """,
            "DROP TRIGGER documents_document_fixed ON documents_document; DROP FUNCTION documents_refuse();",
        ),
    ]
