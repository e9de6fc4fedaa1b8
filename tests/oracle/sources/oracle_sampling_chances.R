# Writes what R's package sampling says of unequal chances, for the sizes and chances in the folder named.
suppressMessages(library(sampling))
folder <- commandArgs(trailingOnly = TRUE)[1]
sizes <- scan(file.path(folder, "sizes.txt"), quiet = TRUE)
wanted <- scan(file.path(folder, "wanted.txt"), quiet = TRUE)
chances <- scan(file.path(folder, "chances.txt"), quiet = TRUE)
shown <- function(values) paste(formatC(as.numeric(values), digits = 17, format = "g"), collapse = " ")
lines <- c(
  paste("version", as.character(packageVersion("sampling"))),
  sapply(wanted, function(number) paste("inclusion", number, shown(inclusionprobabilities(sizes, number)))),
  paste("systematic", shown(UPsystematicpi2(chances))),
  paste("sampford", shown(UPsampfordpi2(chances)))
)
writeLines(lines, file.path(folder, "found.txt"))
