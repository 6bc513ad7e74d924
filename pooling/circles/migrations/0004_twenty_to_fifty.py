import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

SMALLEST, LARGEST = 20, 50


def narrow(apps, schema_editor):
    """Terms and circles that were wider keep what they may: a circle that is too small by now goes on, but no more opens
    so.

    :raises RuntimeError: if a circle has more members than any may hold: who of them leaves is not for a migration
    """
    terms, circles = apps.get_model("circles", "Terms").objects, apps.get_model("circles", "Circle").objects
    if crowded := ", ".join(circles.filter(size__gt=LARGEST).values_list("name", flat=True)):
        raise RuntimeError(f"A circle holds {LARGEST} members at most. Let some leave first: {crowded}.")
    circles.filter(state="OPEN", size__lt=SMALLEST).update(state="SMALL")
    for rows in (terms, circles):
        rows.filter(smallest__lt=SMALLEST).update(smallest=SMALLEST)
        rows.filter(smallest__gt=LARGEST).update(smallest=LARGEST)
        rows.filter(largest__gt=LARGEST).update(largest=LARGEST)
        rows.filter(largest__lt=F("smallest")).update(largest=F("smallest"))
    # What waits to be checked until the end keeps tables from being altered: let it be checked now.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def closed_by_nobody(apps, schema_editor):
    """Back to when no circle could be closed.

    :raises RuntimeError: if one is
    """
    if apps.get_model("circles", "Circle").objects.filter(state="CLOSED").exists():
        raise RuntimeError("A circle was closed; the version before does not know how.")


class Migration(migrations.Migration):
    dependencies = [
        ("circles", "0003_only_seats_that_change_count"),
        ("governance", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint("circle", "circle_opened_on_a_day"),
        migrations.RemoveConstraint("terms", "circle_terms_make_sense"),
        migrations.RunPython(narrow, closed_by_nobody),
        migrations.AddField("circle", "closes_on", models.DateField(null=True)),
        migrations.AddField(
            "circle",
            "closing",
            models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="closed_circle",
                to="governance.decision",
            ),
        ),
        migrations.AlterField("terms", "largest", models.PositiveSmallIntegerField()),
        migrations.AlterField("terms", "smallest", models.PositiveSmallIntegerField()),
        migrations.AddConstraint(
            "circle",
            models.CheckConstraint(
                name="circle_of_twenty_to_fifty",
                condition=Q(smallest__gte=SMALLEST, largest__gte=F("smallest"), largest__lte=LARGEST),
            ),
        ),
        migrations.AddConstraint(
            "circle",
            models.CheckConstraint(
                name="circle_opened_on_a_day",
                condition=Q(state="FORMING", opened_on=None)
                | Q(state="CLOSED")
                | (~Q(state="FORMING") & Q(opened_on__isnull=False)),
            ),
        ),
        migrations.AddConstraint(
            "circle",
            models.CheckConstraint(
                name="circle_closes_by_decision",
                condition=Q(closes_on=None, closing=None) | Q(closes_on__isnull=False, closing__isnull=False),
            ),
        ),
        migrations.AddConstraint(
            "circle",
            models.CheckConstraint(
                name="circle_closed_is_empty", condition=~Q(state="CLOSED") | Q(size=0, closes_on__isnull=False)
            ),
        ),
        migrations.AddConstraint(
            "terms",
            models.CheckConstraint(
                name="circle_terms_make_sense",
                condition=Q(smallest__gte=SMALLEST, largest__gte=F("smallest"), largest__lte=LARGEST)
                & Q(premium_points__lte=10_000)
                & (Q(claim_retention=None) | Q(claim_retention__gte=0))
                & (Q(year_retention=None) | Q(year_retention__gte=0))
                & (Q(gift_limit=None) | Q(gift_limit__gt=0)),
            ),
        ),
    ]
