"""The ladder to begin with, and rules of limitation as leads: each with its source, none checked yet."""

import datetime as dt

from django.db import migrations

STEPS = [(1, 10, "FRIENDLY"), (2, 24, "PLAIN"), (3, 45, "FIRM")]

LONG_AGO = dt.date(2000, 1, 1)
RULES = [
    ("AT", LONG_AGO, 3, "DUE", "§ 1480 ABGB (payments that recur within a year); otherwise § 1478 ABGB: 30 years"),
    ("BE", LONG_AGO, 5, "DUE", "art. 2277 ancien Code civil (periodic payments)"),
    ("CH", LONG_AGO, 5, "DUE", "Art. 128 OR (periodic payments)"),
    ("DE", dt.date(2002, 1, 1), 3, "YEAR_END", "§§ 195, 199 BGB"),
    ("DK", dt.date(2008, 1, 1), 3, "DUE", "§ 3 forældelsesloven"),
    ("ES", dt.date(2015, 10, 7), 5, "DUE", "art. 1964.2 and 1966 Código Civil"),
    ("FR", dt.date(2008, 6, 19), 5, "DUE", "art. 2224 Code civil"),
    ("GB", LONG_AGO, 6, "DUE", "s. 5 Limitation Act 1980 (England and Wales; Scotland: 5 years, s. 6 Act of 1973)"),
    ("IE", LONG_AGO, 6, "DUE", "s. 11 Statute of Limitations 1957"),
    ("IT", LONG_AGO, 5, "DUE", "art. 2948 n. 4 Codice civile (payments that recur within a year)"),
    ("NL", LONG_AGO, 5, "DUE", "art. 3:308 BW (periodic payments)"),
    ("PL", dt.date(2018, 7, 9), 3, "YEAR_END", "art. 118 Kodeks cywilny (periodic payments)"),
    ("PT", LONG_AGO, 5, "DUE", "art. 310 Código Civil (periodic payments)"),
]


def begin(apps, schema_editor):
    step, rule = apps.get_model("dunning", "Step"), apps.get_model("dunning", "Limitation")
    for place, days, tone in STEPS:
        step.objects.create(place=place, days=days, tone=tone)
    for country, valid_from, years, begins, source in RULES:
        rule.objects.create(country=country, valid_from=valid_from, years=years, begins=begins, source=source)


class Migration(migrations.Migration):

    dependencies = [
        ('dunning', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
