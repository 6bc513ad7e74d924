from django.db import migrations, models


def forget(apps, schema_editor):
    """Forecasts without what they were made from are made again the next night."""
    apps.get_model("solvency", "Forecast").objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ("solvency", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
        migrations.AddField(
            model_name="forecast",
            name="base",
            field=models.JSONField(default=dict),
            preserve_default=False,
        ),
    ]
