"""Property tests draw the same examples in every run; HYPOTHESIS_PROFILE=deep draws others, and more of them."""

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, print_blob=True)
settings.register_profile("deep", max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
