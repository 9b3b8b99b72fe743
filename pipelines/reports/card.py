"""The model card: what the models are for and what not, who answers for them, and how far they can be trusted.

After Mitchell et al. (2019), "Model Cards for Model Reporting".
"""

from pipelines.outreach.context import GRADE_IN_WORDS
from pipelines.outreach.wording import day
from pipelines.reports.caveats import warnings_of, without_a_season
from pipelines.reports.page import Section, render
from pipelines.reports.tables import Figures, Trained, learned_from


def card_page(trained: Trained, figures: Figures) -> str:
    """The HTML text of the card."""
    settings, grade = trained.settings, trained.judged.evaluation.judgement.grade
    versions = ", ".join(f"{name} version {version}" for name, version in trained.versions.items())
    summary = [
        f"Models: {versions}, of {day(trained.tonight['cutoff'][0])}.",
        f"Owner: {settings.owner or 'nobody is named; set owner in the configuration'}.",
        f"Grade {grade}: {GRADE_IN_WORDS[grade]}.",
        f"Code: git commit {trained.tags['git_commit']}. Data: SHA-256 {trained.tags['data_hash']}.",
    ]
    sections = [
        Section("Intended use", _intended(trained), None, None),
        Section("Users", _users(), None, None),
        Section("Not to be used for", _not_for(trained), None, None),
        Section("Data", _data(trained), None, figures.tables["data"], opened=True),
        Section("Cutoffs of training", _cutoffs(trained), None, None),
        Section("How good", _good(trained, figures), None, figures.tables["figures"], opened=True),
        Section("Known limits", _limits(trained), None, None),
        Section("Ethics and consent", _ethics(trained), None, None),
    ]
    title = f"Model card: {settings.company or settings.name}"
    return render(title, summary, sections, links={"The figures of this training": "index.html"})


def leaving_in_words(trained: Trained) -> str:
    """What counts as leaving, for readers."""
    churn = trained.settings.churn
    if churn.definition == "contract":
        return (
            f"a contract that ends within {churn.horizon_days} days with no new one in {churn.grace_days} days after it"
        )
    return f"no purchase within {churn.horizon_days} days"


def _intended(trained: Trained) -> list[str]:
    days = trained.settings.clv_horizon_days
    return [
        f"To tell, for each active customer, how likely leaving is ({leaving_in_words(trained)}) and what the customer "
        f"is expected to bring within {days} days, so that people can decide whom to contact first and what to ask.",
        "A score is made for one day, and for the horizon after it; older ones say nothing of today.",
    ]


def _users() -> list[str]:
    return [
        "Account managers read lists of their own customers, with reasons, and decide.",
        "The data team trains, compares and watches the models.",
    ]


def _not_for(trained: Trained) -> list[str]:
    active = trained.settings.churn.active_within_days
    scored = (
        "without a running contract"
        if trained.settings.churn.definition == "contract"
        else (f"without a purchase in the last {active} days")
    )
    return [
        "Decisions with legal or like weight for a customer: refusing service or credit, a price of one's own, ending "
        "a contract.",
        "Judging account managers: chances differ between their customers for reasons that are not theirs.",
        f"Customers {scored}, another horizon, or another company than the one learned from.",
        "Proving that contact helps: the models see who leaves, not who can be kept; only a control group can tell.",
        "Naming causes: a reason says what the model went by.",
    ]


def _data(trained: Trained) -> list[str]:
    prepared, simulated = trained.prepared, is_simulated(trained)
    made_up = (
        "The company is simulated: leaving follows a known formula, so the figures say that the method works, and "
        "nothing about any real company."
        if simulated
        else "The data are the company's own records. What was never recorded, the models do not know."
    )
    first, last = prepared.split.labelled[0].day, prepared.split.labelled[-1].day
    return [
        f"{prepared.labelled.height:,} rows of {prepared.labelled['customer_id'].n_unique():,} customers at "
        f"{len(prepared.split.labelled)} cutoffs from {day(first)} to {day(last)}, of the tables below as they "
        "were known then.",
        made_up,
    ]


def is_simulated(trained: Trained) -> bool:
    """Whether the transactions are those that `holdfast simulate` writes."""
    return "{root}/simulated/" in (trained.settings.source("transactions").path or "")


def _cutoffs(trained: Trained) -> list[str]:
    split, embargo = trained.prepared.split, trained.settings.observation_days
    return [
        f"Judged on {day(split.test.day)}, by models {learned_from(split)}"
        + ("." if split.by_customer else f": the {embargo} days after each were over before it."),
        f"The registered models learned from all {len(split.labelled)} labelled cutoffs, until "
        f"{day(split.labelled[-1].day)}.",
    ]


def _good(trained: Trained, figures: Figures) -> list[str]:
    warnings = warnings_of(trained, figures)
    return [
        "Out of time, with 95 % intervals over customers where there are any. One test cutoff is one season: "
        "holdfast backtest judges many.",
        *(f"Warning: {warning}" for warning in warnings),
    ]


def _limits(trained: Trained) -> list[str]:
    first_year = (
        "The season of these days was not seen a year ago, so the level of the probabilities and the total value may "
        "be far off."
        if without_a_season(trained)
        else "The level of the probabilities follows the season as it was a year ago; a year unlike it is missed."
    )
    return [
        first_year,
        "In the first year of a log customers look younger than they are, and the models have to guess.",
        "An explanation is no cause: features that go together share what they contribute.",
        "Values of single customers are uncertain: use the intervals. Rare huge orders cannot be foreseen.",
        "Customers who were contacted because of earlier lists, and stayed, look as if they had not been at risk.",
        "The models age: what customers do changes. Train at least once a month.",
    ]


def _ethics(trained: Trained) -> list[str]:
    profile = ", ".join(trained.settings.features.profile)
    used = (
        f"Of the profile the models see: {profile}. Look for groups treated unlike in the calibration by segment."
        if profile
        else "Of the profile the models see nothing."
    )
    return [
        "Who objected to profiling (no_profiling), or was erased, is not scored, and is not learned from at any cutoff "
        "after the objection; who objected to contact is on no list.",
        "Names, addresses of any kind and phone numbers never become features. " + used,
        "A customer may ask for the reasons, and have them explained by a person: every listed score comes with them.",
        "This card and its figures hold no customer's data.",
    ]
