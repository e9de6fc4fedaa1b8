# What R's laeken says of inequality and poverty, and mitools of several versions of a figure.
# Argument: a folder with records.csv (y, w, g) and versions.csv (value, variance, freedom); the answers go into answers.csv.
folder <- commandArgs(trailingOnly = TRUE)[1]
suppressPackageStartupMessages({library(laeken); library(mitools)})
options(digits = 17)
records <- read.csv(file.path(folder, "records.csv"))
records <- records[!is.na(records$y), ]
found <- list()
add <- function(statistic, cell, value, error = NA) {
  found[[length(found) + 1]] <<- data.frame(statistic = statistic, cell = cell, value = value, error = error)
}
line <- arpt(records$y, weights = records$w, p = 0.6)
for (cell in c("_T", sort(unique(records$g)))) {
  part <- if (cell == "_T") records else records[records$g == cell, ]
  add("gini", cell, gini(part$y, weights = part$w)$value / 100)
  add("quintile_share_ratio", cell, qsr(part$y, weights = part$w)$value)
  add("poverty_rate", cell, sum(part$w[part$y < line]) / sum(part$w))
}
stopifnot(all.equal(arpr(records$y, weights = records$w, p = 0.6)$value / 100, found[[3]]$value))
versions <- read.csv(file.path(folder, "versions.csv"))
combined <- MIcombine(as.list(versions$value), as.list(versions$variance), df.complete = versions$freedom[1])
add("combined", "_T", coef(combined), sqrt(vcov(combined)[1]))
add("combined_freedom", "_T", combined$df)
write.csv(do.call(rbind, found), file.path(folder, "answers.csv"), row.names = FALSE)
