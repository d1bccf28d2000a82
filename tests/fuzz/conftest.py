import os

from hypothesis import HealthCheck, settings

# In the usual run each parser meets a few inputs, the same ones each time. `make fuzz` asks for more, and for others.
EXAMPLES = int(os.environ.get("VIGO_FUZZ_EXAMPLES", "0"))
settings.register_profile(
    "fuzz",
    deadline=None,
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FUZZ = settings.get_profile("fuzz")
