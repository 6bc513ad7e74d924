from django.db import migrations


def forget(apps, schema_editor):
    """What a forecast was made from is kept with its rules now: those kept without are made again the next night."""
    apps.get_model("solvency", "Forecast").objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ("solvency", "0002_base"),
    ]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
