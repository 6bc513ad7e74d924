"""Everybody's address in the register is the one she signs in with, confirmed; a change of it replaces it."""

from django.db import migrations, models

ADDRESSES = """
DELETE FROM account_emailaddress a USING members_user u
 WHERE a.user_id = u.id AND (lower(a.email) = lower(u.email) OR NOT a.verified);
INSERT INTO account_emailaddress (user_id, email, verified, "primary")
SELECT u.id, lower(u.email), true, NOT EXISTS (
           SELECT FROM account_emailaddress other WHERE other.user_id = u.id AND other."primary")
  FROM members_user u WHERE u.email <> ''
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
        ("members", "0003_belonging_again"),
    ]

    operations = [
        migrations.RunSQL(ADDRESSES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", ""), _negated=True), name="user_has_an_address"
            ),
        ),
    ]
