# Generalised linear models of a table: coefficients, standard errors, deviance, AIC and logarithm of the likelihood.
# Arguments: the table (y and the columns of the design), the family, and the file to write.
given <- commandArgs(trailingOnly = TRUE)
records <- read.csv(given[1])
fit <- glm(y ~ . - 1, data = records, family = given[2], control = glm.control(epsilon = 1e-15, maxit = 200))
found <- c(coef(fit), sqrt(diag(vcov(fit))), deviance(fit), AIC(fit), as.numeric(logLik(fit)))
write(format(found, digits = 17), given[3], ncolumns = 1)
