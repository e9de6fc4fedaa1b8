# Two-phase estimates and variances of R `survey`. Arguments: the folder with first_phase.csv, the file to write.
# Each line of the result: case, estimate, standard error, variance of the first phase, of the second.
suppressMessages(library(survey))
given <- commandArgs(trailingOnly = TRUE)
records <- read.csv(file.path(given[1], "first_phase.csv"))
records$again <- records$again == 1
records$clusters_again <- records$clusters_again == 1
lines <- c(paste0("R ", getRversion(), ", survey ", packageVersion("survey")))
put <- function(case, found) {
  parts <- attr(attr(found, "var"), "phases")
  lines <<- c(lines, paste(c(case, format(c(coef(found), SE(found), sapply(parts, function(each) as.matrix(each)[1, 1])),
                                          digits = 17, trim = TRUE)), collapse = ","))
}
ratio <- function(case, found) lines <<- c(lines, paste(c(case, format(c(coef(found), SE(found)), digits = 17, trim = TRUE)),
                                                        collapse = ","))
answers <- function(case, design, count = TRUE) {
  put(paste0(case, ":total"), svytotal(~y, design))
  put(paste0(case, ":mean"), svymean(~y, design))
  if (count) put(paste0(case, ":count"), svytotal(~one, design))  # else it is known, and its variance noise
  ratio(paste0(case, ":ratio"), svyratio(~y, ~z, design))
  ratio(paste0(case, ":north"), svyratio(~y_north, ~north, design))
}
records$one <- 1
records$north <- as.numeric(records$region == "north")
records$y_north <- records$y * records$north
# `survey` looks up how many units a stratum of the first phase has by the place of a row among those drawn again
# (Dcheck_multi_subset, the same in 4.5). It finds the right stratum when these rows stand first, the first row of
# each village before the others; with other orders its variances of stratified first phases are wrong. Its simple
# method instead takes probabilities of the second phase in the order of rows and sums in that of identifiers.
ordered <- function(again, method = "full") {
  if (method == "simple") return(records)
  first <- again & !duplicated(paste(records$village, again))
  records[order(!first, !again), ]
}
screened <- list(NULL, ~screened)
for (method in c("full", "simple")) {
  persons <- ordered(records$again, method)
  villages <- ordered(records$clusters_again, method)
  answers(paste0("simple-random-", method), twophase(id = list(~id, ~id), strata = screened, fpc = list(~everyone, NULL),
    subset = ~again, data = persons, method = method), FALSE)
  answers(paste0("stratified-", method), twophase(id = list(~id, ~id), strata = list(~region, ~screened),
    fpc = list(~of_region, NULL), subset = ~again, data = persons, method = method))
  answers(paste0("clusters-", method), twophase(id = list(~village, ~village), strata = list(~region, ~size),
    fpc = list(~villages, NULL), subset = ~clusters_again, data = villages, method = method))
}
persons <- ordered(records$again)
answers("clusters-then-persons", twophase(id = list(~village, ~id), strata = list(~region, ~screened),
  fpc = list(~villages, NULL), subset = ~again, data = persons))
answers("two-stages", twophase(id = list(~village + id, ~id), strata = list(~region, ~screened),
  fpc = list(~villages + of_village, NULL), subset = ~again, data = persons))
plain <- twophase(id = list(~id, ~id), strata = screened, fpc = list(~everyone, NULL), subset = ~again, data = persons)
regressed <- calibrate(plain, phase = 2, formula = ~x + region)
put("regression:total", svytotal(~y, regressed))
put("regression:mean", svymean(~y, regressed))
put("post-strata:total", svytotal(~y, calibrate(plain, phase = 2, formula = ~region - 1)))
writeLines(lines, given[2])
