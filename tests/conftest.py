import os

from hypothesis import settings

# A deadline is a timed assertion: it fails by chance on a machine that is busy. What CI draws is the same each time, so
# that a failure there is the change's; elsewhere new examples are drawn, and what failed once is tried again first.
settings.register_profile("vigo", deadline=None, max_examples=60, derandomize=bool(os.environ.get("CI")))
settings.load_profile("vigo")
