from django.db import migrations


class Migration(migrations.Migration):
    """What an issued invoice says is fixed by the database too: only its payments move."""

    dependencies = [("invoicing", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION invoicing_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.status <> 'DRAFT' AND (TG_OP = 'DELETE' OR
                    (NEW.member_id, NEW.client_id, NEW.kind, NEW.corrects_id, NEW.currency, NEW.number, NEW.issued_on,
                     NEW.issued_at, NEW.due_on, NEW.snapshot, NEW.digest, NEW.net, NEW.vat, NEW.gross)
                    IS DISTINCT FROM
                    (OLD.member_id, OLD.client_id, OLD.kind, OLD.corrects_id, OLD.currency, OLD.number, OLD.issued_on,
                     OLD.issued_at, OLD.due_on, OLD.snapshot, OLD.digest, OLD.net, OLD.vat, OLD.gross)
                    OR NEW.status = 'DRAFT') THEN
                    RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'An issued invoice is fixed.';
                END IF;
                RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
            END $$;
            CREATE TRIGGER invoicing_invoice_fixed BEFORE UPDATE OR DELETE ON invoicing_invoice
                FOR EACH ROW EXECUTE FUNCTION invoicing_fixed();

            CREATE FUNCTION invoicing_line_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT 1 FROM invoicing_invoice WHERE status <> 'DRAFT'
                            AND id = CASE WHEN TG_OP = 'INSERT' THEN NEW.invoice_id ELSE OLD.invoice_id END) THEN
                    RAISE EXCEPTION USING ERRCODE = 'ML005', MESSAGE = 'An issued invoice is fixed.';
                END IF;
                RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
            END $$;
            CREATE TRIGGER invoicing_line_fixed BEFORE INSERT OR UPDATE OR DELETE ON invoicing_line
                FOR EACH ROW EXECUTE FUNCTION invoicing_line_fixed();
            """,
            migrations.RunSQL.noop,
        ),
    ]
