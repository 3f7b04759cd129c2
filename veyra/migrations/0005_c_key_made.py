from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('veyra', '0004_d_security'),
    ]

    operations = [
        migrations.AlterField(
            model_name='securityevent',
            name='kind',
            field=models.CharField(choices=[('dial_prefix', 'Call to a number that may not be called'), ('dial_at_once', 'Too many calls out at once'), ('dial_minutes', "The day's minutes of calls out used up"), ('stranger', 'Call let in from an address that is not in the list'), ('login_attack', 'Many wrong passwords'), ('new_owner', 'A new owner'), ('factor_off', 'Second factor switched off'), ('invite_used', 'Invitation used'), ('token_made', 'Token for LiveKit made'), ('key_made', 'Key for a program made'), ('mass_export', 'Much was taken as files'), ('many_refused', 'Many calls of one address turned away')], max_length=20, verbose_name='what'),
        ),
    ]
