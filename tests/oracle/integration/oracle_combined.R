# Reads estimates.csv and variances.csv (versions by cells) and p.csv; writes what mitools and p.adjust say.
suppressMessages(library(mitools))
folder <- commandArgs(trailingOnly = TRUE)[1]
estimates <- as.matrix(read.csv(file.path(folder, "estimates.csv"), header = FALSE))
variances <- as.matrix(read.csv(file.path(folder, "variances.csv"), header = FALSE))
rows <- seq_len(nrow(estimates))
found <- MIcombine(lapply(rows, function(i) unname(estimates[i, ])),
                   lapply(rows, function(i) diag(variances[i, ])))
result <- cbind(found$coefficients, diag(found$variance), found$df, found$missinfo)
write.table(format(result, digits = 17), file.path(folder, "combined.txt"), row.names = FALSE, col.names = FALSE,
            quote = FALSE)
p <- scan(file.path(folder, "p.csv"), quiet = TRUE)
write.table(format(p.adjust(p, "holm"), digits = 17), file.path(folder, "holm.txt"), row.names = FALSE,
            col.names = FALSE, quote = FALSE)
