"""Files that come from people go out as files: no browser runs what somebody uploaded.

That every answer of every address to every person is harmless, `tests/test_access.py` sees on its walk.
"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.urls import reverse

from annotations.models import PromptImport
from tests.factories import make_benchmark, make_prompt
from tests.security.disarm import harm

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
SAFE = {"X-Content-Type-Options": "nosniff", "Content-Disposition": 'attachment; filename="x"'}
PAGE = SAFE | {"Content-Security-Policy": "default-src 'self'"}


@pytest.mark.parametrize(
    ("kind", "without", "harmless"),
    [
        ("text/csv", "", True),
        ("text/csv", "Content-Disposition", False),
        ("text/csv", "X-Content-Type-Options", False),
        ("image/svg+xml", "", False),
        ("text/html", "", False),
        ("text/html", "Content-Disposition", True),
        ("application/json", "Content-Disposition", True),
        ("text/plain", "Content-Disposition", False),
    ],
)
def test_the_look_at_answers_tells_them_apart(kind, without, harmless):
    headers = {name: value for name, value in PAGE.items() if name != without}
    assert (harm(HttpResponse(b"x", content_type=kind, headers=headers)) == "") is harmless


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["x.svg", "x.html", "x.csv", "x.jsonl"])
@pytest.mark.parametrize("content", [SVG, b"GIF89a/*" + SVG + b"*/", b"text,kind\n" + SVG + b",safe\n"])
def test_an_upload_is_never_sent_back_as_it_came(as_person, name, content):
    """Whether it is read as a table or refused: no address of its import gives more than pages and tables."""
    benchmark, ada = make_benchmark(), as_person("ada")
    sent = {"file": SimpleUploadedFile(name, content, content_type="image/svg+xml")}
    answers = [ada.post(reverse("annotations:import-list", args=[benchmark.pk]), sent)]
    for made in PromptImport.objects.all():
        for part in ("detail", "problems"):
            answers.append(ada.get(reverse(f"annotations:import-{part}", args=[made.pk])))
    assert [harm(one) for one in answers] == [""] * len(answers)
    assert not any(SVG[-20:] in b"".join(one) for one in answers if not one.headers.get("Content-Disposition"))


@pytest.mark.django_db
@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_text_that_is_a_page_leaves_as_a_file(as_person, format):
    prompt = make_prompt(text=SVG.decode())
    answer = as_person("ada").get(reverse("annotations:prompt-export", args=[prompt.benchmark_id]), {"format": format})
    assert answer.status_code == 200 and harm(answer) == ""
