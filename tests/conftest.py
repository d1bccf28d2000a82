from hypothesis import settings

# A time limit for each example would be a timed assertion: on a loaded machine it fails by chance.
settings.register_profile("vigo", deadline=None)
settings.load_profile("vigo")
