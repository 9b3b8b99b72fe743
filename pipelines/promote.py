"""The champion by hand: make a registered version champion, go back to the one before, and see what there is."""

from datetime import date

from configs.errors import ModelError
from configs.settings import Settings
from models.champion import Entry, enter, line_of_champions, record, registered_versions
from models.tracking import champion_version, load_version, make_champion
from pipelines.progress import Log
from pipelines.score import refuse_other_purpose
from pipelines.storage import champion_lock


def promote(settings: Settings, version: str, reason: str, today: date, log: Log) -> None:
    """Make a version of the churn model, and the value model trained with it, champion.

    Raises ModelError where there is no such version, a file of it was altered, or it is for another definition of
    churn, and LockError while a training decides.
    """
    with champion_lock(settings.root):
        if version == champion_version(settings):
            log(f"version {version} is champion already")
        else:
            _appoint(settings, Entry(version, "promoted by hand", reason or "no reason given", today), log)


def rollback(settings: Settings, reason: str, today: date, log: Log) -> None:
    """Make the champion before the present one champion again; again, the one before that.

    Raises ModelError where there is none, and what `promote` does.
    """
    with champion_lock(settings.root):
        line = _line(settings)
        if len(line) < 2:
            present = f"before version {line[0]} is on record" if line else "is on record at all"
            raise ModelError(
                f"no champion {present}, so there is none to go back to. `holdfast models` lists every version, and "
                "`holdfast promote` makes any of them champion."
            )
        before, present = line[-2:]
        _appoint(settings, Entry(before, "rolled back", reason or f"away from version {present}", today), log)


def overview(settings: Settings) -> list[str]:
    """Every version of the churn model, newest first, with its figures and all decisions about it, in words."""
    versions, entries, line = registered_versions(settings), record(settings), _line(settings)
    standing = dict(zip(line[:-3:-1], (", champion", ", champion before"), strict=False))
    lines = []
    for one in reversed(versions):
        auc = "unknown" if one.auc is None else f"{one.auc:.3f}"
        figures = f"as of {one.as_of or 'unknown'}, grade {one.grade or 'unknown'}, AUC {auc}"
        lines.append(f"version {one.version}: {figures}{standing.get(one.version, '')}")
        lines += [f"    {e.day} {e.verdict}: {e.reason}" for e in entries if e.version == one.version]
    return lines or ["no model is registered yet. Run `holdfast train` first."]


def _line(settings: Settings) -> list[str]:
    """The versions that were champion, the present one last; none where there is no champion."""
    champion = champion_version(settings)
    there = [one.version for one in registered_versions(settings)]
    return line_of_champions(record(settings), champion, there) if champion else []


def _appoint(settings: Settings, entry: Entry, log: Log) -> None:
    model = load_version(settings, entry.version)  # its files are checked against their hashes here
    refuse_other_purpose(model, settings)
    present, catalogues = champion_version(settings), {v.version: v.catalogue for v in registered_versions(settings)}
    make_champion(settings, model.versions)
    enter(settings, entry)
    numbered = ", ".join(f"{name} version {version}" for name, version in model.versions.items())
    log(f"champion: {numbered} ({entry.verdict}: {entry.reason}); the next training decides anew")
    if present in catalogues and catalogues[present] != catalogues[entry.version]:
        log(f"warning: its features are not those of version {present}: a night without its sources will refuse it")
