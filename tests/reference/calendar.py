"""The season of the cutoff."""

import math

from tests.reference.view import Values, View


def values(view: View) -> Values:
    angle = math.tau * view.day.timetuple().tm_yday / 365.25
    return {
        "calendar__year_sin": math.sin(angle),
        "calendar__year_cos": math.cos(angle),
        "calendar__month": float(view.day.month),
    }
