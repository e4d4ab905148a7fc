"""Nothing is kept that nobody uses: templates, icons, scripts, classes of CSS, attributes that no script reads."""

import re
from pathlib import Path

from tests.addresses import names

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = {str(path.relative_to(ROOT / "templates")): path.read_text() for path in (ROOT / "templates").rglob("*.*")}
SCRIPTS = {path.name: path.read_text() for path in (ROOT / "static/js").glob("*.js")}
PYTHON = [path.read_text() for app in ("annotations", "training", "cosa_web") for path in (ROOT / app).rglob("*.py")]
CSS = "\n".join(path.read_text() for path in (ROOT / "static/css").glob("*.css"))
HTML, JS, PY = "\n".join(TEMPLATES.values()), "\n".join(SCRIPTS.values()), "\n".join(PYTHON)
BY_PROGRAMS = {"healthz", "readyz", "metrics"}
BY_SCRIPT = {"annotations:rate-beat", "annotations:rate-draft"}
"""Which the page of a rater puts together from its own address."""
FOR_MAKERS = {"annotations:living"}
OF_DJANGO = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html", "registration/login.html"}
OF_OTHERS = {"htmx-request", "btn", "response-col_links"}
"""Classes that htmx and the page of the API write."""
WITHOUT_RULE = {"grey"}
"""The tone that a badge has of itself."""


def composed(source: str) -> set[str]:
    """The templates that a module names in pieces: f"folder/{name}.html" with each word that it has in quotes."""
    words = re.findall(r'"(\w+)"', source)
    paths = re.findall(r'f"([\w/]*)\{[^}]*\}([\w/]*\.html)"', source)
    return {f"{start}{word}{end}" for start, end in paths for word in words}


def unused_templates(templates: dict[str, str], python: list[str]) -> set[str]:
    """The templates that no module renders and no other template includes or extends."""
    named = {name for source in python for name in composed(source)}
    named |= {name for source in python for name in re.findall(r'"([\w/]+\.\w+)"', source)}
    for name, source in templates.items():
        named |= set(re.findall(r"""["']([\w/]+\.\w+)["']""", source)) - {name}
    return set(templates) - named


def classes(css: str) -> set[str]:
    """The classes that the style sheets have rules for."""
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))
    return set(re.findall(r"\.([A-Za-z][\w-]*)", "\n".join(selectors)))


def unused_classes(css: str, sources: str) -> set[str]:
    """The classes that stand nowhere, neither whole nor as the beginning of a word that a template puts together."""
    words, beginnings = set(re.findall(r"[A-Za-z][\w-]*", sources)), tuple(set(re.findall(r"([\w-]+-)\{\{", sources)))
    return {name for name in classes(css) - words if not name.startswith(beginnings or ("\0",))}


def written_classes(html: str) -> set[str]:
    """The classes that templates write out, less those that they put together."""
    plain = re.sub(r"{{.*?}}", "~", re.sub(r"{%.*?%}", " ", html))
    words = {word for found in re.findall(r'\bclass="([^"]*)"', plain) for word in found.split()}
    return {word for word in words if re.fullmatch(r"[A-Za-z][\w-]*\w", word)}


def unread(html: str, js: str) -> set[str]:
    """The data attributes that no script and no style reads."""
    found = set(re.findall(r"\s(data-[a-z-]+)", html))
    camel = {name: re.sub(r"-(\w)", lambda match: match[1].upper(), name[5:]) for name in found}
    return {name for name in found if name not in js and not re.search(rf"\b{camel[name]}\b", js)}


def test_every_template_is_rendered_included_or_extended():
    assert unused_templates(TEMPLATES, PYTHON) - OF_DJANGO == set()


def test_a_template_that_only_names_itself_is_found():
    templates = {"a/_b.html": '{# "a/_b.html" #}', "a/c.html": "", "a/d.html": "", "a/e.html": ""}
    python = ['PAGE = "a/c.html"', 'f"a/{name}.html" for name in ("d",)']
    assert unused_templates(templates, python) == {"a/_b.html", "a/e.html"}


def test_every_class_of_the_style_sheets_is_used():
    assert unused_classes(CSS, HTML + JS + PY) - OF_OTHERS == set()


def test_a_class_that_nobody_uses_is_found():
    css = ".used, .gone:hover { color: red; } /* .told { } */ .shade-1 { }"
    assert unused_classes(css, 'class="used shade-{{ row.shade }}"') == {"gone"}


def test_every_class_of_a_template_has_a_rule_or_a_script():
    known = classes(CSS) | set(re.findall(r"[\w-]+", JS)) | WITHOUT_RULE
    assert written_classes(HTML) - known == set()


def test_a_class_without_a_rule_is_found():
    html = '<p class="aa{% if bb == "x" %} cc{% endif %} dd-{{ ee }} ff">'
    assert written_classes(html) == {"aa", "cc", "ff"}


def test_every_icon_is_used():
    icons = re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text())
    assert [name for name in icons if f'"{name}"' not in HTML + JS + PY and f"#{name}" not in HTML + JS] == []


def test_every_script_is_loaded():
    assert [name for name in SCRIPTS if name not in HTML + PY] == []


def test_every_data_attribute_is_read():
    assert unread(HTML, JS + CSS) == set()


def test_a_data_attribute_that_nobody_reads_is_found():
    html = '<p data-place="1" data-two-words="2" data-gone="3">'
    assert unread(html, "p.dataset.twoWords; [data-place]") == {"data-gone"}


def unnamed(addresses: set[str], sources: str) -> set[str]:
    """The addresses whose name stands in no quotes, neither whole nor without its app."""
    quoted = set(re.findall(r"""["']([\w:-]+)["']""", sources))
    return {name for name in addresses if not {name, name.partition(":")[2]} & quoted}


def test_every_address_is_led_to():
    pages = {name for name in names() if not name.startswith("api:")}
    python = "\n".join(re.sub(r"name=\"[\w-]+\"", "", source) for source in PYTHON)
    assert unnamed(pages, HTML + JS + python) - BY_PROGRAMS - BY_SCRIPT - FOR_MAKERS == set()


def test_an_address_that_nothing_leads_to_is_found():
    assert unnamed({"a:b", "a:c", "d"}, "{% url 'a:b' %}") == {"a:c", "d"}
