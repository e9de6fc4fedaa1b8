# Reads records.csv, totals.csv and replicates.csv in the folder given; writes found.txt: a line for each answer of
# R survey, its name and then numbers to 17 digits.
suppressMessages(library(survey))
folder <- commandArgs(trailingOnly = TRUE)[1]
records <- read.csv(file.path(folder, "records.csv"), colClasses = c(sex = "character", region = "character"))
totals <- read.csv(file.path(folder, "totals.csv"), colClasses = c(sex = "character", region = "character"))
replicates <- as.matrix(read.csv(file.path(folder, "replicates.csv")))
records$sex <- factor(records$sex)
records$region <- factor(records$region)
records$is_b <- as.numeric(records$region == "b")
target <- file(file.path(folder, "found.txt"), "w")
tell <- function(name, numbers) writeLines(paste(c(name, formatC(as.numeric(numbers), digits = 17, format = "g")),
                                                 collapse = " "), target)
tell("version", as.numeric(unlist(packageVersion("survey"))))

design <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w, data = records, nest = TRUE)
people <- xtabs(total ~ sex + region, totals)
by_sex <- margin.table(people, 1)
by_region <- margin.table(people, 2)
known <- c(sum(people), by_sex[-1], by_region[-1], sum(totals$income))
names(known) <- c("(Intercept)", "sexM", paste0("region", names(by_region)[-1]), "income")
persons <- known[1:(length(known) - 1)]

errors <- function(name, found) {
  tell(paste0(name, ".weights"), weights(found))
  total <- svytotal(~y + x, found)
  mean <- svymean(~y + x, found)
  ratio <- svyratio(~y, ~x, found)
  domain <- svytotal(~y, subset(found, region == "b"))
  share <- svymean(~is_b, found)
  tell(paste0(name, ".estimates"), c(coef(total), coef(mean), coef(ratio), coef(domain), coef(share)))
  tell(paste0(name, ".errors"), c(SE(total), SE(mean), SE(ratio), SE(domain), SE(share)))
}
exact <- function(...) calibrate(..., epsilon = 1e-13, maxit = 200)

errors("linear", calibrate(design, ~sex + region + income, known))
errors("raking", exact(design, ~sex + region + income, known, calfun = "raking"))
errors("logit", exact(design, ~sex + region + income, known, calfun = "logit", bounds = c(0.4, 2.2)))
errors("linear_bounded", exact(design, ~sex + region + income, known, calfun = "linear", bounds = c(0.8, 1.4)))
errors("raking_bounded", exact(design, ~sex + region + income, known, calfun = "raking", bounds = c(0.8, 1.4)))
errors("variance", calibrate(design, ~sex + region + income, known, variance = records$spread))
errors("post_stratified", postStratify(design, ~sex + region, as.data.frame(people)))
errors("crossed", exact(design, ~sex * region, local({
  cells <- as.data.frame(people)
  frame <- model.matrix(~sex * region, cells)
  colSums(frame * cells$Freq)
}), calfun = "raking"))
frames <- list(data.frame(sex = names(by_sex), Freq = as.numeric(by_sex)),
               data.frame(region = names(by_region), Freq = as.numeric(by_region)))
errors("raked", rake(design, list(~sex, ~region), frames, control = list(maxit = 1000, epsilon = 1e-13)))

by_household <- svydesign(ids = ~household, weights = ~hw, data = records)
errors("household", calibrate(by_household, ~sex + region, persons, aggregate.stage = 1))
errors("household_raking", exact(by_household, ~sex + region, persons, calfun = "raking", aggregate.stage = 1))

tell("trimmed", weights(trimWeights(design, upper = 45, lower = 12)))
tell("trimmed_strict", weights(trimWeights(design, upper = 45, lower = 12, strict = TRUE)))
tell("trimmed_upper_strict", weights(trimWeights(design, upper = 45, strict = TRUE)))

repeated <- svrepdesign(weights = ~w, repweights = replicates, data = records, type = "JK1",
                        scale = (ncol(replicates) - 1) / ncol(replicates), combined.weights = TRUE, mse = TRUE)
of_replicates <- function(name, found) {
  tell(paste0(name, ".weights"), weights(found, "sampling"))
  tell(paste0(name, ".replicates"), as.matrix(weights(found, "analysis"))[, c(1, ncol(replicates))])
  tell(paste0(name, ".errors"), c(SE(svytotal(~y + x, found)), SE(svymean(~y + x, found))))
}
of_replicates("replicates_linear", calibrate(repeated, ~sex + region + income, known, compress = FALSE))
of_replicates("replicates_raking", exact(repeated, ~sex + region + income, known, calfun = "raking",
                                          compress = FALSE))
of_replicates("replicates_post", postStratify(repeated, ~sex + region, as.data.frame(people)))
of_replicates("replicates_raked", rake(repeated, list(~sex, ~region), frames,
                                       control = list(maxit = 1000, epsilon = 1e-13)))

answering <- suppressWarnings(glm(answered ~ sex + region + x, family = quasibinomial, weights = w, data = records,
                 control = list(epsilon = 1e-15, maxit = 100)))
tell("propensities", fitted(answering))
tell("propensity_coefficients", coef(answering))
close(target)
