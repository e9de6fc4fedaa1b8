"""The rule by a function for each person in pandas: FILE TARGET."""

import sys

import numpy as np
import pandas as pd

_, file, target = sys.argv
crossings = pd.read_parquet(file).sort_values(["person_id", "date", "crossing_id"])
crossings["day"] = pd.to_datetime(crossings["date"]).to_numpy().astype("datetime64[D]").astype(np.int64)


def decided(person: pd.DataFrame) -> pd.DataFrame:
    """One person's crossings with what each can do."""
    day, side = person["day"].to_numpy(), (person["direction"] == "arrival").to_numpy()
    legs = np.append(np.diff(day), 0) * side
    spent = np.cumsum(legs) - legs
    end = np.minimum(day + 487, 18261)
    last = np.searchsorted(day, end, "right") - 1
    days_in = spent[last] - spent + np.where(side[last], end - day[last], 0)
    new = np.where(side, days_in, end - day - days_in)
    return person.assign(can=np.where(new >= 365, 1, np.where(end - day - new > 122, 0, -1)))


columns = crossings.columns.tolist()
crossings.groupby("person_id", group_keys=False)[columns].apply(decided).to_parquet(target)
