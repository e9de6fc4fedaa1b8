# What R's package survey says of samples: totals, means, proportions, ratios, gaps and quantiles by group.
# Argument: a folder with cases.csv (case, how the design is made, rule for single units, degrees of freedom of
# replicate weights) and a file of records for each case; the answers are written into answers.csv beside them.
folder <- commandArgs(trailingOnly = TRUE)[1]
suppressPackageStartupMessages(library(survey))
options(digits = 17, survey.replicates.mse = TRUE)
found <- list()
case <- ""
add <- function(statistic, cell, value, error, effect = NA, lower = NA, upper = NA, freedom = NA) {
  found[[length(found) + 1]] <<- data.frame(
    case = case, statistic = statistic, cell = cell, value = as.numeric(value), error = as.numeric(error),
    effect = as.numeric(effect), lower = as.numeric(lower), upper = as.numeric(upper), freedom = freedom
  )
}
ask <- function(design, part, cell) {
  linearised <- inherits(design, "survey.design2")
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
  for (at in c(0.25, 0.5)) for (rule in c("math", "school")) {
    of <- of_design(subset(part, !is.na(y)))
    for (kind in if (linearised) "mean" else c("mean", "quantile")) {
      q <- svyquantile(~y, of, at, qrule = rule, interval.type = kind, df = degf(of))$y
      add(paste("quantile", at, rule, kind, sep = "_"), cell, q[1, 1], q[1, 4], lower = q[1, 2], upper = q[1, 3])
    }
  }
  # Of nobody R says 0, Sojourn that there is no figure.
  if (!any(!is.na(part$variables$u))) return(invisible())
  share <- svymean(~u, subset(part, !is.na(u)), deff = "replace")
  add("proportion", cell, coef(share), SE(share), deff(share))
  if (coef(share) > 0 && coef(share) < 1) for (method in c("xlogit", "beta")) {
    of <- of_design(subset(part, !is.na(u)))
    ends <- attr(svyciprop(~u, of, method = method, df = degf(of)), "ci")
    add(paste0("proportion_", method), cell, coef(share), SE(share), lower = ends[1], upper = ends[2])
  }
}
answer <- function(design, records) {
  ask(design, design, "_T")
  names <- sort(unique(records$g), method = "radix")
  for (group in names) ask(design, subset(design, g == group), group)
  count <- svytotal(~g, design, deff = "replace")
  add("count", sub("^g", "", names(coef(count))), coef(count), SE(count), deff(count))
  share <- svymean(~g, design, deff = "replace")
  add("share", sub("^g", "", names(coef(share))), coef(share), SE(share), deff(share))
  for (other in names[-1]) {
    both <- update(
      design,
      y1 = ifelse(is.na(y) | g != other, 0, y), x1 = as.numeric(!is.na(y) & g == other),
      y2 = ifelse(is.na(y) | g != names[1], 0, y), x2 = as.numeric(!is.na(y) & g == names[1])
    )
    ratios <- svyratio(~y1 + y2, ~x1 + x2, both, covmat = TRUE)
    gap <- svycontrast(ratios, c(1, 0, 0, -1))
    add("gap", paste0(other, "-", names[1]), coef(gap), SE(gap))
  }
}
cases <- read.csv(file.path(folder, "cases.csv"))
for (at in seq_len(nrow(cases))) {
  case <- cases$case[at]
  options(survey.lonely.psu = cases$single[at])
  records <- read.csv(file.path(folder, paste0(case, ".csv")), colClasses = c(g = "character"))
  design <- eval(parse(text = cases$design[at]))
  # The degrees of freedom of replicate weights are declared; R would count independent columns.
  if (!is.na(cases$freedom[at])) design$degf <- cases$freedom[at]
  answer(design, records)
}
write.csv(do.call(rbind, found), file.path(folder, "answers.csv"), row.names = FALSE)
