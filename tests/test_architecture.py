"""The house stands as the design says; every guard is seen to fail on a small wrong example."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import architecture
from tests.architecture import LONGEST_FILE, PURE_FOLDERS, ROOT, binds_the_apps_name, climbing, floor, long_functions

MODULES = architecture.modules()
KNOWN = frozenset(MODULES)
PURE = [name for name in PURE_FOLDERS if (ROOT / name.replace(".", "/")).is_dir()]


def source(module: str) -> str:
    return MODULES[module].read_text(encoding="utf-8")


def read_in_a_process(package: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    code = architecture.reading(package)
    return subprocess.run([sys.executable, "-c", code], cwd=path, capture_output=True, text=True, timeout=60)


def offenders(find) -> dict[str, object]:
    """What `find` finds wrong, by module."""
    found = {module: find(module) for module in MODULES}
    return {module: wrong for module, wrong in found.items() if wrong}


def test_no_module_imports_anything_above_it():
    assert offenders(lambda name: climbing(name, source(name), KNOWN, MODULES[name].name == "__init__.py")) == {}


def test_every_module_has_its_floor():
    assert offenders(lambda name: "." in name and floor(name) is None) == {}


def test_no_module_hides_the_app_named_annotations():
    assert offenders(lambda name: binds_the_apps_name(source(name))) == {}


def test_every_module_fits_into_its_room():
    assert offenders(lambda name: max(0, len(source(name).splitlines()) - LONGEST_FILE)) == {}


def test_every_function_is_one_thought():
    assert offenders(lambda name: list(long_functions(source(name)))) == {}


def test_the_whole_house_is_looked_at():
    assert len(MODULES) > 70 and {"annotations.core.taxonomy", "training.services.work", "cosa_web.views"} <= KNOWN


@pytest.mark.parametrize("package", PURE)
def test_a_pure_folder_needs_neither_django_nor_celery(package):
    assert read_in_a_process(package).stderr == ""


def test_four_pure_folders_are_there_already():
    assert {"annotations.core", "training.engines", "training.strategies", "training.judges"} <= set(PURE)


@pytest.mark.parametrize(
    ("module", "line", "target"),
    [
        ("training.services.runs", "from training import tasks", "training.tasks"),
        ("training.services.runs", "from training.tasks import hint", "training.tasks"),
        ("training.services.runs", "import training.tasks", "training.tasks"),
        ("training.services.runs", "import training.tasks as later", "training.tasks"),
        ("training.services.runs", "def start():\n    from training import tasks", "training.tasks"),
        ("training.services.runs", "from .. import tasks", "training.tasks"),
        ("training.services.runs", "from ..views import runs", "training.views.runs"),
        ("training.services.runs", "from training import access, forms, views", "training.forms"),
        ("training.services.runs", "if TYPE_CHECKING:\n    from cosa_web import context", "cosa_web.context"),
        ("training.queries", "from training.views.runs import run_list", "training.views.runs"),
        ("training.models.runs", "from training.services import runs", "training.services.runs"),
        ("training.engines.echo", "from training.models import EvaluationRun", "training.models"),
        ("training.judges.heuristic", "from annotations.models import Prompt", "annotations.models"),
        ("annotations.services.demo", "from training.services import runs", "training.services.runs"),
        ("annotations.views.configs", "from training import queries", "training.queries"),
        ("annotations.core.taxonomy", "from annotations.models import RiskCategory", "annotations.models"),
        ("annotations.core.verdicts", "from training.judges import Case", "training.judges"),
        ("annotations.services.audit", "from annotations import web", "annotations.web"),
        ("training.views.runs", "import cosa_web", "cosa_web"),
    ],
)
def test_an_import_that_goes_up_is_found(module, line, target):
    assert target in climbing(module, line, KNOWN)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("training.tasks", "from training.services import runs"),
        ("training.views.runs", "from training.tasks import hint"),
        ("training.services.runs", "from annotations.services import audit"),
        ("training.services.work", "from .runs import begin"),
        ("training.engines.echo", "from annotations.core import folder"),
        ("cosa_web.views", "from training import access, queries"),
        ("annotations.models.configs", "from annotations.core import config_text"),
        ("annotations.views.configs", "from django.shortcuts import render"),
    ],
)
def test_an_import_that_goes_down_is_let_through(module, line):
    assert climbing(module, line, KNOWN) == []


def test_a_module_on_no_floor_is_found():
    assert floor("training.utils") is None


def test_the_future_import_is_found():
    assert binds_the_apps_name("from __future__ import annotations")


def test_a_long_function_is_found():
    body = "\n".join(["    pass"] * 30)
    assert list(long_functions(f"async def long():\n{body}\n\ndef short():\n    pass")) == ["long: 31 lines"]


@pytest.mark.parametrize("line", ["import django", "import celery", "from django.db import models"])
def test_a_pure_folder_that_is_not_is_found(tmp_path, line):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__init__.py").touch()
    (tmp_path / "folder" / "entry.py").write_text(line, encoding="utf-8")
    done = read_in_a_process("folder", tmp_path)
    assert done.returncode == 1 and "came along" in done.stderr
