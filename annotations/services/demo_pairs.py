"""The demo's preference set: 32 pairs that were written by hand, so that training can be tried at once."""

from importlib import resources

from annotations.models import Organisation, PreferenceSet, User
from annotations.services import chores, import_files, preferences

FILE, TITLE = "demo.jsonl", "Sixteen prompts under two configs (demo)"
ABOUT = (
    "Written by hand. Each prompt stands once under a config that allows what it asks for, where the frank answer is "
    "the better one, and once under a children's library, where it is the worse one."
)


def load(organisation: Organisation) -> PreferenceSet:
    """The demo's preference set, its pairs read and compared with every benchmark. One that is there stays as it is."""
    there = PreferenceSet.objects.filter(organisation=organisation, title=TITLE).first()
    if there is not None:
        return there
    with resources.as_file(resources.files("annotations.data.preferences") / FILE) as path:
        upload = import_files.copied([path])
    if upload is None:
        raise FileNotFoundError(FILE)
    row = preferences.start(
        organisation=organisation,
        upload=upload,
        title=TITLE,
        actor=User.objects.get(username="ada"),
        about=ABOUT,
        licence="CC-BY-4.0",
        source="CoSA Web demo",
    )
    chores.do(PreferenceSet, row.pk, preferences.job, chores.worker_name())
    row.refresh_from_db()
    return row
