"""Which variables there are: one that is misspelt would be ignored in silence, so it stops the start instead."""

import os
import re
from difflib import get_close_matches
from pathlib import Path

from cosa_web.env import WrongSetting, text

FREE = ("COSA_KEY_", "COSA_TEST_", "COSA_BENCH_")
"""How names begin that anybody may choose: keys of models' providers, and what only tests and measurements read."""


def known(example: Path) -> frozenset[str]:
    """The names that the file of examples explains. Raises WrongSetting when it is not there."""
    if not example.is_file():
        raise WrongSetting(
            f"{example.name} is missing beside manage.py. It names the settings; take it from the source."
        )
    return frozenset(re.findall(r"^# (COSA_\w+)=", example.read_text(encoding="utf-8"), re.MULTILINE))


def refuse_unknown(names: frozenset[str]) -> None:
    """Nothing, when the environment has only these names that begin with COSA_, with _FILE or without, and free ones.

    Raises WrongSetting with the first name that is none, and with the one that it resembles.
    """
    for name in sorted(os.environ):
        if name.startswith("COSA_") and not name.startswith(FREE) and name.removesuffix("_FILE") not in names:
            near = get_close_matches(name.removesuffix("_FILE"), sorted(names), n=1)
            hint = f"; did you mean {near[0]}?" if near else ". .env.example explains the settings."
            raise WrongSetting(f"{name} is no setting{hint}")


def require(reason: str, *names: str) -> None:
    """Nothing, when each variable is set. Raises WrongSetting with the first that is not and why it has to be."""
    for name in names:
        if not text(name).strip():
            raise WrongSetting(f"{name} is missing: {reason}. .env.example explains it.")


def check_place(*, debug: bool, demo: bool, https: bool) -> None:
    """Nothing, when the switches fit each other, and whoever serves others by HTTPS has said what cannot be guessed.

    Raises WrongSetting: for error pages of developers or published passwords where others can reach them, and for a
    missing variable that each machine would otherwise make up for itself.
    """
    for name, on in (("COSA_DEBUG", debug), ("COSA_DEMO", demo)):
        if on and https:
            raise WrongSetting(
                f"{name}=1 is for one's own machine: it does not go with COSA_HTTPS or COSA_BEHIND_PROXY."
            )
    if https:
        require("COSA_HTTPS or COSA_BEHIND_PROXY is on, so others come by a name of this server", "COSA_HOSTS")
    if https and text("COSA_DATABASE"):
        shared = ("COSA_SECRET_KEY", "COSA_BROKER", "COSA_GATEWAY_URL")
        require("with COSA_DATABASE several machines may be at work, and they have to share it", *shared)
