"""What the menu of each chart gives, in a real browser: a table that says what the page says, and two pictures."""

import csv
import struct
from pathlib import Path
from xml.etree import ElementTree

from playwright.sync_api import Locator, Page

SVG = "{http://www.w3.org/2000/svg}"
TABLE = """table => [...table.querySelectorAll('thead tr, tbody tr')].map(row => [...row.cells]
  .filter(cell => !cell.matches('.drawn'))
  .flatMap(({dataset, innerText}) => dataset.values?.split('|') ?? [dataset.value ?? innerText])
  .map(text => text.trim().replace(/\\s+/g, ' ')))"""


def taken(page: Page, chart: Locator, what: str) -> Path:
    """The file that the chart's menu gives."""
    chart.locator(".chart-head summary").click()
    with page.expect_download() as waiting:
        chart.get_by_role("button", name=what, exact=True).click()
    return Path(waiting.value.path())


def words(drawing: ElementTree.Element) -> str:
    """Everything that is written in a drawing."""
    return " ".join(text.text or "" for text in drawing.iter(f"{SVG}text"))


def test_every_chart_gives_its_table_and_two_pictures(window, ada):
    page = window.open("/living/", ada)
    found = page.locator("#charts .chart, #charts .card:not(:has(.chart)):has(.chart-head)").all()
    assert found
    for chart in found:
        table, title = chart.locator("table").first, chart.locator(".chart-title").inner_text()
        rows = list(csv.reader(taken(page, chart, "CSV").open(encoding="utf-8")))
        assert rows == table.evaluate(TABLE), title
        drawing = ElementTree.parse(taken(page, chart, "SVG")).getroot()  # noqa: S314
        assert drawing.tag == f"{SVG}svg" and title in words(drawing)
        png = taken(page, chart, "PNG").read_bytes()
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        sides = tuple(2 * int(drawing.attrib[side]) for side in ("width", "height"))
        assert struct.unpack(">II", png[16:24]) == sides
