"""What the API shows a rater and takes of them.

No shape here tells which model answered, what a judge or anybody else said, or whether the right answer is known; no
row is named by a number of its table but the campaign.
"""

from typing import Any

from rest_framework import serializers

from annotations.api import fields
from annotations.api.gathering import Gathered
from annotations.api.shapes import Id, Said, Shown
from annotations.api.texts import WrittenRule
from annotations.campaign_access import enrolments
from annotations.core.answers import LONGEST_COMMENT, MOST_POINTS
from annotations.core.taxonomy import SLUGS
from annotations.models import User
from annotations.models.ratings import SKIP_REASONS
from annotations.queries import rate_list
from annotations.services.free_slots import WHY_NOTHING
from annotations.services.ratings import LONGEST_NOTE

MOST_KEYS, HIGHEST = 8, 2**31 - 1


class RatingPlace(Gathered):
    """A campaign one rates in."""

    campaign = Id(source="campaign_id", help_text="Id of the campaign: the `id` in the addresses of ratings.")
    title = fields.text("What it is called.", source="campaign.title")
    organisation = fields.text("Name of the organisation it belongs to.", source="campaign.organisation.name")
    state = fields.text("Whether you can rate in it now, in two or three words.")
    begun = fields.yes("Whether you have read what it holds and begun it.")
    waiting = fields.whole("Items that wait for you.")
    done = fields.whole("Your answers that count.")
    quota = fields.whole("How many are asked of you; null for as many as you like.", allow_null=True)
    replies = fields.whole("Answers of leads to your flags that you have not read.")

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The places with what waits in each."""
        mine = enrolments(asker).filter(pk__in=[row.pk for row in rows])
        found = {one.enrolment.pk: one for one in rate_list.places(mine)}
        there = [row for row in rows if row.pk in found]
        for row in there:
            told = found[row.pk]
            row.state, row.begun, row.waiting, row.replies = told.state, told.begun, told.waiting, told.answers
            row.quota = told.quota
        return there


class Share(Shown):
    """How many items of a campaign carry a risk category."""

    category = fields.word("The category.", SLUGS)
    items = fields.whole("Items that carry it.")
    of = fields.whole("Of so many.")


class Bound(Shown):
    """How many items about harmful subjects one was handed, and may be."""

    what = fields.text("In which time: today, in this session, one after the other.")
    had = fields.whole("Items you were handed.")
    most = fields.whole("How many you may be; null for no bound.", allow_null=True)
    reached = fields.yes("Whether none is handed to you before this begins anew.")


class Start(Shown):
    """What a campaign holds, asks and keeps, and the person's own choices."""

    campaign = Id(help_text="Id of the campaign: the `id` in the addresses of ratings.")
    title = fields.text("What it is called.")
    about = fields.text("What it is for.")
    guideline = fields.whole("Number of its newest guideline; null without one.", allow_null=True)
    guideline_text = fields.text("That guideline, in Markdown.")
    support_contact = fields.text("Whom you can turn to when something weighs on you.")
    ask_risks = fields.yes("Whether you say which risk categories a response has.")
    items = fields.whole("All its items.")
    tagged = fields.whole("Those about harmful subjects.")
    shares = Share(many=True, help_text="How many carry each risk category.")
    begun = fields.yes("Whether you have begun it.")
    declined = fields.texts("Slugs of the categories you do not want; for you alone.")
    folds = fields.yes("Whether texts of the other categories begin folded.")
    left = fields.whole("Items that are left with these choices.")
    bounds = Bound(many=True, help_text="What bounds the items about harmful subjects.")
    active_seconds = fields.real("Your work since your last break.")
    break_minutes = fields.whole("Minutes of work before a break is proposed.")
    break_due = fields.yes("Whether a break is due.")


class Choices(Said):
    """What one does not want to be handed."""

    declined = serializers.ListField(
        child=serializers.ChoiceField(SLUGS),
        max_length=len(SLUGS),
        help_text="Slugs of the categories you do not want; an empty list for none.",
    )
    folds = fields.yes("Whether texts of the other categories begin folded.", required=False, default=False)


class RatedConfig(Shown):
    """The config by which a response is rated."""

    title = fields.text("What it is for.")
    language = fields.text("Language of its text.")
    version = fields.whole("Number of the version.", source="number")
    allowed = fields.texts("Slugs of the risk categories it opens.")
    policy = fields.text("The policy, in Markdown.")
    rules = WrittenRule(many=True, help_text="The rules.")


class GivenAnswer(Shown):
    """An own answer."""

    points = fields.whole(f"How helpful, 0 to {MOST_POINTS}.")
    follows_config = fields.yes("Whether the response follows the config.")
    broken_rules = fields.texts("Rules it breaks, as r2.")
    risks = fields.texts("Risk categories found; null where nobody asked.", allow_null=True)
    comment = fields.text("What you wrote.")


class RatingProgress(Shown):
    """How far one is."""

    done = fields.whole("Your answers that count.")
    of = fields.whole("Of so many; null without a quota.", allow_null=True)


class RatedItem(Shown):
    """An item as it stands before its rater."""

    key = fields.uid("Its name for you; another rater has another one.")
    until = fields.moment("Until when it is held for you; null for one you have answered.", allow_null=True)
    guideline = fields.whole("Number of the guideline to go by; 0 without one.")
    config = RatedConfig(help_text="The config by which it is rated.")
    prompt = fields.text("What a user asked.")
    language = fields.text("Language of the prompt.")
    response = fields.text("What was answered.")
    tags = fields.texts("Slugs of the risk categories you are warned of.")
    folded = fields.yes("Whether you want its texts folded at first.")
    ask_risks = fields.yes("Whether you say which risk categories the response has.")
    practice = fields.yes("Whether it is practice: the right answer is shown afterwards.")
    draft = fields.json("What you had begun to say; null for nothing.")
    answer = GivenAnswer(help_text="Your own answer, null before it.", allow_null=True)
    replaces = fields.uid("Token of that answer: send it along with another one.", allow_null=True)
    progress = RatingProgress(help_text="How far you are.")


class NextItem(Shown):
    """The item that is next, or why there is none."""

    item = RatedItem(help_text="The item; null when there is none.", allow_null=True)
    why = fields.word("Why there is none; empty when there is one.", ("", *WHY_NOTHING))
    words = fields.text("The same in a sentence; empty when there is one.")


class WantsNext(Said):
    """Which item."""

    ahead = fields.yes("True for the one after it, fetched before it is shown.", required=False, default=False)


class NewAnswer(Said):
    """What one says of a response."""

    token = fields.uid("A UUID of your own for this sending: sent again under it, nothing new is stored.")
    points = fields.whole(f"How helpful, 0 to {MOST_POINTS}.", min_value=0, max_value=MOST_POINTS)
    follows_config = fields.yes("Whether the response follows the config.")
    broken_rules = fields.texts("Rules it breaks, as r2.", required=False, max_length=1000)
    risks = fields.texts("Risk categories found, where the campaign asks.", required=False, max_length=len(SLUGS))
    comment = fields.text("What you want to add.", max_length=LONGEST_COMMENT, required=False, allow_blank=True)
    guideline = fields.whole("Number of the guideline you read.", min_value=1, max_value=HIGHEST, required=False)
    replaces = fields.uid("Token of your own answer that this one takes the place of.", required=False)
    queued = fields.yes("True for one that waited for a connection: its time is not measured.", required=False)


class RightAnswer(Shown):
    """The right answer of a practice item."""

    right = fields.yes("Whether yours is.")
    low = fields.whole("The fewest points that are right.")
    high = fields.whole("The most points that are right.")
    follows = fields.yes("Whether the response follows the config.")
    why = fields.text("Why.")


class SentAnswer(Shown):
    """A stored answer."""

    saved = fields.moment("When it was stored.")
    token = fields.uid("Its token.")
    again = fields.yes("Whether it had come before, and nothing new was stored.")
    progress = RatingProgress(help_text="How far you are now.")
    practice = RightAnswer(help_text="After a practice item the right answer, else null.", allow_null=True)
    break_due = fields.yes("Whether a break is due.")


class NewSkip(Said):
    """Why one passes on an item."""

    reason = fields.word("Why. It counts against nothing.", SKIP_REASONS)
    note = fields.text("What the lead should know.", max_length=LONGEST_NOTE, required=False, allow_blank=True)


class NewFlag(Said):
    """What the lead should know of an item."""

    text = fields.text("What the lead should know.", max_length=LONGEST_NOTE)


class Keys(Said):
    """Items that are held."""

    keys = serializers.ListField(
        child=fields.StrictUid(), max_length=MOST_KEYS, help_text="Keys of the items before you."
    )


class Holds(Shown):
    """Until when items are held."""

    held = serializers.DictField(
        child=serializers.DateTimeField(), help_text="Until when each is held; one that is not named is lost."
    )


class OwnAnswer(GivenAnswer):
    """An own answer in force."""

    key = fields.uid("Key of its item.", source="assignment.key")
    token = fields.uid("Its token: another answer names it as what it replaces.")
    seconds = fields.real("The time you worked on it; null where nobody could measure it.", allow_null=True)
    created_at = fields.moment("When it was sent.")
