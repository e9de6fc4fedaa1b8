# The calibrations of benchmarks/weighting.py by R survey: a line each with name, CPU seconds, and the weights.
suppressMessages(library(survey))
folder <- commandArgs(trailingOnly = TRUE)[1]
records <- read.csv(file.path(folder, "records.csv"), stringsAsFactors = TRUE)
design <- svydesign(ids = ~1, weights = ~w, data = records)
cells <- read.csv(file.path(folder, "sex_age.csv"), stringsAsFactors = TRUE)
known <- colSums(model.matrix(~sex * age, cells) * cells$total)
for (name in c("region", "born")) {
  of <- read.csv(file.path(folder, paste0(name, ".csv")), stringsAsFactors = TRUE)
  known <- c(known, setNames(of$total, paste0(name, of[[name]])))
}
formula <- ~sex * age + region + born
known <- known[colnames(model.matrix(formula, records[1:2, ]))]
target <- file(file.path(folder, "found.txt"), "w")
for (name in c("linear", "raking", "logit")) {
  bounds <- if (name == "logit") c(0.3, 3) else c(-Inf, Inf)
  spent <- system.time(found <- calibrate(design, formula, known, calfun = name, bounds = bounds, epsilon = 1e-12))
  writeLines(paste(c(name, spent[["user.self"]] + spent[["sys.self"]], formatC(weights(found), digits = 17, format = "g")),
                   collapse = " "), target)
}
close(target)
