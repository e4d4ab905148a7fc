"""Filters that change a list in place: the address tells what is chosen, and going back shows the list as it was."""

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TookTooLong

LISTS = "form[hx-push-url] select, form:has([hx-push-url]) select"
PATIENCE_MS = 10_000


def problems(page: Page) -> list[str]:
    """What is wrong with the filters of the open page, at most one sentence; nothing where it has none."""
    choices = [one for one in page.query_selector_all(LISTS) if len(one.query_selector_all("option")) > 1]
    if not choices:
        return []
    name, begun = choices[0].get_attribute("name"), choices[0].input_value()
    options = [option.get_attribute("value") for option in choices[0].query_selector_all("option")]
    other = next(value for value in reversed(options) if value != begun)
    address = page.url
    choices[0].select_option(other)
    try:
        page.wait_for_url(f"**{name}={other}*", timeout=PATIENCE_MS, wait_until="commit")
    except TookTooLong:
        return [f"the choice of {name} does not stand in the address"]
    page.go_back()
    try:
        page.wait_for_function(
            "([name, value]) => document.querySelector(`select[name=${name}]`)?.value === value",
            arg=[name, begun],
            timeout=PATIENCE_MS,
        )
    except TookTooLong:
        return [f"going back leaves {name} at {other}"]
    return [] if page.url == address else [f"going back from {name} leads to {page.url}"]
