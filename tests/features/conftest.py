"""How random stores are tried.

By default few, always the same, and reported as found; HOLDFAST_FAULTS=long tries many new ones and reduces what fails
to its smallest form.
"""

import os

from hypothesis import HealthCheck, Phase, settings

LONG = os.environ.get("HOLDFAST_FAULTS") == "long"

settings.register_profile(
    "quick",
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long", max_examples=500, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("long" if LONG else "quick")
