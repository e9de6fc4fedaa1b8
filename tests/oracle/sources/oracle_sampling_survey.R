# Writes estimates and standard errors of R's package survey for the drawn samples in the folder named.
suppressMessages(library(survey))
options(survey.lonely.psu = "certainty")
folder <- commandArgs(trailingOnly = TRUE)[1]
shown <- function(values) paste(formatC(as.numeric(values), digits = 17, format = "g"), collapse = " ")
answers <- function(name, design) {
  ratio <- svyratio(~y1, ~d1, design)
  both <- svycontrast(svytotal(~y1 + d1 + y2 + d2, design), quote(y1 / d1 - y2 / d2))
  total <- svytotal(~y1, design)
  c(paste(name, "total", shown(c(coef(total), SE(total)))),
    paste(name, "ratio", shown(c(coef(ratio), SE(ratio)))),
    paste(name, "difference", shown(c(coef(both), SE(both)))))
}
records <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))
units <- records("units")
alike <- records("equal")
by_size <- records("size")
lines <- c(
  paste("version", as.character(packageVersion("survey"))),
  answers("units", svydesign(ids = ~unit, strata = ~stratum, weights = ~weight, fpc = ~units_in_stratum, data = units)),
  answers("equal", svydesign(ids = ~place + unit, strata = ~stratum, weights = ~weight,
                             fpc = ~places_in_stratum + units_in_place, data = alike)),
  answers("size", svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, fpc = ~psus_in_stratum,
                            data = by_size, nest = TRUE))
)
writeLines(lines, file.path(folder, "found.txt"))
