"""The challenge: a new recipe is held against the champion's, and the better of both goes on."""

from collections.abc import Callable

from configs.errors import DependencyError, ModelError
from configs.settings import Settings
from models.challenge import Decision, Entrant, Recipe, compare_recipes, decide
from models.pair import features_only
from models.tracking import champion_version, load_version
from pipelines.progress import Log

EXAMPLES = 3


def challenge(
    settings: Settings, challenger: Entrant, by: Callable[[Recipe], Entrant], log: Log
) -> tuple[Decision, Recipe | None]:
    """Decide about the challenger, a training with `settings`; with it, the champion's recipe where that goes on.

    `by`: what another recipe would have entered with on the same day.
    """
    version = champion_version(settings)
    if version is None:
        return decide(None), None
    recipe = Recipe.of(settings, features_only(challenger.labelled).columns)
    try:
        champion = Recipe.restore(load_version(settings, version).recipe)
        if champion == recipe:
            return decide(version), None
        refuse_incomparable(champion, recipe)
        log(f"settings or features are not those of champion version {version}: compared with its recipe")
        comparison = compare_recipes(challenger, by(champion), settings.observation_days, settings.training.seed)
    except (ModelError, DependencyError) as error:  # a file of the champion may be altered or gone: training mends that
        return decide(version, incomparable=str(error)), None
    decision = decide(version, comparison)
    return decision, champion if decision.verdict == "held back" else None


def refuse_incomparable(champion: Recipe, challenger: Recipe) -> None:
    """Raise ModelError where the champion's recipe is for another purpose, or some of its features are gone."""
    if champion.purpose != challenger.purpose:
        raise ModelError("it was made for another definition of churn or value")
    if gone := sorted(champion.features - challenger.features):
        raise ModelError(
            f"{len(gone)} of its {len(champion.features)} features are gone, such as {', '.join(gone[:EXAMPLES])}"
        )
