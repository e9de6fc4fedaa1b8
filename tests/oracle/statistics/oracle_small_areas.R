# Arguments: the folder of the data and the file to write. Each line of the file is a name and its values.
suppressMessages({library(metafor); library(lme4)})
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
out <- file(arguments[2], "w")
say <- function(name, values) cat(name, format(as.numeric(values), digits = 17, trim = TRUE), "\n", file = out)
versions <- sapply(c("metafor", "lme4"), function(name) as.character(packageVersion(name)))
cat("made_by", paste0("R_", getRversion()), paste0(names(versions), "_", versions), "\n", file = out)

# Areas of the synthetic set: variances over two orders of magnitude, two covariates.
areas <- function() {
  i <- 1:60
  data.frame(x = ((i * 37) %% 61) / 10, u = cos(i), variance = 0.05 * (1 + (i * i) %% 23)^1.3,
             direct = 3 + 0.8 * ((i * 37) %% 61) / 10 - cos(i) + 1.2 * sin(7 * i) + 0.6 * cos(11 * i * i))
}

# The area-level model is a meta-regression. The thresholds make R go on to the last digits.
milk <- read.csv(file.path(folder, "milk.csv"))
area_level <- function(name, y, v, mods) {
  for (method in c("REML", "ML", "PM", "HE")) {
    control <- list(threshold = 1e-14, maxiter = 1000, tol = .Machine$double.eps^0.9)
    fit <- rma(y, v, mods = mods, method = method, test = "z", control = control)
    label <- paste(name, method, sep = ".")
    say(paste0(label, ".variance"), fit$tau2)
    say(paste0(label, ".coefficients"), coef(fit))
    say(paste0(label, ".standard_errors"), fit$se)
    say(paste0(label, ".estimates"), blup(fit)$pred)
    say(paste0(label, ".likelihoods"), c(fit$fit.stats["ll", "ML"], fit$fit.stats["ll", "REML"]))
  }
}
area_level("milk", milk$direct, milk$standard_error^2, model.matrix(~ factor(major_area), milk)[, -1])
made <- areas()
area_level("made", made$direct, made$variance, cbind(made$x, made$u))
# Variances ten times too large for their spread: nothing is left for the areas.
area_level("zero", made$direct, 10 * made$variance, cbind(made$x, made$u))

# The unit-level model is a mixed model with a random intercept.
unit_level <- function(name, formula, data, group) {
  for (method in c("REML", "ML")) {
    parts <- lFormula(formula, data = data, REML = method == "REML")
    deviance <- do.call(mkLmerDevfun, parts)
    theta <- optimizeLmer(deviance)$par
    # The optimiser stops where the likelihood is flat to its digits; its slope is solved for zero here.
    step <- function(at, by) deviance(at * (1 + by)) - deviance(at * (1 - by))
    slope <- function(at) 8 * step(at, 1e-3) - step(at, 2e-3)
    theta <- uniroot(slope, theta * c(0.99, 1.01), tol = 1e-15)$root
    optimum <- list(par = theta, fval = deviance(theta), conv = 0, feval = 0, message = NULL)
    fit <- mkMerMod(environment(deviance), optimum, parts$reTrms, fr = parts$fr)
    label <- paste(name, method, sep = ".")
    say(paste0(label, ".variances"), c(as.data.frame(VarCorr(fit))$vcov))
    say(paste0(label, ".coefficients"), fixef(fit))
    say(paste0(label, ".covariance"), as.numeric(vcov(fit)))
    say(paste0(label, ".effects"), ranef(fit)[[1]][, 1])
    say(paste0(label, ".likelihood"), as.numeric(logLik(fit)))
  }
}
segments <- read.csv(file.path(folder, "segments.csv"))
unit_level("corn", corn ~ corn_pixels + soybean_pixels + (1 | county), segments[-33, ])
unit_level("soybeans", soybeans ~ corn_pixels + soybean_pixels + (1 | county), segments[-33, ])
unit_level("all_corn", corn ~ corn_pixels + soybean_pixels + (1 | county), segments)
k <- 0:1199
units <- data.frame(area = floor(40 * (k / 1200)^1.7), x = (k * 37) %% 101 / 20, z = floor(40 * (k / 1200)^1.7) %% 7)
units$y <- 50 + 2 * units$x - units$z + 1.5 * cos(3 * units$area^2) + 2.5 * sin(k * k) + cos(17 * k)
unit_level("units", y ~ x + z + (1 | area), units)

# Means of shares whose arcsine is normal, and of squared distances from them; base R.
arcsine <- function(mean, sd, goal) {
  share <- function(x) sin(pmin(pmax(x, 0), pi / 2))^2
  parts <- sort(unique(c(mean + c(-9, -3, 0, 3, 9) * sd, pmin(pmax(mean, 0), pi / 2), 0, pi / 2)))
  sum(mapply(function(from, to) integrate(function(x) goal(share(x)) * dnorm(x, mean, sd), from, to,
      rel.tol = 1e-12, subdivisions = 1000)$value, head(parts, -1), tail(parts, -1)))
}
means <- c(0.02, 0.3, 0.8, 1.2, 1.55, 1.65, -0.05)
known <- c(0.05, 0.1, 0.02, 0.2, 0.1, 0.15, 0.08)
errors <- known * 1.3
estimates <- mapply(arcsine, means, known, MoreArgs = list(goal = function(x) x))
say("arcsine.estimates", estimates)
say("arcsine.errors", mapply(function(mean, sd, at) arcsine(mean, sd, function(x) (x - at)^2), means, errors, estimates))

# The generalised variance function, and the normality of residuals; base R.
gvf <- lm(log(standard_error^2) ~ log(sample_size), milk)
say("gvf.coefficients", coef(gvf))
say("gvf.variances", exp(fitted(gvf)) * sum(milk$standard_error^2) / sum(exp(fitted(gvf))))
say("gvf.explained", summary(gvf)$r.squared)
fit <- rma(direct, standard_error^2, mods = ~ factor(major_area), data = milk, method = "REML",
           control = list(threshold = 1e-14, maxiter = 1000))
say("residuals.standardised", rstandard(fit)$z)
say("residuals.normality", shapiro.test(rstandard(fit)$z)$p.value)
close(out)
