"""The look at every page of the browser tests sees a content policy that is broken."""

import pytest

from tests.browser.conftest import BROKEN_POLICY

BREAK = {
    "style": "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p {}'}))",
    "script": "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))",
    "img": "new Image().src = 'https://elsewhere.invalid/x.png'",
}


@pytest.mark.django_db(transaction=True)
def test_a_broken_policy_would_fail_the_test(window):
    page = window.open("/login/")
    for what, script in BREAK.items():
        with page.expect_console_message(lambda said: said.text.startswith(BROKEN_POLICY)) as told:
            page.evaluate(f"() => {{ {script} }}")
        assert what in told.value.text
    assert page.evaluate("window.ran") is None
    assert len([one for one in window.complaints if one.startswith(BROKEN_POLICY)]) == 3
    window.complaints.clear()
