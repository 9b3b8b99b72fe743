"""Who the customers are: what stays the same about each of them. All people are made up."""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.simulate import parameters as p

FIRST_NAMES = "Ada Bela Cora Dario Elin Faro Gita Hanno Ines Jaro Kaia Levin Mara Nilo Oda Pelle Rike Sami Tove Yara"
LAST_NAMES = "Amber Birke Corvin Dahlow Eschen Falk Garve Holm Iversen Jolan Kestrel Linde Marlow Nord Orrin Quill"
PREFERRED_CHANNELS = np.array(["email", "phone", "chat"])


@dataclass(frozen=True, slots=True)
class People:
    """One array of shape (customers,) for every trait. Days count from the first simulated day, day 0."""

    joined: NDArray[np.int64]  # the day of signing up; negative: before the simulation starts
    purchase_rate: NDArray[np.float64]  # purchases a day in a usual season
    basket: NDArray[np.float64]  # median amount of a purchase at list price, currency
    segment: NDArray[np.int64]  # position in SEGMENT_SENSITIVITY
    region: NDArray[np.int64]  # position in REGION_PROMISE_KEPT
    plan: NDArray[np.int64]  # position in PLANS; -1: no service contract

    @property
    def has_contract(self) -> NDArray[np.bool_]:
        """Whether a service contract runs from the day of signing up."""
        return self.plan >= 0

    def take(self, rows: NDArray[np.int64]) -> "People":
        """The people at these positions, which may repeat."""
        return People(*(getattr(self, field.name)[rows] for field in fields(self)))


def draw_people(customers: int, history_days: int, generator: np.random.Generator) -> People:
    """Draw `customers` people: some are there on day 0, the others sign up on a day in [0, history_days)."""
    present = generator.random(customers) < p.SHARE_PRESENT_AT_START
    shape = p.PURCHASE_RATE_SHAPE
    return People(
        joined=np.where(
            present, -generator.integers(1, 1_000, customers), generator.integers(0, history_days, customers)
        ),
        purchase_rate=np.clip(generator.gamma(shape, p.MEAN_PURCHASE_RATE / shape, customers), 0.004, 0.4),
        basket=p.MEDIAN_BASKET * np.exp(0.6 * generator.standard_normal(customers)),
        segment=generator.choice(len(p.SEGMENT_SENSITIVITY), customers, p=[0.6, 0.25, 0.15]),
        region=generator.integers(0, len(p.REGION_PROMISE_KEPT), customers),
        plan=np.where(
            generator.random(customers) < p.SHARE_WITH_CONTRACT, generator.integers(0, len(p.PLANS), customers), -1
        ),
    )


def customer_ids(customers: int) -> pl.Series:
    """Ids by position, "C000001" first."""
    return pl.Series("customer_id", [f"C{number:06d}" for number in range(1, customers + 1)], dtype=pl.String)


def customers_table(people: People, first_day: date, generator: np.random.Generator) -> pl.DataFrame:
    """The canonical `customers` table, one row a customer; names, phones and addresses are invented."""
    customers = len(people.joined)
    pairs = np.array([f"{first} {last}" for first, last in product(FIRST_NAMES.split(), LAST_NAMES.split())])
    managers = generator.permutation(pairs)[: max(3, round(customers / p.CUSTOMERS_PER_MANAGER))]
    names = generator.choice(pairs, customers)
    signed_up_on = [first_day + timedelta(days=int(day)) for day in people.joined]
    return pl.DataFrame(
        {
            "customer_id": customer_ids(customers),
            "signed_up_on": signed_up_on,
            "account_manager": generator.choice(managers, customers),
            "segment": np.array(list(p.SEGMENT_SENSITIVITY))[people.segment],
            "region": np.array(list(p.REGION_PROMISE_KEPT))[people.region],
            "valid_from": signed_up_on,
            "display_name": names,
            # 555-0100 to 555-0199 are reserved for fiction.
            "phone": [f"+1-202-555-01{number:02d}" for number in generator.integers(0, 100, customers)],
            "email": [
                f"{name.replace(' ', '.').lower()}.{number}@example.com" for number, name in enumerate(names, start=1)
            ],
            "preferred_channel": generator.choice(PREFERRED_CHANNELS, customers),
        }
    )
