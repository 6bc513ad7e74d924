from django.db import migrations

COUNT = """
CREATE OR REPLACE FUNCTION circles_count_seats() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    left_circle bigint;
    joined_circle bigint;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.joined_on IS NOT NULL AND OLD.left_on IS NULL THEN
        left_circle := OLD.circle_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.joined_on IS NOT NULL AND NEW.left_on IS NULL THEN
        joined_circle := NEW.circle_id;
    END IF;
    IF left_circle IS DISTINCT FROM joined_circle THEN
        UPDATE circles_circle SET size = size - 1 WHERE id = left_circle;
        UPDATE circles_circle SET size = size + 1 WHERE id = joined_circle;
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """A seat that stays taken is not counted down and up again: a circle of the smallest size would refuse that."""

    dependencies = [("circles", "0002_seats_are_counted")]

    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
