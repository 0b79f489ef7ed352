"""Property tests draw the same examples in every run; HYPOTHESIS_PROFILE=deep draws others, and more of them."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, print_blob=True)
settings.register_profile("deep", max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the engine in this process keeps its data: a process opens one directory, whichever tests it runs."""
    return tmp_path_factory.mktemp("engine")
