from django.db import migrations
from django.db.models import Count, Sum


def count_calls(apps, schema_editor):
    """Runs that were made before know what they spent."""
    calls = apps.get_model("training", "Call").objects
    for run in apps.get_model("training", "EvaluationRun").objects.all():
        spent = calls.filter(item__run=run).aggregate(n=Count("pk"), read=Sum("tokens_in"), written=Sum("tokens_out"))
        run.calls = run.unpriced_calls = spent["n"]
        run.spent_tokens = (spent["read"] or 0) + (spent["written"] or 0)
        run.save(update_fields=["calls", "unpriced_calls", "spent_tokens"])


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0004_evaluation'),
    ]

    operations = [
        migrations.RunPython(count_calls, migrations.RunPython.noop),
    ]
