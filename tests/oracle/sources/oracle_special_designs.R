# Two-phase and dual-frame estimates and variances by R `survey`, and the balance of recruitment by R's eigenvectors.
# Arguments: the folder with first_phase.csv, two_frames.csv and recruits.csv, and the file to write. Each line of the
# result: case, estimate, standard error; of two phases also the variance of the first and of the second.
if (!requireNamespace("survey", quietly = TRUE)) quit(status = 77)
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

# Dual frames: `survey` 4.1 has none, so the totals of both samples and their covariances are combined here by the
# formulas of Hartley, and of Fuller and Burmeister. Variances are those of svytotal.
two <- read.csv(file.path(given[1], "two_frames.csv"))
two$both <- two$in_area == 1 & two$in_register == 1
area <- svydesign(~1, strata = ~region, fpc = ~population, data = two[two$frame == "area", ])
register <- svydesign(~1, fpc = ~population, data = two[two$frame == "register", ])
number <- function(...) format(c(...), digits = 17, trim = TRUE)
say <- function(case, value, variance) lines <<- c(lines, paste(c(case, number(value, sqrt(variance))), collapse = ","))
totals <- function(design) svytotal(~I(y * !both) + I(y * both) + I(1 * both), design)
a <- totals(area)
b <- totals(register)
va <- vcov(a)
vb <- vcov(b)
a <- coef(a)
b <- coef(b)
hartley <- function(theta) {
  one <- c(1, theta)
  other <- c(1, 1 - theta)
  c(sum(one * a[1:2]) + sum(other * b[1:2]), one %*% va[1:2, 1:2] %*% one + other %*% vb[1:2, 1:2] %*% other)
}
found <- hartley(0.4)
say("hartley-0.4", found[1], found[2])
theta <- (vb[2, 2] + vb[1, 2] - va[1, 2]) / (va[2, 2] + vb[2, 2])
found <- hartley(theta)
say("hartley-optimal", found[1], found[2])
# Of y in the overlap and of its number of units: what the first sample tells less what the second tells.
inner <- va[2:3, 2:3] + vb[2:3, 2:3]
outer_ <- va[1, 2:3] - vb[1, 2:3] - vb[2, 2:3]
beta <- -solve(inner, outer_)
say("fuller-burmeister", a[1] + b[1] + b[2] + sum(beta * (a[2:3] - b[2:3])),
    va[1, 1] + sum(vb[1:2, 1:2]) + sum(beta * outer_))
shared <- function(case, part) {
  two$z <- two$y * part
  one <- svytotal(~z, update(area, z = two$z[two$frame == "area"]))
  other <- svytotal(~z, update(register, z = two$z[two$frame == "register"]))
  say(case, coef(one) + coef(other), vcov(one) + vcov(other))
}
own <- ifelse(two$frame == "area", two$from_area, two$from_register)
shared("single-frame", own / (two$from_area * two$in_area + two$from_register * two$in_register))
shared("multiplicity", 1 / (two$in_area + two$in_register))

# Recruitment between groups: the balance is the eigenvector of eigenvalue one; divided by mean degrees it is RDS-I.
recruits <- read.csv(file.path(given[1], "recruits.csv"), colClasses = c(group = "character"))
by <- recruits$group[match(recruits$recruiter, recruits$person)]
moves <- prop.table(table(by, recruits$group), 1)
balance <- Re(eigen(t(moves))$vectors[, 1])
shares <- balance / sum(balance) / tapply(recruits$degree, recruits$group, function(d) length(d) / sum(1 / d))
lines <- c(lines, paste(c("rds-i", number(shares / sum(shares))), collapse = ","))
writeLines(lines, given[2])
