"""`python -m sojourn.sources.reader` is the child that reads one file; see `child`."""

from __future__ import annotations

import gc

from sojourn.start import left_out


def main() -> None:
    """Load what reading needs and nothing else, and answer one request."""
    # Loading modules makes many objects and hardly any garbage: looked through rarely, they load faster.
    gc.set_threshold(100_000, 50, 50)
    left_out("pandas", "scipy.linalg", "cffi", "yaml")
    # Loaded only now, since numba asks for the libraries that are left out.
    from sojourn.sources.reader import child

    child.main()


main()
