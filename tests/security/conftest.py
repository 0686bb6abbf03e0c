"""One scene for the tests of a module: a library with real things in it."""

from collections.abc import Iterator

import pytest

from lumilio.media.pool import DecodePool
from tests.contract.scene import Scene
from tests.support.library import Library


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    library = Library(folder / "home", pool)
    yield Scene(folder, library.ctx, library.api, library.work)
    library.close()
