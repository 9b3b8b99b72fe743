"""From scores to a publication: who is listed and why, a list for each account manager, made current in one step."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from configs.settings import Settings
from features.time import INSTANT, Cutoff
from pipelines.build import open_store
from pipelines.outreach.decide import DECISIONS, Decided, decide
from pipelines.outreach.difference import report_difference
from pipelines.outreach.digest import FOLDER as DIGESTS
from pipelines.outreach.digest import promises_due, write_digests
from pipelines.outreach.explain import explainer
from pipelines.outreach.explanations import EXPLANATIONS_FILE, Explain, write_explanations
from pipelines.outreach.history import ASSIGNMENTS_FILE, DECISIONS_FILE, LEAVE_ALONE_FILE, RISK_LIST_FILE, WHY_FILE
from pipelines.outreach.listing import Listing, listing
from pipelines.outreach.lists import ListContext, write_csv, write_lists
from pipelines.progress import Log
from pipelines.reports.validation import write_results
from pipelines.score import FEATURES_FILE, SCORES_FILE
from pipelines.storage import MANIFEST, combined_hash, commit, point, read_json, staged
from pipelines.validation import RESULTS_FILE

CURRENT = "current"


def publish_lists(settings: Settings, cutoff: Cutoff, scored: Path, log: Log, explain: Explain = "listed") -> Path:
    """Choose whom to list from the scored folder, and publish; returns the publication's folder.

    `explain`: who is explained, the "listed", or "all" who are scored, in `explanations.parquet`.
    """
    decided = decide(settings, cutoff, scored, log)
    return publish(settings, cutoff, scored, decided, listing(settings, cutoff, scored, decided), log, explain)


def publish(
    settings: Settings,
    cutoff: Cutoff,
    scored: Path,
    decided: Decided,
    listed: Listing,
    log: Log,
    explain: Explain = "listed",
) -> Path:
    """Write the publication of `cutoff`'s day and return its folder, `published/.revisions/<date>/<n>`.

    It is staged, hashed and flushed first, then `published/<date>` points to it, and `published/current` too unless
    it names a later date. Until then the last publication stays as it is. The same data gives the same bytes, and
    then no new revision.

    Account managers are given `lists/` (and `risk_list.parquet`): who is withheld as a control is not in there.
    `team/` is for those who lead them, the other files are for the data team.
    """
    store, facts, rate = open_store(settings, cutoff), read_json(scored / MANIFEST), decided.save_rate
    context = ListContext(
        company=settings.company or settings.name,
        as_of=cutoff.day,
        horizon_days=settings.churn.horizon_days,
        soon_days=min(settings.churn.further_days, default=None),
        clv_horizon_days=settings.clv_horizon_days,
        currency=settings.currency,
        model_version=facts["model_version"],
        model_grade=facts["grade"],
        scored_customers=decided.scores.height,
        data_until=_latest_event(store),
        gain_basis=rate.in_words(settings.outreach.action_cost, settings.currency),
    )
    root, name = settings.root / "published", cutoff.day.isoformat()
    with staged(root, name) as folder:
        decided.scores.write_parquet(folder / SCORES_FILE)
        decided.decisions.select(DECISIONS).write_parquet(folder / DECISIONS_FILE)
        decided.assignments.write_parquet(folder / ASSIGNMENTS_FILE)
        listed.risk_list.write_parquet(folder / RISK_LIST_FILE)
        listed.why.write_parquet(folder / WHY_FILE)
        write_lists(listed.risk_list, context, folder / "lists", listed.leave_alone)
        listed.leave_alone.write_parquet(folder / LEAVE_ALONE_FILE)
        due = promises_due(store, listed.risk_list["customer_id"], cutoff)
        write_digests(listed.risk_list, due, context, folder / "lists" / DIGESTS, _reached_at(settings))
        (folder / "team").mkdir()
        write_csv(listed.leave_alone, folder / "team" / "leave_alone.csv")
        write_csv(listed.left, folder / "team" / "left.csv")
        write_results(pl.read_parquet(store / RESULTS_FILE), settings, folder)
        if explain == "all":
            forgotten = decided.facts.filter("forgotten")["customer_id"]
            by = explainer(settings, cutoff, facts["model_version"])
            matrix, target = scored.resolve() / FEATURES_FILE, folder / EXPLANATIONS_FILE
            count = write_explanations(settings.engine, matrix, forgotten, by, target)
            log(f"{count:,} customers explained")
        manifest: dict[str, Any] = facts | {
            "config_hash": combined_hash(settings.comparable()),
            "lists": asdict(context),  # to write them anew when somebody is erased
            "season": decided.season,
            "save_rate": {"share": rate.share, "source": rate.source},
            "counts": {
                **decided.counts(),
                "account_managers": listed.risk_list["account_manager"].n_unique(),
                "left_the_list": listed.left.height,
                "tables": {
                    table: {kind: count for kind, count in counts.items() if kind not in ("table", "reasons")}
                    for table, counts in read_json(store / MANIFEST)["tables"].items()
                },
            },
        }
        set_rights(folder)
        done = commit(root, name, folder, manifest)
    current = root / CURRENT
    if not current.exists() or read_json(current / MANIFEST)["as_of"] <= name:
        point(current, done)
    report_difference(root, done, log)
    log(f"published: {root / name / 'lists' / 'index.html'}")
    return done


def _reached_at(settings: Settings) -> str | None:
    """Where people reach the web app, unless it is only ever tried on this machine."""
    usual = type(settings.web).model_fields["address"].default
    return None if settings.web.address == usual else settings.web.address


def set_rights(folder: Path) -> None:
    """Let the group read what account managers and those who lead them are given, and nobody else; the rest is ours."""
    for path in (folder, *folder.rglob("*")):
        given = path.name == RISK_LIST_FILE or path.relative_to(folder).parts[:1] in (("lists",), ("team",))
        path.chmod(0o750 if path.is_dir() else 0o640 if given else 0o600)


def _latest_event(store: Path) -> datetime:
    """Instant (UTC) of the newest transaction in the store."""
    newest = pl.scan_parquet(store / "transactions").select(pl.col("occurred_at").cast(INSTANT).max())
    return newest.collect().item()
