from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0004_a_invites"),
    ]

    operations = [
        migrations.AddField(
            model_name="hook",
            name="later",
            field=models.JSONField(default=dict, editable=False),
        ),
    ]
