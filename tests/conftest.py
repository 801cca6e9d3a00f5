from hypothesis import settings

# Shared machines pause for longer than hypothesis' default deadline; how fast things are is measured elsewhere.
settings.register_profile("parcelcast", deadline=None)
settings.load_profile("parcelcast")
