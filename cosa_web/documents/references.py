"""`python -m cosa_web.documents.references` (or `make references`): documents that say what the code says, made anew.

docs/settings.md comes from .env.example, the tables of docs/commands.md from the parsers of the commands.
"""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS, COMMANDS = ROOT / "docs" / "settings.md", ROOT / "docs" / "commands.md"
OF_DJANGO = {"help", "version", "verbosity", "settings", "pythonpath", "traceback"} | {
    *("no_color", "force_color", "skip_checks")
}
HEAD = "| option | without it | what it does |\n|---|---|---|\n"
GROUPS = {
    "Places and database": "VAR SQLITE DATABASE DATABASE_CONNECTIONS STATIC TRAINING_DIR ARTIFACTS ARTIFACTS_KEY "
    "ARTIFACTS_SECRET ARTIFACTS_CACHE_GB",
    "Secrets": "SECRET_KEY FERNET_KEYS KEY_EXAMPLE METRICS_TOKEN",
    "Addresses and HTTPS": "HOSTS ORIGINS HTTPS BEHIND_PROXY HSTS_SECONDS HSTS_SUBDOMAINS HSTS_PRELOAD",
    "People and pages": "LOGIN_TRIES LOGIN_WAIT_MINUTES LANGUAGE TIME_ZONE UPLOAD_MEGABYTES DEMO PORT DEBUG",
    "Models and workers": "MODEL_HOSTS BROKER EMBEDDED_URL SWEEP_SECONDS LEASE_SECONDS IDLE_SECONDS NODE VLLM_PYTHON "
    "TRAINING_PYTHON ALONE_SECONDS CAPABILITY_PYTHON TAXONOMY_PYTHON",
    "Gateway and API": "GATEWAY_URL GATEWAY_INSIDE GATEWAY_REDIS API_PER_MINUTE API_PER_MINUTE_ANONYMOUS",
    "Logs and metrics": "LOG_LEVEL LOG_FORMAT METRICS_DIR",
    "How long things are kept": "KEEP_SESSIONS_DAYS KEEP_LOGIN_TRIES_DAYS KEEP_TRAFFIC_DAYS KEEP_DRAFTS_DAYS "
    "KEEP_STRAY_FILES_DAYS KEEP_BROKEN_CHECKPOINTS_DAYS KEEP_FETCHED_CHECKPOINTS_DAYS KEEP_SERVER_LOGS_DAYS",
}
INTRODUCTION = """\
# Settings

For whoever runs an installation: every setting, its default and what it does. `make references` makes this page of
[.env.example](../.env.example); a test says when it was not done.

A setting is a variable of the environment, read once at the start. Copy `.env.example` to `.env`, take the `#` away
where you want another value, and load it before a start:

```sh
set -a; . ./.env; set +a
```

- A value with `&`, `$`, `;`, `#` or a blank in it needs `'…'` around it.
- A switch is `1` or `0`.
- A value that cannot be used stops the start and names the variable. So does a name that begins with `COSA_` and is
  not on this page, because a misspelt one would be ignored in silence.
- `NAME_FILE` in place of `NAME`, such as `COSA_SECRET_KEY_FILE`, is the path of a file with the value.
- `COSA_KEY_EXAMPLE` stands for all names that begin with `COSA_KEY_`. Names that begin with `COSA_TEST_` and
  `COSA_BENCH_` are read by tests and measurements only.
"""


def settings_page(example: str) -> str:
    """docs/settings.md. Raises ValueError for a setting that stands in no group."""
    told = dict(_told(example))
    parts = [INTRODUCTION]
    for title, names in GROUPS.items():
        rows = [told.pop(f"COSA_{name}", "") for name in names.split()]
        parts.append(f"\n## {title}\n\n| setting | default | what it does |\n|---|---|---|\n{''.join(rows)}")
    if told:
        raise ValueError(f"GROUPS of {Path(__file__).name} lacks {', '.join(told)}.")
    return "".join(parts)


def _told(example: str) -> list[tuple[str, str]]:
    """Each setting with its row."""
    found = []
    for block in example.strip().split("\n\n")[1:]:
        *lines, last = [line.removeprefix("# ") for line in block.splitlines()]
        name, _, default = last.partition("=")
        found.append((name, f"| `{name}` | {f'`{default}`' if default else 'none'} | {_words(' '.join(lines))} |\n"))
    return found


def _words(text: str) -> str:
    """The words of the example as Markdown for a cell of a table."""
    marked = re.sub(r"(?<![`\w])(COSA_\w*\w|\.venv[\w./-]+|requirements/\w+\.txt)", r"`\1`", text).replace("|", r"\|")
    return re.sub(r"docs/(\w+)\.md", r"[\1.md](\1.md)", marked.replace("*.names", "`*.names`"))


def commands() -> list[str]:
    """The commands of ours, in alphabetical order."""
    return sorted(path.stem for path in (ROOT / "cosa_web/management/commands").glob("[a-z]*.py"))


def parser(command: str) -> argparse.ArgumentParser:
    """The parser of a command."""
    from django.core.management import load_command_class

    return load_command_class("cosa_web", command).create_parser("manage.py", command)


def options(command: str) -> list[argparse.Action]:
    """What a command takes, without what every command of Django takes."""
    actions = parser(command)._actions
    return [one for one in actions if one.dest not in OF_DJANGO and one.help != argparse.SUPPRESS]


def table(command: str) -> str:
    """The options of a command as a table."""
    return HEAD + "".join(_row(one) for one in options(command))


def _row(one: argparse.Action) -> str:
    number = "N" if one.type in (int, float) else one.dest.upper()
    word = one.metavar or ("" if one.nargs == 0 else (number if one.option_strings else one.dest))
    name = " ".join([*one.option_strings[:1], str(word)]).strip()
    known = "one of " + ", ".join(f"`{choice}`" for choice in one.choices if choice) if one.choices else ""
    told = "; ".join(part for part in (one.help or "", known) if part)
    default = "" if one.default is False or one.default in (None, "", []) else f"`{one.default}`"
    needed = "must be given" if one.required and one.nargs != "*" else default
    return f"| `{name}` | {needed} | {told} |\n"


def commands_page(text: str) -> str:
    """docs/commands.md with the table of each command, below its heading, as its parser has it now."""
    for command in commands():
        heading = text.index(f"### {command}\n")
        end = re.compile(r"\n##|\Z").search(text, heading + 1)
        place = text.find(HEAD, heading, end.start() if end else None)
        if place >= 0:
            last = re.compile(r"(?:^\|.*\n)+", re.MULTILINE).match(text, place)
            text = text[:place] + table(command) + text[last.end() if last else place :]
    return text


def main() -> None:
    """Writes both documents."""
    SETTINGS.write_text(settings_page((ROOT / ".env.example").read_text(encoding="utf-8")), encoding="utf-8")
    if COMMANDS.exists():
        COMMANDS.write_text(commands_page(COMMANDS.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
    django.setup()
    main()
