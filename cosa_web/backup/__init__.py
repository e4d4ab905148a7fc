"""Backups: a folder or a .tar file with the database, the artifacts, and a manifest that says what they must be."""


class BackupProblem(Exception):
    """Why a backup was not made, or not restored, and what to do about it."""
