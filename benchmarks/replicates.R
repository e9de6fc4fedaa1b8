# The tables of benchmarks/replicates.py by R survey: sums, means and shares with their standard errors.
suppressMessages(library(survey))
arguments <- commandArgs(trailingOnly = TRUE)
file <- file(arguments[1], "rb")
persons <- as.integer(arguments[2])
replicates <- as.integer(arguments[3])
columns <- lapply(seq_len(replicates + 5), function(i) readBin(file, "integer", persons, 4))
close(file)
records <- data.frame(area = columns[[1]], group = columns[[2]], sex = columns[[3]], x = columns[[4]], one = 1)
weights <- do.call(cbind, columns[6:(replicates + 5)])
design <- svrepdesign(data = records, weights = columns[[5]], repweights = weights, type = "successive-difference",
                      mse = TRUE, combined.weights = TRUE)
rm(columns, weights)
check <- 0
for (by in list(~area, ~group, ~sex)) {
  counts <- svyby(~one, by, design, svytotal)
  means <- svyby(~x, by, design, svymean)
  check <- check + sum(SE(counts)) + sum(SE(means))
}
cat(format(check, digits = 17), "\n")
