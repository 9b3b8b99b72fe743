"""Models over feature matrices: training, scoring, explaining, judging, registering."""

import os

# OpenMP threads that wait for each other spin by default. On two cores shared with another process that made training
# 30 times slower (88 s against 3 s); sleeping costs nothing measurable on quiet ones. OpenMP reads this when the first
# library that uses it is loaded, so it is set before LightGBM and scikit-learn are.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
