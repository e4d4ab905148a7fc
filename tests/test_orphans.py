"""Nothing is kept that nobody uses: templates and their blocks, icons, scripts, style, attributes and names."""

import re
from collections import Counter
from pathlib import Path

from tests.addresses import names

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = {str(path.relative_to(ROOT / "templates")): path.read_text() for path in (ROOT / "templates").rglob("*.*")}
SCRIPTS = {path.name: path.read_text() for path in (ROOT / "static/js").glob("*.js")}
APPS = ("annotations", "training", "cosa_web")
MODULES = {str(path.relative_to(ROOT)): path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")}
PYTHON = list(MODULES.values())
CSS = "\n".join(path.read_text() for path in (ROOT / "static/css").glob("*.css"))
HTML, JS, PY = "\n".join(TEMPLATES.values()), "\n".join(SCRIPTS.values()), "\n".join(PYTHON)
BY_PROGRAMS = {"healthz", "readyz", "metrics"}
BY_SCRIPT = {"annotations:rate-beat", "annotations:rate-draft"}
"""Which the page of a rater puts together from its own address."""
FOR_MAKERS = {"annotations:living"}
OF_DJANGO = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html", "registration/login.html"}
OF_OTHERS = {"htmx-request", "btn", "response-col_links", "opblock-tag"}
"""Classes that htmx and the page of the API write."""
WITHOUT_RULE = {"grey"}
"""The tone that a badge has of itself."""
OF_PROGRAMS = {"AnnotationsConfig", "TrainingConfig", "TokenScheme", "SessionScheme", "AddIndexBeside", "answer_all"}
"""Found by what they inherit from, named by a migration, or by a measurement in bench/."""


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
    """The classes that no quotes hold, neither whole nor as the beginning of a word that a template puts together."""
    quoted = "\n".join(re.findall(r"""(?:"[^"\n]*"|'[^'\n]*')""", sources))
    words, beginnings = set(re.findall(r"[A-Za-z][\w-]*", quoted)), tuple(set(re.findall(r"([\w-]+-)\{\{", sources)))
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
    css = ".used, .gone:hover { color: red; } /* .told { } */ .shade-1 { } .flush { }"
    assert unused_classes(css, 'class="used shade-{{ row.shade }}" file.flush()') == {"gone", "flush"}


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


def variables(css: str) -> tuple[set[str], set[str]]:
    """The variables of the style sheets: those that are set, and those that are asked for."""
    return set(re.findall(r"(--[\w-]+)\s*:", css)), set(re.findall(r"var\((--[\w-]+)", css))


def test_every_variable_of_the_style_sheets_is_asked_for_and_set():
    there, asked = variables(CSS + HTML)
    assert there == asked


def of_module(source: str) -> set[str]:
    """What a module names at its top, and the properties of its classes, less what a decorator takes."""
    tops = re.findall(r"(?<=\n\n)(?:async )?(?:def|class) (\w+)|^([A-Z_]+)\b(?:: [^=\n]+)? = ", source, re.MULTILINE)
    return {name for found in tops for name in found if name} | set(re.findall(r"property\n    def (\w+)", source))


def unread_names(modules: dict[str, str], templates: str) -> set[str]:
    """The names that stand once in all of it, where they are made; those of settings and migrations are for others."""
    words = Counter(re.findall(r"\w+", "\n".join([*modules.values(), templates])))
    own = [source for path, source in modules.items() if not re.search(r"/migrations/|settings\.py$", path)]
    return {name for source in own for name in of_module(source) if words[name] == 1}


def test_every_name_of_a_module_is_read_by_the_application():
    assert unread_names(MODULES, HTML) - OF_PROGRAMS == set()


def test_a_name_that_nobody_reads_is_found():
    one = "GONE = 1\nHERE: int = 2\n\n\ndef gone():\n    return HERE\n\n\n@task\ndef told():\n    pass\n"
    two = "\n\n\nclass Row:\n    @property\n    def worn(self): ...\n\n    @property\n    def shown(self): ...\n"
    assert unread_names({"a.py": one, "b.py": two, "a/settings.py": "DEBUG = 1"}, "{{ row.shown }}") == {
        "GONE",
        "gone",
        "Row",
        "worn",
    }


def loads(templates: dict[str, str], libraries: dict[str, set[str]]) -> set[tuple[str, str]]:
    """The templates that load tags which every template has, or of which they use none."""
    return {
        (name, library)
        for name, source in templates.items()
        for found in re.findall(r"{% load ([\w ]+?) ?%}", source)
        for library in found.split()
        if library in libraries and not any(re.search(rf"(\||{{% ){tag}\b", source) for tag in libraries[library])
    }


def libraries() -> dict[str, set[str]]:
    """The tags and filters of each library of ours that a template has to load; those that all have are as if empty."""
    found: dict[str, set[str]] = {"static": set(), "i18n": set()}
    for path, source in MODULES.items():
        if (
            "/templatetags/" in path
            and path.replace("/", ".").removesuffix(".py") not in MODULES["cosa_web/settings.py"]
        ):
            named = re.findall(r'@register\.\w+[^\n]*\n(?:@[^\n]*\n)*def (\w+)|register\.\w+\("(\w+)"', source)
            everywhere = path.replace("/", ".").removesuffix(".py") in MODULES["cosa_web/settings.py"]
            found[Path(path).stem] = set() if everywhere else {name for pair in named for name in pair if name}
    return found


def test_templates_load_tags_that_they_use_and_do_not_have_already():
    assert loads(TEMPLATES, libraries()) == set()


def test_a_load_that_is_not_needed_is_found():
    templates = {"a": "{% load steps %}{{ one|step }}", "b": "{% load static steps %}{{ one|steps }}"}
    assert loads(templates, {"steps": {"step"}, "static": set()}) == {("b", "static"), ("b", "steps")}


def blocks(templates: dict[str, str]) -> set[tuple[str, str]]:
    """The blocks that no page fills, and those that fill none of what their template extends."""
    above = {name: re.findall(r'{% extends "([^"]+)"', source)[:1] for name, source in templates.items()}
    made = {name: set(re.findall(r"{% block (\w+)", source)) for name, source in templates.items()}
    lost = {(name, block) for name, up in above.items() if up for block in made[name] - made[up[0]]}
    filled = {(up[0], block) for name, up in above.items() if up for block in made[name]}
    return {(name, block) for name, block in lost if (name, block) not in filled} | {
        (name, block) for name, up in above.items() if not up for block in made[name] if (name, block) not in filled
    }


def test_every_block_is_filled_and_fills_one():
    assert blocks(TEMPLATES) == set()


def test_a_block_without_an_end_or_a_beginning_is_found():
    templates = {"up": "{% block a %}{% block b %}", "page": '{% extends "up" %}{% block a %}{% block c %}'}
    assert blocks(templates) == {("up", "b"), ("page", "c")}
