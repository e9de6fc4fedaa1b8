"""Steps in order: what is already made is not made again, and every result knows what it came from."""

from sojourn.pipeline.steps import Made, Step, run

__all__ = ["Made", "Step", "run"]
