# The smallest and the largest value that some withheld cells can have, by lp_solve (R package lpSolve).
# Arguments: the folder with sums.csv (row, column, sign), cells.csv (down, value) and asked.csv (cell), and
# where to write the answers. Columns are withheld cells, counted from 1; each can fall by `down` and rise
# without end.
if (!requireNamespace("lpSolve", quietly = TRUE)) quit(status = 77)
given <- commandArgs(trailingOnly = TRUE)
sums <- read.csv(file.path(given[1], "sums.csv"))
cells <- read.csv(file.path(given[1], "cells.csv"))
asked <- read.csv(file.path(given[1], "asked.csv"))
entries <- as.matrix(sums[, c("row", "column", "sign")])
rows <- max(sums$row)
# lp_solve counts from zero: cells are moved up by what they can fall.
right <- numeric(rows)
for (each in seq_len(nrow(sums))) {
  right[sums$row[each]] <- right[sums$row[each]] + sums$sign[each] * cells$down[sums$column[each]]
}
end <- function(cell, direction) {
  goal <- numeric(nrow(cells))
  goal[cell] <- 1
  found <- lpSolve::lp(direction, goal, const.dir = rep("=", rows), const.rhs = right, dense.const = entries)
  if (found$status == 3) return(Inf)
  stopifnot(found$status == 0)
  cells$value[cell] - cells$down[cell] + found$objval
}
told <- paste("R", getRversion(), "lpSolve", packageVersion("lpSolve"))
for (cell in asked$cell) {
  told <- c(told, sprintf("%d,%.10f,%.10f", cell, end(cell, "min"), end(cell, "max")))
}
writeLines(told, given[2])
