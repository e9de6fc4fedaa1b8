# What R's package survey says of samples of two phases: totals, means, ratios, proportions, counts and gaps.
# Argument: a folder with cases.csv (case, column of who was drawn again, arguments of twophase) and records.csv,
# the first phase; the answers are written into answers.csv beside them.
folder <- commandArgs(trailingOnly = TRUE)[1]
suppressPackageStartupMessages(library(survey))
found <- list()
case <- ""
add <- function(statistic, cell, of) {
  found[[length(found) + 1]] <<- data.frame(
    case = case, statistic = statistic, cell = cell, value = as.numeric(coef(of)), error = as.numeric(SE(of))
  )
}
every <- read.csv(file.path(folder, "records.csv"))
cases <- read.csv(file.path(folder, "cases.csv"))
for (at in seq_len(nrow(cases))) {
  case <- cases$case[at]
  again <- every[[cases$drawn[at]]] == 1
  # `survey` looks up how many units a stratum of the first phase has by the place of a row among those drawn
  # again (Dcheck_multi_subset, also in 4.5). It finds them where these rows stand first, and of them one of each
  # unit and then one of each household before others; with other orders its variances are wrong.
  first_of <- function(units) !(again & !duplicated(paste(units, again)))
  order <- order(first_of(every$area), first_of(every$place), !again)
  records <- every[order, ]
  records$again <- again[order]
  records$known <- as.numeric(!is.na(records$y))
  records$y[is.na(records$y)] <- 0
  cells <- c("_T", "a", "b", "c")
  for (cell in cells) {
    is_in <- if (cell == "_T") 1 else as.numeric(!is.na(records$g) & records$g == cell)
    records[[paste0("y", cell)]] <- records$y * is_in
    records[[paste0("n", cell)]] <- records$known * is_in
    records[[paste0("x", cell)]] <- records$x * records$known * is_in
    records[[paste0("u", cell)]] <- records$u * is_in
    records[[paste0("one", cell)]] <- is_in
  }
  given <- eval(parse(text = cases$design[at]))
  design <- do.call(twophase, c(given, list(subset = ~again, data = records, method = "full")))
  of <- function(what, cell) as.formula(paste0("~", what, cell))
  for (cell in cells) {
    add("total", cell, svytotal(of("y", cell), design))
    add("count", cell, svytotal(of("one", cell), design))
    add("mean", cell, svyratio(of("y", cell), of("n", cell), design))
    add("ratio", cell, svyratio(of("y", cell), of("x", cell), design))
    add("proportion", cell, svyratio(of("u", cell), of("one", cell), design))
  }
  gap <- svycontrast(svytotal(~ya + na + yb + nb, design), quote(yb / nb - ya / na))
  add("gap", "b-a", gap)
}
write.csv(do.call(rbind, found), file.path(folder, "answers.csv"), row.names = FALSE)
writeLines(paste0("R ", getRversion(), ", survey ", packageVersion("survey")), file.path(folder, "made_by.txt"))
