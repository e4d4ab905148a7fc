"""Words of the interface that stand where no marks can: in files of the registries, in tables of pure modules.

`python -m cosa_web.registry_words` prints them as a module in which they are marked; `make messages` reads that.
Pages say these words through the filter `said`, or through gettext where Python puts them together.
"""

import os
import sys
from collections.abc import Iterator

import django


def words() -> list[str]:
    """Each of the words once, in their order."""
    found = (*_registries(), *_training(), *_exports(), *_tables())
    return list(dict.fromkeys(text for text in found if text.strip()))


def _registries() -> Iterator[str]:
    """What the files of the folders are called, and what they say of themselves."""
    from annotations import exports, imports, lints
    from annotations.core import config_templates, folder, training_templates
    from training import clustering, engines, judges, strategies

    for template in config_templates.all():
        yield from (template.label, template.about)
    for name in training_templates.names():
        yield training_templates.load(name).label
    for name in judges.names():
        yield from (judges.load(name).label, judges.load(name).about)
    for name in lints.names():
        yield from lints.about(name)
    for name in imports.names():
        yield from (imports.load(name).LABEL, imports.load(name).ABOUT)
    for name in strategies.names():
        strategy = strategies.load(name)
        yield from (strategy.label, strategy.about)
        for setting in strategy.settings:
            yield from (setting.label, setting.help, setting.zero, *(said for _, said in setting.choices))
    yield from (engines.label(name) for name in folder.names(engines.__name__))
    yield from (clustering.label(name) for name in clustering.names())
    yield from (label for _, label in exports.choices(dataset=True))


def _training() -> Iterator[str]:
    """Settings and starts of trainings and recipes."""
    from training.recipes import settings
    from training.services.building import presets

    for told in settings.about().values():
        yield from (told.label, told.group, told.help)
    for preset in (*settings.PRESETS.values(), *presets.PRESETS.values()):
        yield from (preset.label, preset.about)


def _exports() -> Iterator[str]:
    """Shapes and columns of what is taken away, as the pages explain them."""
    from annotations.exports import _training as pairs
    from annotations.queries import prompt_shapes, rating_shapes
    from training import training_metrics

    for shape in (*prompt_shapes.SHAPES.values(), *rating_shapes.SHAPES.values()):
        yield from (shape.label, shape.about, *(column.about for column in shape.columns))
    for table in pairs.SHAPES.values():
        yield from (table.label, table.about, *(column.about for column in table.columns))
    yield from pairs.TARGETS.values()
    yield from (column.about for column in training_metrics.COLUMNS.values())


def _tables() -> Iterator[str]:
    """Tables of modules that import no Django."""
    from annotations.core import dataset_card, labelling, taxonomy, verdicts
    from annotations.queries import validation
    from training import compare, correction, refusals

    yield from labelling.WORDS.values()
    yield from taxonomy.KINDS
    yield from (word.replace("_", " ") for word in verdicts.REFUSALS)
    for section in dataset_card.SECTIONS:
        yield from (section.title, section.help)
    yield from compare.CHANGES.values()
    yield from (*validation.STATES, "warning", "hint")
    yield from (correction.JUDGE, correction.PEOPLE, correction.CORRECTED, refusals.NONE_JUDGED)


def main() -> None:
    """Prints the module."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
    django.setup()
    sys.stdout.write("from django.utils.translation import gettext_noop\n\n")
    sys.stdout.writelines(f"gettext_noop({text!r})\n" for text in words())


if __name__ == "__main__":
    main()
