import django.db.models.deletion
from django.db import migrations, models

BY_NUMBER = """
    ALTER TABLE payouts_bankfile DROP CONSTRAINT payouts_bankfile_pkey, DROP CONSTRAINT payouts_bankfile_number_key,
      ADD PRIMARY KEY (number);
    CREATE INDEX payouts_bankfile_run_id ON payouts_bankfile (run_id)
"""
BY_RUN = """
    DROP INDEX payouts_bankfile_run_id;
    ALTER TABLE payouts_bankfile DROP CONSTRAINT payouts_bankfile_pkey, ADD PRIMARY KEY (run_id), ADD UNIQUE (number)
"""
LISTED = """
    INSERT INTO payouts_topup (decision_id, run_id, amount, made_on)
    SELECT d.id, r.id, (d.terms ->> 'minor')::bigint, d.decided_on FROM governance_decision d
      JOIN payouts_payrun r ON r.id = (d.terms ->> 'run')::bigint
     WHERE d.kind = 'SHORTFALL' AND d.state = 'CONFIRMED';
    INSERT INTO payouts_madeup (top_up_id, payout_id, amount)
    SELECT d.id, p.id, t.amount FROM payouts_topup m JOIN governance_decision d ON d.id = m.decision_id
      JOIN payouts_payrun r ON r.id = m.run_id JOIN payouts_payout p ON p.run_id = r.id AND p.topped_up > 0
      JOIN claims_instalment i ON i.id = p.instalment_id JOIN claims_claim c ON c.id = i.claim_id
      JOIN ledger_transfer t ON t.book_id = 1 AND t.id = ledger_line_id(
           1, 'payrun/' || r.number || '/' || d.number || '/' || c.number || '/' || i.place, 0)
     ORDER BY p.id
"""
"""What decisions made up before is read from the journal, where each part has its key."""


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0003_instalment"),
        ("governance", "0001_initial"),
        ("ledger", "0002_guard"),
        ("payouts", "0003_bank_file"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(BY_NUMBER, BY_RUN)],
            [
                migrations.AlterField(
                    "bankfile", "number", models.CharField(max_length=12, primary_key=True, serialize=False)
                ),
                migrations.AlterField(
                    "bankfile",
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bank_files", to="payouts.payrun"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TopUp",
            fields=[
                ("decision", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="top_up", serialize=False, to="governance.decision")),
                ("amount", models.BigIntegerField()),
                ("made_on", models.DateField()),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="top_ups", to="payouts.payrun")),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="top_up_pays_something")],
            },
        ),
        migrations.CreateModel(
            name="MadeUp",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", models.BigIntegerField()),
                ("payout", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="made_up", to="payouts.payout")),
                ("top_up", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="payouts.topup")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("top_up", "payout"), name="made_up_once"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="made_up_pays_something"),
                ],
            },
        ),
        migrations.AddField(
            model_name="bankfile",
            name="top_up",
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="bank_file", to="payouts.topup"),
        ),
        migrations.AddConstraint(
            model_name="bankfile",
            constraint=models.UniqueConstraint(condition=models.Q(("top_up", None)), fields=("run",), name="one_bank_file_of_a_run"),
        ),
        migrations.RunSQL(LISTED, migrations.RunSQL.noop),
    ]
