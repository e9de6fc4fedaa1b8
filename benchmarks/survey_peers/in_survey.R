# The survey benchmark by R survey: taylor|replicates FILE PERSONS FIGURES. CPU seconds are printed as JSON.
suppressMessages(library(survey))
given <- commandArgs(trailingOnly = TRUE)
persons <- as.integer(given[3])
used <- function() sum(proc.time()[c(1, 2, 4, 5)])
known <- c("domain", "age", "migrant", "employed", "poor", "hours", "earned")
is_taylor <- given[1] == "taylor"
names <- if (is_taylor) c("stratum", "unit", "weight", known) else c(known, "weight", paste0("r", 1:80))
lines <- c()
keep <- function(name, by, table, error) {
  codes <- do.call(paste, c(table[by], sep = ","))
  lines <<- c(lines, sprintf("%s|%s|%s;%.17g;%.17g", name, paste(by, collapse = ","), codes,
                             table[[length(by) + 1]], error))
}
began <- used()
file <- file(given[2], "rb")
columns <- lapply(names, function(each) readBin(file, "integer", persons, 4))
close(file)
names(columns) <- names
read <- used()
if (is_taylor) {
  design <- svydesign(id = ~unit, strata = ~stratum, weights = ~weight, data = as.data.frame(columns))
} else {
  weights <- do.call(cbind, columns[paste0("r", 1:80)])
  design <- svrepdesign(data = as.data.frame(columns[known]), weights = columns$weight, repweights = weights,
                        type = "successive-difference", mse = TRUE, combined.weights = TRUE)
  rm(columns, weights)
}
for (name in c("total", "mean", "ratio")) {
  start <- used()
  made <- switch(name,
    total = svyby(~earned, ~domain, design, svytotal),
    mean = svyby(~earned, ~domain, design, svymean),
    ratio = svyby(~earned, ~domain, design, svyratio, denominator = ~hours))
  if (!is_taylor) a_table <- used() - start
  keep(if (is_taylor || name == "ratio") name else paste(name, "earned"), "domain", made, SE(made))
  if (!is_taylor && name == "mean") break
}
done <- used()
writeLines(lines, given[4])
if (is_taylor) {
  cat(sprintf('{"with reading": %.3f, "without reading": %.3f}\n', done - began, done - read))
} else {
  cat(sprintf('{"read": %.3f, "table by domain": %.3f}\n', read - began, a_table))
}
