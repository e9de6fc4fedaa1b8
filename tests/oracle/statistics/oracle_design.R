# Reads records.csv and designs.csv beside each other; writes results.csv with R survey's answers.
suppressMessages(library(survey))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
records <- read.csv(file.path(folder, "records.csv"), colClasses = c(a = "character", b = "character"))
replicates <- as.matrix(records[, grep("^r[0-9]+$", names(records))])
scale_of <- as.numeric(arguments[3])
rscales <- scan(file.path(folder, "rscales.txt"), quiet = TRUE)
design <- svrepdesign(data = records, weights = records$w, repweights = replicates, type = "other",
                      scale = scale_of, rscales = rscales, mse = arguments[4] == "estimate", combined.weights = TRUE)
if (arguments[2] != "other") {
  design <- switch(arguments[2],
    successive_difference = svrepdesign(data = records, weights = records$w, repweights = replicates,
      type = "successive-difference", mse = arguments[4] == "estimate", combined.weights = TRUE),
    brr = svrepdesign(data = records, weights = records$w, repweights = replicates, type = "BRR",
      mse = arguments[4] == "estimate", combined.weights = TRUE),
    fay = svrepdesign(data = records, weights = records$w, repweights = replicates, type = "Fay",
      rho = as.numeric(arguments[5]), mse = arguments[4] == "estimate", combined.weights = TRUE))
}
design$variables$one <- 1
rows <- function(statistic, found, a, b) data.frame(statistic = statistic, a = a, b = b, value = as.numeric(coef(found)),
  error = as.numeric(SE(found)))
found <- NULL
counts <- svyby(~one, ~a + b, design, svytotal, na.rm = TRUE)
found <- rbind(found, rows("count", counts, counts$a, counts$b))
counts <- svyby(~one, ~a, design, svytotal)
found <- rbind(found, rows("count", counts, counts$a, "_T"))
means <- svyby(~x, ~a + b, design, svymean, na.rm = TRUE)
found <- rbind(found, rows("mean", means, means$a, means$b))
means <- svyby(~x, ~b, design, svymean, na.rm = TRUE)
found <- rbind(found, rows("mean", means, "_T", means$b))
for (code in sort(unique(records$b))) {
  design$variables$is_code <- as.numeric(records$b == code)
  shares <- svyby(~is_code, ~a, design, svymean)
  found <- rbind(found, rows("share", shares, shares$a, code))
}
options(digits = 17)
write.csv(format(found, digits = 17), file.path(folder, "results.csv"), row.names = FALSE, quote = FALSE)
