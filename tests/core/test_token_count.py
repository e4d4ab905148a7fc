"""The estimate stays near what a real tokenizer counted; the counts below are SmolLM2's own, asked of its server."""

import pytest

from annotations.core.token_count import estimate

COUNTED = [
    (
        "Patients of the clinic ask about their medicines. Explain doses that are on the leaflet; anything beyond it "
        "belongs to the physician on duty, whose number stands at the top of each page.",
        37,
        0.07,
    ),
    (
        "Teachers prepare lessons about the war for pupils of fourteen. Photographs are described, never shown; names "
        "of perpetrators may be given where history books give them.",
        30,
        0.07,
    ),
    (
        "يعمل فريقنا في مستشفى للأطفال. يمكن شرح الأدوية بلغة بسيطة، أما الجرعات فيحددها الطبيب وحده، ولا نعطي نصائح "
        "طبية لحالات الطوارئ.",
        129,
        0.07,
    ),
    (
        "Учителя готовят уроки по истории для школьников. Можно говорить о войне, но без жестоких подробностей и без "
        "пропаганды.",
        90,
        0.07,
    ),
    ("银行的客服团队可以解释如何识别诈骗，但不得提供实施诈骗的步骤。遇到紧急情况请转给人工。", 82, 0.07),
    (
        "Die Redaktion prüft Beiträge von Leserinnen und Lesern. Beleidigungen dürfen zitiert werden, wenn sie "
        "Gegenstand der Meldung sind; Anschriften bleiben ungenannt.",
        62,
        0.31,
    ),
    (
        "La rédaction vérifie les contributions des lecteurs. On peut citer une injure si elle est l'objet du "
        "signalement; les adresses privées restent secrètes.",
        47,
        0.31,
    ),
    ("2024-03-15 10:22, 3.14159, 1 000 000, 192.168.0.1, +49 30 1234567", 64, 0.21),
]


@pytest.mark.parametrize(("text", "counted", "off"), COUNTED, ids=range(len(COUNTED)))
def test_the_estimate_is_as_near_as_its_docstring_says(text, counted, off):
    assert abs(estimate(text) - counted) / counted <= off


@pytest.mark.parametrize("text", ["", " ", "\n\n \t"])
def test_nothing_to_see_is_no_token(text):
    assert estimate(text) == 0


@pytest.mark.parametrize("text", ["a", "é", "ع", "字", "😀", "7", "."])
def test_one_visible_sign_is_at_least_one_token(text):
    assert estimate(text) >= 1


def test_a_line_is_read_in_its_own_language():
    english = "The team may explain how a fraud is recognised, and never how it is done."
    german = "Unsere Redaktion beantwortet Leseranfragen ausschließlich schriftlich, niemals telefonisch."
    assert estimate(f"{english}\n{german}") == pytest.approx(estimate(english) + estimate(german), abs=2)


def test_a_longer_text_is_never_estimated_shorter():
    text = "Weapons may be named, نحن 😀 only. " * 20
    sizes = [estimate(text[:end]) for end in range(0, len(text), 7)]
    assert sizes[0] == 0 and sizes[-1] > 100
