"""The count regression behind the truce effect: NB2 by maximum likelihood, with a covariance for dependent days.

Arrays in, a frozen fit out; no dates here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, gammaln, stdtrit, xlogy, zeta

from conflictts.errors import TooLittleData
from conflictts.truce.memories import PHI, sums_by_memory, weigh_memories

AT_ONCE = (
    12  # contrasts; larger products BLAS shares out between threads, at several times the cost where these are busy
)
LEAST_INFLATION = float((1 - PHI[-1]) / (1 + PHI[-1]))  # of a variance: the least of the slowest memory's spectrum


@dataclass(frozen=True, slots=True, eq=False)
class NegBinFit:
    """A fitted negative binomial (NB2) regression with log link.

    Attributes
    ----------
    coefficients : ndarray, shape (n_columns,)
        On the log scale.
    alpha : float
        Dispersion: the variance is ``mean + alpha * mean**2``. 0 is Poisson.
    mean : ndarray, shape (n_days,)
        Fitted mean per day.
    independent : ndarray, shape (n_columns, n_columns)
        Covariance of the coefficients if days were independent, scaled by the dispersion of the Pearson residuals; not
        below that of Poisson counts.
    covariance : ndarray, shape (n_columns, n_columns)
        Autocorrelation-averaged sandwich covariance (NB-AVAR): the mean of `members`, but no combination of columns
        less than memory can leave it. Equal to `independent` where residuals show no memory.
    weights : ndarray, shape (n_members,)
        How likely each memory between days is; sum to 1.
    members : ndarray, shape (n_members, n_columns, n_columns)
        Covariance of the coefficients under each memory.
    residuals : ndarray, shape (n_days,)
        Pearson residuals.
    slow_columns : int
        Columns that vary slowly against a week: intercept, step, trend.
    kurtosis : float
        Fourth moment of the residuals over their squared variance; 3 for a normal distribution, and not less here.
    between : ndarray, shape (n_columns, n_columns), or None
        Where several fits were pooled, the part of `covariance` that comes from their differing.
    n_pooled : int
        How many fits were pooled; 1 is an ordinary fit.
    """

    coefficients: np.ndarray
    alpha: float
    mean: np.ndarray
    log_likelihood: float
    independent: np.ndarray
    covariance: np.ndarray
    weights: np.ndarray
    members: np.ndarray
    residuals: np.ndarray
    slow_columns: int
    kurtosis: float
    between: np.ndarray | None = None
    n_pooled: int = 1

    def inflation(self, contrast: np.ndarray) -> float:
        """How many times memory between days multiplies the variance of a linear combination of coefficients."""
        within = self.covariance if self.between is None else self.covariance - self.between
        return float(contrast @ within @ contrast) / float(contrast @ self.independent @ contrast)

    def standard_error(self, contrast: np.ndarray) -> float:
        """Standard error of a linear combination of coefficients."""
        return float(np.sqrt(contrast @ self.covariance @ contrast))

    def degrees_of_freedom(self, contrast: np.ndarray) -> float:
        """Effective degrees of freedom of a linear combination, at least 4.

        Twice the inverse of the squared coefficient of variation of the variance (Satterthwaite), less slow columns.
        Over n days with inflation v and residuals of kurtosis k that is (k - 1) v / n, which would be 2 v / n were
        they normal: where a few bursts make most of the variance, it is known less surely than the days suggest. To
        this comes one and a half times the squared coefficient of variation over the memories that the residuals allow:
        their weights take neighbouring autocorrelations for independent, and so for more evidence than they are. Of
        pooled fits, the degrees of freedom of Barnard and Rubin, which also count how few fits tell what lies between.
        """
        return float(self._freedom(contrast[None, :])[0])

    def half_width(self, contrast: np.ndarray, level: float) -> float:
        """Half the width of the t interval of a linear combination at a confidence level."""
        return float(self.half_widths(contrast[None, :], level)[0])

    def half_widths(self, contrasts: np.ndarray, level: float) -> np.ndarray:
        """Those of several linear combinations, shape (n_contrasts, n_columns), at once."""
        variance = _quadratic(contrasts, self.covariance[None])[:, 0]
        return np.asarray(stdtrit(self._freedom(contrasts), 0.5 + level / 2) * np.sqrt(variance))

    def _freedom(self, contrasts: np.ndarray) -> np.ndarray:
        between = np.zeros_like(self.covariance) if self.between is None else self.between
        alone, total, apart = _quadratic(contrasts, np.array([self.independent, self.covariance, between])).T
        inflation = np.maximum((total - apart) / alone, 1.0)
        variances = _quadratic(contrasts, self.members)
        complete = satterthwaite(self.weights, variances, inflation, self.kurtosis, len(self.mean), self.slow_columns)
        if self.between is None:
            return np.asarray(complete)
        shares = apart / total
        pooled = [pooled_freedom(*each, self.n_pooled) for each in zip(complete, shares, strict=True)]
        return np.where(shares > 0, pooled, complete)


def satterthwaite(
    weights: np.ndarray, variances: np.ndarray, inflation: np.ndarray, kurtosis: float, n_days: int, slow_columns: int
) -> np.ndarray:
    """Degrees of freedom of variances averaged over memories; see `NegBinFit.degrees_of_freedom`.

    Parameters
    ----------
    weights : ndarray, shape (n_members,)
    variances : ndarray, shape (n_contrasts, n_members)
    inflation : ndarray, shape (n_contrasts,)
        By memory, at least 1.

    Returns
    -------
    ndarray, shape (n_contrasts,)
    """
    unsure = np.maximum(variances**2 @ weights / (variances @ weights) ** 2 - 1, 0.0)
    return np.asarray(np.maximum(2 / ((kurtosis - 1) * inflation / n_days + 1.5 * unsure) - slow_columns, 4.0))


def _quadratic(contrasts: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """``contrast @ matrix @ contrast`` of each contrast and each matrix, shape (n_contrasts, n_matrices)."""
    flat = matrices.reshape(len(matrices), -1)
    squares = (contrasts[:, :, None] * contrasts[:, None, :]).reshape(len(contrasts), -1)
    if len(squares) == 1:  # a matrix times a vector is shared out sooner still
        return np.asarray(np.einsum("mk,k->m", flat, squares[0])[None])
    return np.concatenate([squares[k : k + AT_ONCE] @ flat.T for k in range(0, len(squares), AT_ONCE)])


def fit_negbin(
    counts: np.ndarray,
    design: np.ndarray,
    *,
    slow_columns: int,
    day: np.ndarray | None = None,
    offset: np.ndarray | None = None,
    start: tuple[np.ndarray, float] | None = None,
) -> NegBinFit:
    """Fit counts by NB2 regression and average its covariance over plausible residual autocorrelations.

    Parameters
    ----------
    counts : ndarray of float, shape (n_days,)
        Counts per observed day, 0 or more; fractions are allowed.
    design : ndarray, shape (n_days, n_columns)
        First column the intercept. Full rank, and every column with counts behind it.
    slow_columns : int
        How many columns vary slowly (intercept, step, trend); they bias residual autocorrelations downward.
    day : ndarray of int, shape (n_days,), optional
        Day numbers, increasing; default 0, 1, 2 ... Dependence is taken by distance in days, so gaps are honoured.
    offset : ndarray, shape (n_days,), optional
        Known part of the log mean.
    start : (ndarray of shape (n_columns,), float), optional
        Coefficients and dispersion of a similar fit to begin from; the answer is the same, sooner.

    Raises
    ------
    TooLittleData
        If there are no counts at all, or the fit does not converge.

    References
    ----------
    Lawless (1987), Canadian Journal of Statistics 15(3), 209-225 (NB2 regression); Zeger (1988), Biometrika 75(4),
    621-629 and Davis, Dunsmuir & Wang (2000), Biometrika 87(3), 491-505 (its covariance under a latent process);
    Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114 (degrees of freedom of an estimated variance).
    """
    counts = np.asarray(counts, dtype=float)
    offset = np.zeros(len(counts)) if offset is None else np.asarray(offset, dtype=float)
    if counts.sum() <= 0:
        raise TooLittleData(f"All {len(counts)} counts are 0: there is no rate to estimate. Widen the window.")
    coefficients, alpha, mean = _maximise(counts, design, offset, start)
    n_days, n_columns = design.shape
    variance = mean * (1 + alpha * mean)
    residuals = (counts - mean) / np.sqrt(variance)
    scaled = design * np.sqrt(mean / (1 + alpha * mean))[:, None]
    bread = np.linalg.inv(scaled.T @ scaled)
    squares = float(residuals @ residuals)
    least = 1 / (1 + alpha * float(mean.mean()))  # at this scale the variance is that of Poisson counts

    day = np.arange(n_days) if day is None else np.asarray(day) - day[0]
    weights, phi, share = weigh_memories(residuals, day, slow_columns)
    working = scaled[:, 0] ** 2  # mean over variance by mean: by it a day's count follows a rate that remembers
    by_phi = sums_by_memory(scaled * np.sqrt(working / working.mean())[:, None], day)
    beyond = by_phi - by_phi[0]
    # the columns take one square each out of the residuals where days are independent, and more where they remember
    left = np.maximum(n_days - n_columns - share * (beyond * bread).sum((1, 2))[phi], min(n_days - n_columns, 4.0))
    scale = np.maximum(least, squares / left)[:, None, None]
    members = scale * (bread + share[:, None, None] * (bread @ beyond @ bread)[phi])
    independent = max(least, squares / (n_days - n_columns)) * bread
    return NegBinFit(
        coefficients=coefficients,
        alpha=alpha,
        mean=mean,
        log_likelihood=_log_likelihood(counts, mean, alpha),
        independent=independent,
        covariance=_lifted(np.einsum("m,mij->ij", weights, members), independent),
        weights=weights,
        members=members,
        residuals=residuals,
        slow_columns=slow_columns,
        kurtosis=kurtosis(residuals),
    )


def _lifted(covariance: np.ndarray, independent: np.ndarray) -> np.ndarray:
    """The covariance, lifted where columns combined have less than `LEAST_INFLATION` of their variance if independent.

    Where rates differ by much, days of a high one are given more memory than their variance holds. Slow columns bear
    that; days of the week, which memory makes surer, would be left with less than nothing.
    """
    root = np.linalg.cholesky(independent)
    back = np.linalg.inv(root)
    ratios, axes = np.linalg.eigh(back @ covariance @ back.T)
    if ratios[0] >= LEAST_INFLATION:
        return covariance
    turned = root @ axes
    return np.asarray(turned * np.maximum(ratios, LEAST_INFLATION) @ turned.T)


def kurtosis(residuals: np.ndarray) -> float:
    """At least 3: shorter tails than a normal distribution's are taken for chance."""
    centred = residuals - residuals.mean()
    variance = float(centred @ centred) / len(centred)
    if variance < 1e-12:  # the fit is exact; what is left is rounding
        return 3.0
    return max(3.0, float((centred * centred) @ (centred * centred)) / len(centred) / variance**2)


def dispersion_about(counts: np.ndarray, mean: np.ndarray) -> float:
    """Maximum likelihood NB dispersion of counts about known means; 0 is Poisson."""
    values, times = np.unique(counts, return_counts=True)
    return _alpha_given_mean(counts, mean, values, times, 0.0, 1e-7)


def pool_fits(fits: Sequence[NegBinFit]) -> NegBinFit:
    """Combine fits of one design to several completions of the same counts by Rubin's rules.

    Parameters
    ----------
    fits : sequence of NegBinFit
        At least two, of the same design.

    Returns
    -------
    NegBinFit
        Coefficients, mean, residuals, dispersion and log-likelihood are averages; the covariance is the average one
        plus ``1 + 1 / n_pooled`` times that of the coefficients between fits.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, section 3.1; Barnard & Rubin (1999), Biometrika 86(4),
    948-955 (degrees of freedom).
    """
    coefficients = np.array([fit.coefficients for fit in fits])
    between = (1 + 1 / len(fits)) * np.atleast_2d(np.cov(coefficients, rowvar=False))
    return NegBinFit(
        coefficients=coefficients.mean(axis=0),
        alpha=float(np.mean([fit.alpha for fit in fits])),
        mean=np.mean([fit.mean for fit in fits], axis=0),
        log_likelihood=float(np.mean([fit.log_likelihood for fit in fits])),
        independent=np.mean([fit.independent for fit in fits], axis=0),
        covariance=np.mean([fit.covariance for fit in fits], axis=0) + between,
        weights=np.concatenate([fit.weights for fit in fits]) / len(fits),
        members=np.concatenate([fit.members for fit in fits]),
        residuals=np.mean([fit.residuals for fit in fits], axis=0),
        slow_columns=fits[0].slow_columns,
        kurtosis=float(np.mean([fit.kurtosis for fit in fits])),
        between=between,
        n_pooled=len(fits),
    )


def pooled_freedom(complete: float, share: float, n_pooled: int) -> float:
    """Degrees of freedom of a pooled estimate, by Barnard and Rubin; see `pool_fits`.

    Parameters
    ----------
    complete : float
        Those of one fit.
    share : float
        Share of the variance that lies between fits, 0 .. 1.
    n_pooled : int
        Fits, at least two.
    """
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    return 1 / (share**2 / (n_pooled - 1) + 1 / max(observed, 1e-9))


def _maximise(
    counts: np.ndarray, design: np.ndarray, offset: np.ndarray, start: tuple[np.ndarray, float] | None
) -> tuple[np.ndarray, float, np.ndarray]:
    """Maximum likelihood: Newton steps for the coefficients alternate with those for the log of the size 1/alpha.

    Neither is sought much closer than the other is known. Newton steps square the error that is left, and the last turn
    begins within 1e-10 of the answer.
    """
    if start is None:
        coefficients, alpha = np.zeros(design.shape[1]), 0.0
        coefficients[0] = np.log(counts.mean()) - offset.mean()
    else:
        coefficients, alpha = start
    values, times = np.unique(counts, return_counts=True)
    coefficients, mean = _coefficients_given_alpha(counts, design, offset, alpha, coefficients, 0.01)
    for _ in range(200):
        previous, alpha = alpha, _alpha_given_mean(counts, mean, values, times, alpha, 0.01)
        apart = abs(alpha - previous) / (1 + alpha)
        enough = min(0.1 * apart, 0.01)
        coefficients, mean = _coefficients_given_alpha(counts, design, offset, alpha, coefficients, enough)
        if apart <= 1e-10 and alpha < 1e6:
            return coefficients, alpha, mean
    raise TooLittleData(
        f"The dispersion of {len(counts)} counts with total {counts.sum():g} does not settle. Widen the window."
    )


def _coefficients_given_alpha(
    counts: np.ndarray, design: np.ndarray, offset: np.ndarray, alpha: float, start: np.ndarray, enough: float
) -> tuple[np.ndarray, np.ndarray]:
    """Newton steps, halved until the likelihood rises; in the coefficients it is concave, so this finds its maximum.

    It stops after a step of less than `enough`, or 1e-8 if that is more: such a step leaves an error of rounding.
    """
    enough = max(enough, 1e-8)

    def log_means(coefficients: np.ndarray) -> np.ndarray:
        """By einsum: of 1,000 days on, BLAS would share the product out between threads, as in `_quadratic`."""
        return np.asarray(np.einsum("tk,k->t", design, coefficients) + offset)

    def likelihood(coefficients: np.ndarray) -> float:
        log_mean = np.minimum(log_means(coefficients), 300.0)
        mean = np.exp(log_mean)
        shrunk = np.log1p(alpha * mean) / alpha if alpha > 0 else mean
        return float((counts * (log_mean - np.log1p(alpha * mean)) - shrunk).sum())

    coefficients, reached = start, None
    for _ in range(200):
        mean = np.exp(log_means(coefficients))
        share = 1 / (1 + alpha * mean)
        weight = mean * share * share * (1 + alpha * counts)
        score = np.einsum("tk,t->k", design, (counts - mean) * share)
        try:
            step = np.linalg.solve(design.T @ (design * weight[:, None]), score)
        except np.linalg.LinAlgError:
            break
        largest = float(np.abs(step).max())
        if not largest < 1e6 or np.abs(coefficients).max() > 100:
            break  # towards a mean of zero: a part of the window without counts
        if largest < enough:
            return coefficients + step, np.exp(log_means(coefficients + step))
        length = min(1.0, 5.0 / largest)
        if largest > 1e-3:  # below, the likelihood is a parabola and its differences are rounding
            before = likelihood(coefficients) if reached is None else reached
            while (reached := likelihood(coefficients + length * step)) < before and length * largest > 1e-10:
                length /= 2
        coefficients = coefficients + length * step
        if length * largest <= 1e-10:
            return coefficients, np.exp(log_means(coefficients))
    raise TooLittleData(
        f"The regression on {len(counts)} counts with total {counts.sum():g} does not converge: some part of the "
        "window has no counts to tell it from the rest. Widen the window."
    )


def _alpha_given_mean(
    counts: np.ndarray, mean: np.ndarray, values: np.ndarray, times: np.ndarray, start: float, enough: float
) -> float:
    """Root of the likelihood's slope in log(1/alpha): by Newton steps, or between bounds (Brent) where those stray.

    `values` and `times` are the distinct counts and how often each occurs. It stops after a step of less than `enough`.
    """
    surplus = float(((counts - mean) ** 2 - counts).sum())
    if surplus <= 0:  # the slope of the likelihood at alpha = 0
        return 0.0
    n_days = len(counts)

    def slope(log_size: float) -> float:
        size = np.exp(log_size)
        apart = (counts - mean) / (mean + size)
        if size < 100:
            drawn = times @ digamma(size + values) - n_days * digamma(size)
            return float(drawn - np.log1p(mean / size).sum() - apart.sum())
        return float(times @ _beyond_log(size, values) + (np.log1p(np.maximum(apart, -1 + 1e-15)) - apart).sum())

    def curvature(log_size: float) -> float:
        size = np.exp(log_size)
        drawn = times @ zeta(2.0, size + values) - n_days * zeta(2.0, size)
        return float(size * (drawn + (mean / (size * (mean + size)) - (mean - counts) / (mean + size) ** 2).sum()))

    # Above the upper end alpha * mean is under 1e-4: Poisson to every digit shown
    low, high = np.log(1e-8), np.log(1e4 * (1 + mean.mean()))
    log_size = -np.log(start if start > 0 else surplus / float(mean @ mean))  # at first by moments
    for _ in range(8 if low < log_size < high else 0):
        bend = curvature(log_size)
        step = slope(log_size) / bend if bend < 0 else np.inf
        if not abs(step) < 2:
            break
        log_size -= step
        if not low < log_size < high:
            break
        if abs(step) < enough:
            return float(np.exp(-log_size))
    if slope(high) >= 0:
        return 0.0
    if slope(low) <= 0:  # some mean is far below its count; a better mean follows
        return float(np.exp(-low))
    return float(np.exp(-brentq(slope, low, high, xtol=1e-13, rtol=1e-14)))


def _beyond_log(size: float, values: np.ndarray) -> np.ndarray:
    """``digamma(size + values) - digamma(size) - log(1 + values / size)`` of sizes of 100 and more, to all digits.

    By the differences of the terms of Stirling's series (Abramowitz & Stegun 1964, 6.3.18), since those of the digammas
    themselves drown in rounding.
    """
    above = size + values
    first = values / (size * above)
    return np.asarray(first / 2 + first * (1 / size + 1 / above) / 12 + (above**-4 - size**-4) / 120)


def _log_likelihood(counts: np.ndarray, mean: np.ndarray, alpha: float) -> float:
    if alpha == 0:
        return float(np.sum(xlogy(counts, mean) - mean - gammaln(counts + 1)))
    size = 1 / alpha
    return float(
        np.sum(
            gammaln(counts + size)
            - gammaln(size)
            - gammaln(counts + 1)
            + size * np.log(size / (size + mean))
            + xlogy(counts, mean / (size + mean))
        )
    )
