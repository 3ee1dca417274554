from __future__ import annotations

import pytest
from virtual_stage import Stage


@pytest.fixture
def stage() -> type[Stage]:
    return Stage
