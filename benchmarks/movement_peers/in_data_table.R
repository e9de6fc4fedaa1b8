# The rule by data.table: FILE (csv: person_id, crossing_id, day, side) TARGET.
library(data.table)
setDTthreads(2)
given <- commandArgs(trailingOnly = TRUE)
rows <- fread(given[1])
setkey(rows, person_id, day, crossing_id)
rows[, leg := fifelse(side == 1L, shift(day, -1L) - day, 0L), by = person_id]
rows[is.na(leg), leg := 0L]
rows[, spent := cumsum(leg) - leg, by = person_id]
rows[, end := pmin(day + 487L, 18261L)]
last <- rows[rows[, .(person_id, day = end)], on = .(person_id, day), roll = TRUE, mult = "last",
             .(spent = x.spent, side = x.side, day = x.day)]
rows[, days_in := last$spent - spent + fifelse(last$side == 1L, end - last$day, 0L)]
rows[, new := fifelse(side == 1L, days_in, end - day - days_in)]
rows[, can := fifelse(new >= 365L, 1L, fifelse(end - day - new > 122L, 0L, -1L))]
fwrite(rows, given[2])
