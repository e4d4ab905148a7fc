from django.db import migrations, models

from annotations.index_beside import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("training", "0013_prompts_of_a_run")]

    operations = [
        AddIndexBeside("runitem", models.Index(fields=["version", "run"], name="runitem_of_version")),
    ]
