"""What the API shows of campaigns to those who lead or read them, and what it takes to make or change one."""

from typing import Any

from annotations import models
from annotations.api import fields
from annotations.api.configs import Organisation
from annotations.api.gathering import Gathered
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.models import User
from annotations.models.campaigns import CAMPAIGN_STATES
from annotations.queries import agreement_table
from annotations.queries import campaign_people as people
from annotations.queries import campaigns as queries
from annotations.queries.rating_agreement import RaterLine
from annotations.services import guidelines
from annotations.services.campaigns import BOUNDS, LONGEST, MAY_BE_NONE

ABOUT = {
    "seed": "Decides the order of the items, and which of them the share is.",
    "quota": "Answers of one person, at most; null for no bound.",
    "lease_minutes": "Minutes an item is held for a person.",
    "tagged_in_row": "Items with risk categories in a row, at most; null for no bound.",
    "session_cap": "Items with risk categories in one session, at most; null for no bound.",
    "day_cap": "Items with risk categories in one day, at most; null for no bound.",
    "break_minutes": "Minutes of work before a break is proposed.",
    "overlap": "Ratings of an item that is in the share.",
    "overlap_share": "Share of the items that get them, in percent; the others get one.",
}


class Tally(Shown):
    """Answers of a campaign, or of a part of it."""

    done = fields.whole("Answers that were given.")
    held = fields.whole("Answers in somebody's hand now.")
    left = fields.whole("Answers that are left for anybody.")


class Progress(Tally):
    """How far one config of a campaign is."""

    config = fields.text("Title of the config; null for its practice and gold items.", allow_null=True)


class Campaign(Gathered):
    """A campaign: responses that people rate blind."""

    id = Id(source="pk", help_text="Id of the campaign.")
    title = fields.text("What it is called.")
    organisation = Organisation(help_text="Whose it is.")
    state = fields.word("Where it stands.", CAMPAIGN_STATES)
    items = fields.whole("Items to rate.", source="item_count")
    people = fields.whole("People who rate in it.", source="people_count")
    answers = fields.whole("Answers that were given.", source="answer_count")
    asked_for = fields.whole("Answers that are asked for.", source="wanted_count")
    created_by = Person(help_text="Who made it.")
    created_at = fields.moment("When it was made.")
    opened_at = fields.moment("When it was opened first; null before.", allow_null=True)
    closed_at = fields.moment("When it was closed; null before.", allow_null=True)

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The campaigns with what is counted of each."""
        for one in queries.listed(rows):
            row: Any = one.campaign
            row.item_count, row.people_count = one.items, one.people
            row.answer_count, row.wanted_count = one.done, one.total
        return rows


class WholeCampaign(Campaign):
    """A campaign with its settings and how it stands."""

    about = fields.text("What it is for; raters read it.")
    support_contact = fields.text("Whom raters can turn to.")
    ask_risks = fields.yes("Whether raters say which risk categories a response has.")
    seed = fields.whole(ABOUT["seed"])
    overlap = fields.whole(ABOUT["overlap"])
    overlap_share = fields.whole(ABOUT["overlap_share"])
    quota = fields.whole(ABOUT["quota"], allow_null=True)
    lease_minutes = fields.whole(ABOUT["lease_minutes"])
    tagged_in_row = fields.whole(ABOUT["tagged_in_row"], allow_null=True)
    session_cap = fields.whole(ABOUT["session_cap"], allow_null=True)
    day_cap = fields.whole(ABOUT["day_cap"], allow_null=True)
    break_minutes = fields.whole(ABOUT["break_minutes"])
    guideline = fields.whole("Number of its newest guideline; null without one.", allow_null=True)
    several = fields.whole("Items that get more than one rating.")
    progress = Tally(help_text="All answers together.", source="standing.all")
    by_config = Progress(many=True, help_text="How far each config is, and the practice and gold items.")
    last_hour = fields.whole("Answers of the last hour.", source="standing.last_hour")
    seconds_left = fields.real("How long the rest takes at that pace; null while nobody answers.", allow_null=True)
    in_hand_until = fields.moment("Until when the last item is held; null for none.", allow_null=True)
    skips = fields.counts("How often raters passed on an item, by reason; what was too distressing is left out.")
    missing = fields.texts("What a draft lacks before it can open, in sentences.")
    seen = fields.text("Stands for the settings as they are now: send it along when you change them.")


def _bounded(name: str, **options: Any) -> Any:
    least, most = BOUNDS[name]
    empty = {"allow_null": name in MAY_BE_NONE}
    return fields.whole(ABOUT[name], min_value=least, max_value=most, required=False, **empty, **options)


class CampaignSettings(Said):
    """What a lead decides about a campaign."""

    title = fields.text("What it is called.", max_length=LONGEST["title"])
    about = fields.text("What it is for.", max_length=LONGEST["about"], required=False, allow_blank=True)
    ask_risks = fields.yes("Whether raters say which risk categories a response has.", required=False)
    seed = _bounded("seed")
    quota = _bounded("quota")
    lease_minutes = _bounded("lease_minutes")
    tagged_in_row = _bounded("tagged_in_row")
    session_cap = _bounded("session_cap")
    day_cap = _bounded("day_cap")
    break_minutes = _bounded("break_minutes")
    support_contact = fields.text(
        "Whom raters can turn to; needed once an item has a risk category.",
        max_length=LONGEST["support_contact"],
        required=False,
        allow_blank=True,
    )


class ChangedCampaign(CampaignSettings):
    """Other settings; what is left out stays as it is."""

    seen = fields.text("The `seen` of the campaign you had before you.", max_length=64, required=False)


class NewCampaign(CampaignSettings):
    """A new campaign, a draft without items."""

    organisation = Id(help_text="Id of an organisation you lead.")
    overlap = _bounded("overlap")
    overlap_share = _bounded("overlap_share")
    guideline = fields.text(
        "Its first guideline, in Markdown; the usual one without it.",
        max_length=guidelines.LONGEST_TEXT,
        required=False,
        allow_blank=True,
    )


class Place(Gathered):
    """One person's place in a campaign. What somebody does not want to be handed is theirs alone and not told."""

    id = Id(source="pk", help_text="Id of the place.")
    person = Person(source="rater", help_text="Who rates.")
    group = fields.text("The group by which they came; null for themselves.", source="group.name", allow_null=True)
    quota = fields.whole("Their own quota; null for the campaign's.", allow_null=True)
    done = fields.whole("Answers that count.")
    holds = fields.whole("Items they hold now.")
    kept = fields.whole("Items that are kept for them alone.")
    opens_runs = fields.yes("Whether they may open the runs that the responses come from.")
    accepted_at = fields.moment("When they began; null before.", allow_null=True)
    paused_at = fields.moment("Since when they are handed nothing; null while they are.", allow_null=True)
    created_at = fields.moment("When they came to the campaign.")

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The places with what is counted of each; all are of one campaign."""
        if not rows:
            return rows
        for one in people.places(rows[0].campaign, rows):
            row: Any = one.enrolment
            row.holds, row.kept, row.opens_runs = one.holds, one.kept, one.opens_runs
        return rows


class AgreementFigure(Shown):
    """A figure of how far raters agree, on all items or on a group of them."""

    group = fields.word("What it is of: the whole campaign, a config or a kind of prompt.", ("whole", "config", "kind"))
    of = fields.text("Which config or kind; empty for the whole.")
    question = fields.word("What was said.", (agreement_table.FOLLOWS, agreement_table.POINTS))
    figure = fields.text("The measure, with its weights.")
    value = fields.real("The figure; null where it is undefined.", allow_null=True)
    low = fields.real("Lower end of its 95 % interval; null without one.", allow_null=True)
    high = fields.real("Upper end of it; null without one.", allow_null=True)
    items = fields.whole("Items with two answers or more.")
    answers = fields.whole("Answers on them.")
    raters = fields.whole("People who gave them.")
    items_with_one_answer = fields.whole("Items with one answer, which say nothing of agreement.")
    undefined = fields.text("Why there is no figure; null where there is one.", allow_null=True)


class RaterFacts(Shown):
    """How one rater stands beside the rest, as a number: no name, and nothing of what they passed on."""

    number = fields.whole("The rater's number in this campaign.")
    answers = fields.whole("Answers in force.")
    per_hour = fields.real("Answers in an hour of work; null with nothing measured.", allow_null=True)
    seconds = fields.real("Median seconds of an answer; null with nothing measured.", allow_null=True)
    same = fields.real("How often most others said the same yes or no, 0 to 1; null for too few.", allow_null=True)
    apart = fields.real("Mean distance from the others' points; null for too few.", allow_null=True)
    gold_right = fields.whole("Gold answers that were right.")
    gold = fields.whole("Gold answers.")
    edits = fields.whole("Answers they changed.")


class Agreement(Shown):
    """How far the raters of a campaign agree."""

    figures = AgreementFigure(many=True, help_text="Every figure, a row each.")
    raters = RaterFacts(many=True, help_text="Each rater beside the rest.")


def of_rater(line: RaterLine) -> dict[str, Any]:
    """The facts of one rater by name."""
    told, gold = line.facts, line.gold
    facts = (told.n, told.per_hour, told.seconds, told.same.value, told.apart) if told else (0, None, None, None, None)
    names = ("answers", "per_hour", "seconds", "same", "apart")
    counted = {"number": line.number, "gold_right": gold.hits, "gold": gold.n, "edits": line.edits}
    return counted | dict(zip(names, facts, strict=True))


def of_table(campaign: models.Campaign) -> list[dict[str, Any]]:
    """The rows of the table of agreement by name."""
    return [dict(zip(agreement_table.COLUMNS, row, strict=True)) for row in agreement_table.rows(campaign)]
