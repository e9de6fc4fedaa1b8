# Precision and recall of links from a stratified sample: estimates and standard errors of R `survey`, with the
# finite numbers of pairs. Arguments: the table (stratum, link, pairs, same) and the file to write.
suppressMessages(library(survey))
given <- commandArgs(trailingOnly = TRUE)
records <- read.csv(given[1])
design <- svydesign(ids = ~1, strata = ~stratum, fpc = ~pairs, data = records)
right <- svyratio(~I(link * same), ~link, design)
found <- svyratio(~I(link * same), ~same, design)
write(format(c(coef(right), SE(right), coef(found), SE(found)), digits = 17), given[2], ncolumns = 1)
