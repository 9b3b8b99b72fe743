"""The nightly job, training, and everything that touches files, databases and people."""

import models  # noqa: F401  (sets how OpenMP threads wait, before any library that uses them is loaded)
