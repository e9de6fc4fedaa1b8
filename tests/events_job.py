"""Write the events of a file of movements, on one machine or on a cluster; tests run it as a process.

    python events_job.py MOVEMENTS FOLDER MASTER

MASTER is empty for one machine. Prints how many events there are and the accounts as JSON.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule, national_framework
from sojourn.engine import Engine
from sojourn.integration.migration_events import EventRules
from sojourn.integration.movements import Observation
from sojourn.production.events_by_person import EventWork, written_events


def main(file: Path, folder: Path, master: str) -> None:
    """Write the events into the folder `events` of the folder."""
    dated = {
        datetime.date(2000, 1, 1): ResidenceRule(20, 26),
        datetime.date(2010, 2, 1): ResidenceRule(10, 26),
    }
    national = national_framework(dated, source="test", titles={"en": "National"})
    observation = Observation(datetime.date(2010, 1, 1), datetime.date(2010, 4, 30))
    events, unfinished = folder / "events", folder / "unfinished"
    events.mkdir(parents=True)
    unfinished.mkdir()
    with Engine([file.parent, folder]) as engine:
        told = written_events(
            engine.relation(file),
            pq.read_metadata(file).num_rows,
            EventWork(EventRules("XRT", national), observation),
            events,
            unfinished,
            master,
        )
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
