from django.db import migrations

COUNT = """
CREATE FUNCTION circles_count_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.joined_on IS NOT NULL AND OLD.left_on IS NULL THEN
        UPDATE circles_circle SET size = size - 1 WHERE id = OLD.circle_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.joined_on IS NOT NULL AND NEW.left_on IS NULL THEN
        UPDATE circles_circle SET size = size + 1 WHERE id = NEW.circle_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER circles_seat_counted AFTER INSERT OR UPDATE OR DELETE ON circles_seat
    FOR EACH ROW EXECUTE FUNCTION circles_count_seats();
"""


class Migration(migrations.Migration):
    """The database counts a circle's seats, so that its constraints hold whoever writes."""

    dependencies = [("circles", "0001_initial")]

    operations = [
        migrations.RunSQL(
            COUNT, "DROP TRIGGER circles_seat_counted ON circles_seat; DROP FUNCTION circles_count_seats();"
        )
    ]
