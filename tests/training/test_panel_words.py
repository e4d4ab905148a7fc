"""How often each answer was given, in words a person reads at a glance."""

from annotations.core.verdicts import Verdict
from training import panel_words

YES, NO = Verdict(follows_config=True), Verdict(follows_config=False)


def test_the_samples_of_a_judge_are_counted_against_all_of_them():
    assert panel_words.of_samples([YES, NO, YES, YES, NO]) == [("follows the config", "3 of 5 say yes, 2 say no")]
    assert panel_words.of_samples([YES, YES, Verdict()]) == [("follows the config", "2 of 3 say yes, 1 unscored")]


def test_ratings_are_told_as_people_give_them_and_labels_without_underscores():
    assert panel_words.of_samples([Verdict(0.8), Verdict(0.6), Verdict(0.8)]) == [
        ("helpful, 0 to 5", "2 of 3 say 4, 1 say 3")
    ]
    assert panel_words.of_samples([Verdict(refusal="full_refusal")] * 2) == [("refusal", "2 of 2 say full refusal")]


def test_a_risk_has_a_line_only_where_a_sample_flagged_it():
    samples = [Verdict(risks=frozenset({"drugs"})), Verdict(risks=frozenset({"drugs"})), Verdict(risks=frozenset())]
    assert panel_words.of_samples(samples) == [("Drugs", "2 of 3 say yes, 1 say no")]


def test_judges_that_agree_or_do_not_speak_of_the_same_are_not_split():
    assert panel_words.of_judges([(YES, False), (YES, False), (Verdict(helpfulness=1.0), False)]) == []


def test_judges_are_counted_only_where_they_give_the_value():
    split = panel_words.of_judges([(YES, False), (NO, False), (Verdict(helpfulness=1.0), False)])
    assert split == [("follows the config", "1 of 2 say no, 1 say yes")]


def test_a_heuristic_does_not_split_judges_that_count_for_more():
    assert panel_words.of_judges([(YES, False), (NO, True)]) == []
    assert len(panel_words.of_judges([(YES, True), (NO, True)])) == 1
