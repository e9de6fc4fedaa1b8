# What R's package survey says of a sample: totals, means, proportions, ratios, gaps and quantiles by group.
# Arguments: records.csv, results.csv, how the design is made (R code), then settings as R options.
arguments <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages(library(survey))
options(digits = 17, survey.lonely.psu = arguments[4])
records <- read.csv(arguments[1], colClasses = c(g = "character"))
records$one <- 1
design <- eval(parse(text = arguments[3]))
found <- list()
add <- function(statistic, cell, value, error, effect = NA, lower = NA, upper = NA, freedom = NA) {
  found[[length(found) + 1]] <<- data.frame(
    statistic = statistic, cell = cell, value = as.numeric(value), error = as.numeric(error),
    effect = as.numeric(effect), lower = as.numeric(lower), upper = as.numeric(upper), freedom = freedom
  )
}
linearised <- inherits(design, "survey.design2")
ask <- function(part, cell) {
  of_design <- function(part) { if (!linearised) part$degf <- design$degf; part }
  part <- of_design(part)
  freedom <- degf(part)
  total <- svytotal(~y, part, na.rm = TRUE, deff = "replace")
  add("total", cell, coef(total), SE(total), deff(total), freedom = freedom)
  mean <- svymean(~y, part, na.rm = TRUE, deff = "replace")
  ends <- confint(mean, df = degf(subset(part, !is.na(y))))
  if (!linearised) ends <- confint(mean, df = design$degf)
  add("mean", cell, coef(mean), SE(mean), deff(mean), ends[1], ends[2])
  ratio <- svyratio(~y, ~x, part, na.rm = TRUE)
  add("ratio", cell, coef(ratio), SE(ratio))
  share <- svymean(~u, subset(part, !is.na(u)), deff = "replace")
  add("proportion", cell, coef(share), SE(share), deff(share))
  if (coef(share) > 0 && coef(share) < 1) for (method in c("xlogit", "beta")) {
    of <- of_design(subset(part, !is.na(u)))
    ends <- attr(svyciprop(~u, of, method = method, df = degf(of)), "ci")
    add(paste0("proportion_", method), cell, coef(share), SE(share), lower = ends[1], upper = ends[2])
  }
  for (at in c(0.25, 0.5, 0.9)) for (rule in c("math", "school")) {
    of <- of_design(subset(part, !is.na(y)))
    for (kind in if (linearised) "mean" else c("mean", "quantile")) {
      q <- svyquantile(~y, of, at, qrule = rule, interval.type = kind, df = degf(of))$y
      add(paste("quantile", at, rule, kind, sep = "_"), cell, q[1, 1], q[1, 4], lower = q[1, 2], upper = q[1, 3])
    }
  }
}
ask(design, "_T")
for (group in sort(unique(records$g))) ask(subset(design, g == group), group)
count <- svytotal(~g, design, deff = "replace")
add("count", sub("^g", "", names(coef(count))), coef(count), SE(count), deff(count))
share <- svymean(~g, design, deff = "replace")
add("share", sub("^g", "", names(coef(share))), coef(share), SE(share), deff(share))
means <- svyby(~y, ~g, subset(design, !is.na(y)), svymean, covmat = TRUE)
names <- sort(unique(records$g))
for (other in names[-1]) {
  weights <- setNames(rep(0, length(names)), names); weights[names[1]] <- -1; weights[other] <- 1
  gap <- svycontrast(means, list(gap = weights))
  add("gap", paste0(other, "-", names[1]), coef(gap), SE(gap))
}
write.csv(do.call(rbind, found), arguments[2], row.names = FALSE)
