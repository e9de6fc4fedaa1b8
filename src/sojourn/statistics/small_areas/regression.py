"""Weighted regression of areas on what is known of them, without a matrix of areas by areas.

The covariance of direct estimates is diagonal, so that all sums are over areas once. The covariates are
turned into orthonormal columns first: their units and sizes then cost no digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import qr, solve_triangular

from sojourn.errors import DataRefused, shown

__all__ = ["Basis", "Regression", "Weighted", "basis_of"]

Floats = npt.NDArray[np.float64]
_DEPENDENT = 1e-10


@dataclass(frozen=True)
class Basis:
    """Covariates of areas as orthonormal columns: `columns` times `root` are the covariates."""

    columns: Floats
    root: Floats

    def rows(self, design: Floats) -> Floats:
        """Rows of covariates in the same coordinates."""
        turned: Floats = solve_triangular(self.root, design.T, trans="T").T
        return turned

    def coefficients(self, turned: Floats) -> Floats:
        """Coefficients of the covariates themselves."""
        found: Floats = solve_triangular(self.root, turned)
        return found

    def covariance(self, turned: Floats) -> Floats:
        """The covariance of the coefficients of the covariates themselves."""
        half = solve_triangular(self.root, turned)
        found: Floats = solve_triangular(self.root, half.T)
        return found


def basis_of(design: Floats, names: Sequence[str]) -> Basis:
    """The orthonormal basis of areas × covariates.

    Raises: DataRefused when a covariate is a sum of others, or there are not more areas than covariates.
    """
    areas, size = design.shape
    if areas <= size:
        raise DataRefused(
            f"{areas} areas have a direct estimate, and the model has {size} coefficients.",
            "Take fewer covariates, or more areas: there must be more areas than coefficients.",
        )
    if size == 0:
        raise DataRefused("The model has no covariate.", "Name covariates, or keep the intercept.")
    lengths = np.sqrt((design**2).sum(axis=0))
    safe = np.where(lengths > 0, lengths, 1.0)
    _, triangle, order = qr(design / safe, mode="economic", pivoting=True)
    weak = np.flatnonzero(np.abs(np.diag(triangle)) <= _DEPENDENT)
    if len(weak):
        raise DataRefused(
            f"The covariate {shown(names[int(order[weak[0]])])} tells nothing that the others do not tell.",
            "Leave it out: it is constant, or a sum of other covariates, among areas with a direct estimate.",
        )
    columns, root = np.linalg.qr(design / safe)
    return Basis(columns, root * safe)


@dataclass(frozen=True)
class Weighted:
    """The regression at one variance of area effects."""

    precision: Floats
    covariance: Floats
    coefficients: Floats
    residuals: Floats
    log_determinant: float

    @property
    def squares(self) -> float:
        """Squared residuals, each divided by its variance."""
        return float(np.sum(self.precision * self.residuals**2))


@dataclass(frozen=True)
class Regression:
    """Direct estimates, their variances, and a basis of covariates, for areas that have a sample."""

    direct: Floats
    variance: Floats
    basis: Floats

    def at(self, area_variance: float) -> Weighted:
        """Generalised least squares with variances `area_variance` + direct variance."""
        precision = 1.0 / (area_variance + self.variance)
        weighted = self.basis * precision[:, None]
        covariance: Floats = np.linalg.inv(weighted.T @ self.basis).astype(np.float64)
        coefficients = covariance @ (weighted.T @ self.direct)
        return Weighted(
            precision,
            covariance,
            coefficients,
            self.direct - self.basis @ coefficients,
            -float(np.linalg.slogdet(covariance)[1]),
        )

    def along(self, area_variances: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """At many variances at once: squares, log determinants, and sums of precisions and their logs."""
        size = self.basis.shape[1]
        precision = 1.0 / (area_variances[:, None] + self.variance)
        pairs = (self.basis[:, :, None] * self.basis[:, None, :]).reshape(-1, size * size)
        information = (precision @ pairs).reshape(-1, size, size)
        # What plain least squares leaves has the same likelihood, and no large mean that would cost digits.
        left = self.direct - self.basis @ (self.basis.T @ self.direct)
        sides = precision @ (self.basis * left[:, None])
        explained = np.einsum("ij,ij->i", sides, np.linalg.solve(information, sides[:, :, None])[:, :, 0])
        return (
            precision @ left**2 - explained,
            np.linalg.slogdet(information)[1],
            precision.sum(axis=1),
            np.log(precision).sum(axis=1),
        )

    def spread_of_information(self, fit: Weighted) -> float:
        """Trace of the covariance of coefficients times the covariates' sums with squared precisions."""
        squared = (self.basis * fit.precision[:, None] ** 2).T @ self.basis
        return float(np.sum(fit.covariance * squared))
