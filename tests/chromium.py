"""The browser of tests and measurements: where it is, and how it is started so that it asks nobody for anything."""

import shutil

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def program() -> str:
    """Where Chromium is; empty where it is not installed."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium") or ""
