from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0012_worker_swept")]

    operations = [
        migrations.AddField("evaluationrun", "prompt_count", models.PositiveIntegerField(null=True)),
        migrations.AddField("evaluationrun", "prompt_sum", models.PositiveBigIntegerField(null=True)),
    ]
