# Reads the producer's records (persons.csv in the folder given) and writes estimates.csv: R survey's totals,
# shares within state and sex, and mean ages, each with its standard error.
suppressMessages(library(survey))
folder <- commandArgs(trailingOnly = TRUE)[1]
persons <- read.csv(file.path(folder, "persons.csv"), colClasses = c(st = "character"))
starts <- seq(0, 85, 5)
labels <- c(paste0("Y", starts[-18], "T", starts[-18] + 4), "Y_GE85")
persons$age <- cut(persons$agep, c(starts, Inf), labels = labels, right = FALSE)
persons$sex <- c("M", "F")[persons$sex]
persons$one <- 1
design <- svrepdesign(data = persons, weights = ~pwgtp, repweights = "^pwgtp[0-9]+$",
                      type = "successive-difference", mse = TRUE, combined.weights = TRUE)
cell <- function(found, name, by) if (name %in% by) as.character(found[[name]]) else "_T"
rows <- function(statistic, found, by, age = cell(found, "age", by)) {
  data.frame(statistic, region = cell(found, "st", by), sex = cell(found, "sex", by), age,
             value = as.numeric(coef(found)), error = as.numeric(SE(found)))
}
subsets <- function(names) unlist(lapply(0:length(names), combn, x = names, simplify = FALSE), recursive = FALSE)
all <- NULL
for (by in subsets(c("st", "sex", "age"))) {
  found <- if (length(by)) svyby(~one, reformulate(by), design, svytotal) else svytotal(~one, design)
  all <- rbind(all, rows("count", found, by))
}
for (by in subsets(c("st", "sex"))) {
  for (label in labels) {
    design$variables$is_of_age <- as.numeric(design$variables$age == label)
    found <- if (length(by)) svyby(~is_of_age, reformulate(by), design, svymean) else svymean(~is_of_age, design)
    all <- rbind(all, rows("share", found, by, label))
  }
  found <- if (length(by)) svyby(~agep, reformulate(by), design, svymean) else svymean(~agep, design)
  all <- rbind(all, rows("mean", found, by))
}
all$value <- sprintf("%.17g", all$value)
all$error <- sprintf("%.17g", all$error)
write.csv(all, file.path(folder, "estimates.csv"), row.names = FALSE, quote = FALSE)
