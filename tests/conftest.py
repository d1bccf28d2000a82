import os

from hypothesis import settings

# A deadline is a timed assertion: it fails by chance on a machine that is busy. What CI draws is the same each time, so
# that a failure there is the change's; elsewhere fewer, new ones are drawn, and what failed once is tried again first.
IN_CI = bool(os.environ.get("CI"))
settings.register_profile("vigo", deadline=None, max_examples=60 if IN_CI else 25, derandomize=IN_CI)
settings.load_profile("vigo")
