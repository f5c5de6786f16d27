"""The reference values come from R (MASS, base glm); make_reference.R beside them says how."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.linalg import eigh, toeplitz
from scipy.optimize import minimize_scalar
from scipy.stats import kurtosis, nbinom, poisson, t

from conflictts import DailySeries, Truce, estimate_truce_effect
from conflictts.errors import TooLittleData
from conflictts.truce import negbin
from conflictts.truce.memories import PHI, weigh_memories
from conflictts.truce.negbin import fit_negbin

EXACT = {"rel": 1e-6}  # both sides iterate to 1e-10 or better; R prints 15 digits
QUOTED = {"rel": 1e-4}  # README.md quotes five or six digits

# case of reference_values.csv: file, response, columns beside the intercept, factor
CASES = {
    "synthetic.step+dow": ("synthetic_daily.csv", "y", ["law"], "dow"),
    "synthetic.step+trend+dow": ("synthetic_daily.csv", "y", ["law", "t"], "dow"),
    "van.step+trend": ("seatbelts.csv", "VanKilled", ["law", "t"], "month"),
    "van.step+trend+slope": ("seatbelts.csv", "VanKilled", ["law", "t", "tpost"], "month"),
    "drvkilled.step": ("seatbelts.csv", "DriversKilled", ["law"], "month"),
    "drvkilled.step+trend": ("seatbelts.csv", "DriversKilled", ["law", "t"], "month"),
    "drvkilled.step+trend+slope": ("seatbelts.csv", "DriversKilled", ["law", "t", "tpost"], "month"),
}
UNDERDISPERSED = [case for case in CASES if case.startswith("van.")]
OVERDISPERSED = [case for case in CASES if case not in UNDERDISPERSED]

# rate ratio with its interval, README.md; case: slow columns, inflation where quoted
KNOWN_RATIOS = [
    pytest.param("synthetic.step+dow", 2, (0.363672, 0.249458, 0.530179), id="synthetic"),
    pytest.param("van.step+trend", 3, (0.780355, 0.615744, 0.988973), id="vans"),
    pytest.param("drvkilled.step+trend", 3, (0.869742, 0.718064, 1.053458), id="drivers"),
]


@pytest.fixture(scope="module")
def reference(shared) -> dict[str, dict[str, float]]:
    table = pd.read_csv(shared / "reference" / "reference_values.csv")
    return {case: dict(zip(rows["name"], rows["value"], strict=True)) for case, rows in table.groupby("case")}


def case_data(shared, case: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Counts, and the design with R's column names."""
    file, response, columns, factor = CASES[case]
    data = pd.read_csv(shared / "reference" / file)
    design = pd.DataFrame({"(Intercept)": np.ones(len(data))}).join(data[columns].astype(float))
    for value in sorted(data[factor].unique())[1:]:
        design[f"factor({factor}){value}"] = (data[factor] == value).astype(float)
    return data[response].to_numpy(float), design


def starting(values: dict[str, float], prefix: str, design: pd.DataFrame) -> np.ndarray:
    return np.array([values[f"{prefix}{column}"] for column in design.columns])


def plain_errors(fit: negbin.NegBinFit) -> np.ndarray:
    """Standard errors from inv(Z'Z), without the dispersion that `independent` is scaled by."""
    surplus = len(fit.mean) - len(fit.coefficients)
    return np.sqrt(np.diag(fit.independent) / scale(fit, surplus))


def scale(fit: negbin.NegBinFit, surplus: float) -> float:
    """Dispersion of the residuals, no less than makes the average variance that of Poisson counts."""
    return max(1 / np.mean(1 + fit.alpha * fit.mean), fit.residuals @ fit.residuals / surplus)


@pytest.mark.parametrize("case", OVERDISPERSED)
def test_negative_binomial_meets_r(shared, reference, case):
    counts, design = case_data(shared, case)
    values = reference[case]
    fit = fit_negbin(counts, design.to_numpy(), slow_columns=2)
    assert fit.coefficients == pytest.approx(starting(values, "nb.coef.", design), **EXACT)
    assert plain_errors(fit) == pytest.approx(starting(values, "nb.se.", design), **EXACT)
    assert fit.alpha == pytest.approx(values["nb.alpha"], **EXACT)
    assert 1 / fit.alpha == pytest.approx(values["nb.theta"], **EXACT)
    assert fit.log_likelihood == pytest.approx(values["nb.loglik"], **EXACT)


@pytest.mark.parametrize("case", CASES)
def test_poisson_meets_r(shared, reference, case, monkeypatch):
    monkeypatch.setattr(negbin, "_alpha_given_mean", lambda *_: 0.0)
    counts, design = case_data(shared, case)
    values = reference[case]
    fit = fit_negbin(counts, design.to_numpy(), slow_columns=2)
    assert fit.coefficients == pytest.approx(starting(values, "pois.coef.", design), **EXACT)
    assert plain_errors(fit) == pytest.approx(starting(values, "pois.se.", design), **EXACT)
    assert fit.log_likelihood == pytest.approx(values["pois.loglik"], **EXACT)
    squares = fit.residuals @ fit.residuals
    assert squares / (len(counts) - design.shape[1]) == pytest.approx(values["qpois.dispersion"], **EXACT)
    for lag in (1, 2, 3):
        product = fit.residuals[lag:] @ fit.residuals[:-lag]
        assert product / squares == pytest.approx(values[f"pois.pearson.acf.{lag}"], **EXACT)
    scaled = starting(values, "qpois.se." if values["qpois.dispersion"] > 1 else "pois.se.", design)
    assert np.sqrt(np.diag(fit.independent)) == pytest.approx(scaled, **EXACT)


@pytest.mark.parametrize("case", UNDERDISPERSED)
def test_underdispersed_counts_are_poisson(shared, case):
    counts, design = case_data(shared, case)
    fit = fit_negbin(counts, design.to_numpy(), slow_columns=3)
    assert fit.alpha == 0.0
    assert fit.log_likelihood == pytest.approx(poisson.logpmf(counts, fit.mean).sum(), **EXACT)


def naive_autocorrelation(
    residuals: np.ndarray, day: np.ndarray, slow_columns: int, *, phis: int = 20, no_memory: float = 1 / 20
) -> np.ndarray:
    """DESIGN.md section 4, term by term; pairs are sought one by one.

    It gives no memory the weight of any other phi, of which it has twenty; the package has one less, and a prior of six
    tenths on none.
    """
    n_days = len(residuals)
    lags = range(1, min(14, n_days // 4) + 1)
    power = sum(r * r for r in residuals)
    sample, pairs = {}, {}
    for lag in lags:
        found = [residuals[i] * residuals[j] for i, j in np.argwhere(np.subtract.outer(day, day) == -lag)]
        pairs[lag] = len(found)
        sample[lag] = sum(found) / max(len(found), 1) * (n_days - lag) / power
    bias = slow_columns / n_days
    members = []
    for phi in [k / 20 for k in range(phis)]:
        for share in [k / 20 for k in range(21)]:
            if phi == 0 and share > 0:
                continue  # the same function as share 0
            misfit = 0.0
            for lag in lags:
                expected = share * phi**lag - bias * (1 + 2 * share * phi / (1 - phi))
                misfit += pairs[lag] / n_days * (sample[lag] - expected) ** 2
            before = no_memory if phi == 0 else (1 - no_memory) / (phis - 1) / 21
            members.append((phi, share, before * np.exp(-n_days / 2 * misfit)))
    mass = sum(weight for _, _, weight in members)
    distances = range(1, int(day[-1]) + 1)
    return np.array([1.0] + [sum(w * share * phi**k for phi, share, w in members) / mass for k in distances])


def as_specified(fit: negbin.NegBinFit, design: np.ndarray, contrast: np.ndarray) -> tuple[float, float]:
    """Half width of the specification's 95 % interval, and its inflation.

    It gives no memory the weight of any other phi, and each day the same share of memory; takes a square a column from
    the residuals even where days remember each other, lets no variance be below the likeliest and takes residuals for
    normal: five things that the package has learnt from simulations to do otherwise.
    """
    n_days, n_columns = design.shape
    acf = naive_autocorrelation(fit.residuals, np.arange(n_days), fit.slow_columns)
    scaled = design * np.sqrt(fit.mean / (1 + fit.alpha * fit.mean))[:, None]
    bread = np.linalg.inv(scaled.T @ scaled)
    dispersion = max(1.0, fit.residuals @ fit.residuals / (n_days - n_columns))
    variance = dispersion * contrast @ bread @ scaled.T @ toeplitz(acf) @ scaled @ bread @ contrast
    inflation = variance / (dispersion * contrast @ bread @ contrast)
    freedom = max(n_days / max(inflation, 1) - fit.slow_columns, 4)
    return t.ppf(0.975, freedom) * np.sqrt(variance), inflation


@pytest.mark.parametrize(("case", "slow_columns", "expected"), KNOWN_RATIOS)
def test_ratios_meet_the_specification(shared, case, slow_columns, expected):
    counts, design = case_data(shared, case)
    fit = fit_negbin(counts, design.to_numpy(), slow_columns=slow_columns)
    step = (design.columns == "law").astype(float)
    centre, (half, _) = step @ fit.coefficients, as_specified(fit, design.to_numpy(), step)
    assert np.exp([centre, centre - half, centre + half]) == pytest.approx(expected, **QUOTED)
    # some of what memory hides is given back, and less is hidden where the low side's counts are mostly noise
    assert 0.9 < fit.half_width(step, 0.95) / half < 1.25


def test_drivers_are_not_told_from_drift(shared):
    counts, design = case_data(shared, "drvkilled.step+trend")
    fit = fit_negbin(counts, design.to_numpy(), slow_columns=3)
    step = (design.columns == "law").astype(float)
    _, inflation = as_specified(fit, design.to_numpy(), step)
    assert inflation == pytest.approx(6.29, abs=0.005)  # quoted with two decimals
    assert fit.inflation(step) > inflation  # squares lost to the columns where days remember each other


def test_averted_toll_meets_the_specification(shared):
    data = pd.read_csv(shared / "reference" / "synthetic_daily.csv")
    days = pd.date_range("2020-01-06", periods=len(data))  # a Monday, as dow 0; any bijection fits the same means
    daily = DailySeries.from_counts(pd.Series(data["y"].to_numpy(float), days))
    effect = estimate_truce_effect(daily, Truce(days[120]))
    fit, after = effect.fit, effect.design[effect.design["truce"] == 1]
    would = np.exp(after.assign(truce=0.0) @ fit.coefficients)
    pull = would @ after.assign(truce=0.0) - np.exp(after @ fit.coefficients) @ after
    half, _ = as_specified(fit, effect.design.to_numpy(), pull.to_numpy())  # the delta method, which it uses
    assert [effect.averted, effect.averted - half, effect.averted + half] == pytest.approx(
        [106.423, 71.210, 141.635], **QUOTED
    )
    assert effect.rate_ratio == pytest.approx(0.363672, **QUOTED)


def weekly_design(n_days: int, first_after: int, *slow: np.ndarray) -> np.ndarray:
    weekday = np.arange(n_days) % 7
    after = np.arange(n_days) >= first_after
    return np.column_stack([np.ones(n_days), after, *slow] + [weekday == k for k in range(1, 7)]).astype(float)


def simulated(seed: int, n_days: int = 140, size: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Counts that halve at two thirds, and their design: intercept, step, weekdays."""
    rng = np.random.default_rng(seed)
    design = weekly_design(n_days, 2 * n_days // 3)
    mean = 5.0 * 0.5 ** design[:, 1]
    return rng.negative_binomial(size, size / (size + mean)).astype(float), design


@pytest.mark.parametrize("seed", range(5))
def test_twin_statsmodels(seed):
    counts, design = simulated(seed)
    offset = np.log(np.random.default_rng(seed).uniform(0.5, 2, len(counts)))
    fit = fit_negbin(counts, design, slow_columns=2, offset=offset)
    family = sm.families.NegativeBinomial(alpha=fit.alpha)
    twin = sm.GLM(counts, design, family=family, offset=offset).fit(tol=1e-12, tol_criterion="params")
    assert fit.alpha > 0
    assert fit.coefficients == pytest.approx(twin.params, **EXACT)
    assert plain_errors(fit) == pytest.approx(twin.bse, **EXACT)
    size = 1 / fit.alpha
    assert fit.log_likelihood == pytest.approx(nbinom.logpmf(counts, size, size / (size + fit.mean)).sum(), **EXACT)


@pytest.mark.parametrize("factor", [0.5, 1.01, 2.0])
def test_alpha_is_the_likeliest(factor):
    counts, design = simulated(7)
    fit = fit_negbin(counts, design, slow_columns=2)
    size = 1 / (fit.alpha * factor)
    refit = sm.GLM(counts, design, family=sm.families.NegativeBinomial(alpha=1 / size)).fit()
    assert nbinom.logpmf(counts, size, size / (size + refit.mu)).sum() < fit.log_likelihood


def test_constant_offset_moves_the_intercept_alone():
    counts, design = simulated(11)
    plain = fit_negbin(counts, design, slow_columns=2)
    moved = fit_negbin(counts, design, slow_columns=2, offset=np.full(len(counts), 0.7))
    expected = plain.coefficients - 0.7 * (np.arange(design.shape[1]) == 0)
    assert moved.coefficients == pytest.approx(expected, abs=1e-8)  # both iterate to steps of 1e-10
    assert moved.covariance == pytest.approx(plain.covariance, rel=1e-6)  # the same iterations


def remembering(n_days: int, phi: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=n_days)
    for i in range(1, n_days):
        noise[i] += phi * noise[i - 1]
    return noise


GAPS = [
    pytest.param(np.arange(60), id="no gap"),
    pytest.param(np.delete(np.arange(75), np.arange(20, 35)), id="one gap"),
    pytest.param(2 * np.arange(40), id="every other day"),
    pytest.param(np.array([0, 1, 2, 5, 6, 7, 9, 10, 11, 12, 14, 15]), id="short"),
]


def averaged_autocorrelation(residuals, day, slow_columns, no_memory=0.6):
    weights, phi, share = weigh_memories(residuals, day, slow_columns, no_memory)
    later = (weights * share) @ PHI[phi][:, None] ** np.arange(1, day[-1] + 1)
    return np.concatenate([[1.0], later])


@pytest.mark.parametrize("day", GAPS)
@pytest.mark.parametrize(("phi", "no_memory"), [(0.0, 0.6), (0.7, 0.6), (0.3, 0.1), (0.3, 0.0)])
def test_averaged_autocorrelation_is_the_formula(day, phi, no_memory):
    residuals = remembering(len(day), phi, seed=3)
    expected = naive_autocorrelation(residuals, day, slow_columns=2, phis=19, no_memory=no_memory)
    assert averaged_autocorrelation(residuals, day, 2, no_memory) == pytest.approx(
        expected, abs=2e-3
    )  # what unlikely members add


def test_averaged_autocorrelation_follows_the_memory():
    lag_one = [averaged_autocorrelation(remembering(400, phi, seed=5), np.arange(400), 2)[1] for phi in (0, 0.4, 0.8)]
    assert lag_one == pytest.approx([0, 0.4, 0.8], abs=0.12)  # 2.4 / sqrt(400): 2.4 standard errors of white noise


def test_dependence_is_by_distance_in_days():
    counts, design = simulated(13)
    kept = np.random.default_rng(13).random(len(counts)) > 0.15
    kept[60:75] = False
    day = np.flatnonzero(kept) + 1000  # the origin does not matter
    counts, design = counts[kept], design[kept]
    fit = fit_negbin(counts, design, slow_columns=2, day=day)
    variance_by_mean = 1 + fit.alpha * fit.mean
    scaled = design * np.sqrt(fit.mean / variance_by_mean)[:, None]
    bread = np.linalg.inv(scaled.T @ scaled)
    hat, distance = scaled @ bread @ scaled.T, np.abs(np.subtract.outer(day, day))
    remembered = fit.mean / variance_by_mean  # of a rate that remembers, alpha * mean**2 * phi**distance over variance
    remembered /= remembered.mean()
    expected = np.zeros_like(bread)
    for weight, phi, share in zip(*weigh_memories(fit.residuals, day - day[0], 2), strict=True):
        memory = share * np.sqrt(np.outer(remembered, remembered)) * (0.05 * phi) ** distance
        np.fill_diagonal(memory, 1.0)
        # the expected sum of squares that the columns leave
        left = np.trace((np.eye(len(day)) - hat) @ memory @ (np.eye(len(day)) - hat))
        expected += weight * scale(fit, left) * bread @ scaled.T @ memory @ scaled @ bread
    assert fit.covariance == pytest.approx(expected, rel=1e-9)  # FFT against products of matrices
    assert np.tensordot(fit.weights, fit.members, 1) == pytest.approx(fit.covariance)
    closed_up = fit_negbin(counts, design, slow_columns=2)
    assert closed_up.coefficients == pytest.approx(fit.coefficients, abs=1e-9)  # the same likelihood
    assert abs(closed_up.covariance[1, 1] / fit.covariance[1, 1] - 1) > 1e-3  # but other distances


def test_memory_is_that_of_a_rate_that_remembers(monkeypatch):
    """Counts about a latent rate remember by the rate's part of their variance, the more the higher the rate."""
    counts, design = simulated(13)
    phi, lag = 14, np.abs(np.subtract.outer(np.arange(len(counts)), np.arange(len(counts))))
    plain = fit_negbin(counts, design, slow_columns=2)
    average = plain.alpha * np.mean(plain.mean / (1 + plain.alpha * plain.mean))  # of alpha mean² over the variance
    monkeypatch.setattr(negbin, "weigh_memories", lambda *_: (np.ones(1), np.array([phi]), np.array([average])))
    fit = fit_negbin(counts, design, slow_columns=2)
    mean, alpha = fit.mean, fit.alpha
    process = np.diag(mean) + alpha * np.outer(mean, mean) * 0.7**lag  # Zeger (1988), of a latent AR(1) of 0.7
    pulled = design / (1 + alpha * mean)[:, None]
    bread = np.linalg.inv(design.T @ (pulled * mean[:, None]))
    memory = process / np.sqrt(np.outer(np.diag(process), np.diag(process)))
    scaled = design * np.sqrt(mean / (1 + alpha * mean))[:, None]
    left = len(counts) - np.trace(bread @ scaled.T @ memory @ scaled)
    expected = scale(fit, left) * bread @ pulled.T @ process @ pulled @ bread
    assert fit.covariance == pytest.approx(expected, rel=1e-9)  # FFT against products of matrices


def test_variance_is_that_of_the_estimates():
    """From 10 a day to 4, where a constant share of memory took the variance for 1.4 to 2.1 times what it is."""
    rng, steps, variances, held = np.random.default_rng(41), [], [], []
    design, step = np.column_stack([np.ones(180), np.arange(180) >= 120]).astype(float), np.array([0.0, 1.0])
    for _ in range(300):
        latent = rng.normal(size=180)
        for day in range(1, 180):
            latent[day] = 0.8 * latent[day - 1] + 0.6 * latent[day]
        rate = np.repeat([10.0, 4.0], [120, 60]) * np.exp(0.31 * latent - 0.048)
        fit = fit_negbin(rng.poisson(rate).astype(float), design, slow_columns=2)
        steps.append(fit.coefficients[1])
        variances.append(fit.covariance[1, 1])
        held.append(abs(steps[-1] - np.log(0.4)) < fit.half_width(step, 0.95))
    assert 0.8 < np.mean(variances) / np.var(steps) < 1.35  # two standard errors of a variance from 300, and its skew
    assert 0.92 < np.mean(held) < 0.98  # two and a half binomial standard errors


def test_no_memory_leaves_the_independent_covariance(monkeypatch):
    monkeypatch.setattr(negbin, "weigh_memories", lambda *_: (np.ones(1), np.zeros(1, int), np.zeros(1)))
    fit = fit_negbin(*simulated(17), slow_columns=2)
    assert fit.covariance == pytest.approx(fit.independent, rel=1e-9)  # FFT against a product
    assert fit.inflation(np.eye(8)[1]) == pytest.approx(1.0)


@pytest.mark.parametrize(("phi", "floor"), [pytest.param(0.0, False, id="white"), pytest.param(0.97, True, id="drift")])
def test_interval_spends_degrees_of_freedom_on_memory(phi, floor):
    latent = remembering(120, phi, seed=2)
    counts = np.random.default_rng(2).poisson(20 * np.exp(0.7 * latent / latent.std())).astype(float)
    fit = fit_negbin(counts, np.column_stack([np.ones(120), np.arange(120) >= 80]).astype(float), slow_columns=2)
    step = np.array([0.0, 1.0])
    inflation, tails = fit.inflation(step), max(kurtosis(fit.residuals, fisher=False), 3)
    variances = fit.members[:, 1, 1]
    unsure = np.average(variances**2, weights=fit.weights) / np.average(variances, weights=fit.weights) ** 2 - 1
    freedom = 2 / ((tails - 1) * inflation / 120 + 1.5 * unsure) - 2  # a chi-squared of d has relative variance 2 / d
    assert (freedom < 4) == floor
    expected = t.ppf(0.95, max(freedom, 4)) * np.sqrt(fit.covariance[1, 1])
    assert fit.half_width(step, 0.90) == pytest.approx(expected)


@pytest.mark.parametrize("counts", [np.tile([0.0, 0.0, 16.0, 17.0, 15.0], 12), np.tile([0.0, 1.0, 2.0, 7.0], 15)])
def test_variance_of_a_constant_rate_is_that_of_the_sample(counts):
    fit = fit_negbin(counts, np.ones((60, 1)), slow_columns=1)
    expected = counts.var(ddof=1) / counts.mean() ** 2 / 60  # of the log of a mean, by the delta method
    assert fit.independent[0, 0] == pytest.approx(expected)  # whatever size the likelihood thinks best


def test_variance_is_not_below_that_of_poisson_counts():
    fit = fit_negbin(np.tile([3.0, 4.0], 30), np.ones((60, 1)), slow_columns=1)
    assert fit.independent[0, 0] == pytest.approx(1 / 210)  # of the log of 210 Poisson counts


def test_a_few_bursts_are_worth_fewer_degrees_of_freedom():
    design = np.column_stack([np.ones(120), np.arange(120) >= 80]).astype(float)
    counts = np.random.default_rng(4).negative_binomial(3, 0.5, 120).astype(float)
    burst = counts.copy()
    burst[[11, 90]] = 60.0
    step = np.array([0.0, 1.0])
    calm, bursting = (fit_negbin(y, design, slow_columns=2) for y in (counts, burst))
    assert bursting.kurtosis > 20 > 6 > calm.kurtosis >= 3
    # 118 days in 2 / (kurtosis - 1), had neither memory; a spike takes some of what memory there is
    assert bursting.degrees_of_freedom(step) < 0.2 * calm.degrees_of_freedom(step)


def test_no_combination_of_columns_has_less_than_memory_leaves_it():
    steep = 30.0 * np.where(np.arange(180) >= 120, 0.03, 1.0)
    lifted = 0
    for seed in range(12):
        latent = remembering(180, 0.9, seed=seed)
        counts = np.random.default_rng(seed).poisson(steep * np.exp(0.8 * latent / latent.std())).astype(float)
        fit = fit_negbin(counts, weekly_design(180, 120), slow_columns=2)
        mean = np.average(fit.members, axis=0, weights=fit.weights)
        least = eigh(fit.covariance, fit.independent, eigvals_only=True)[0]
        assert least > (1 - 0.9) / (1 + 0.9) - 1e-9  # the spectrum of the slowest memory where it is least
        lifted += eigh(mean, fit.independent, eigvals_only=True)[0] < 0
        assert fit.covariance[1, 1] == pytest.approx(mean[1, 1], rel=1e-3)  # days of the week alone are lifted
    assert lifted >= 5


def test_input_is_unchanged():
    counts, design = simulated(19)
    day, offset = np.arange(len(counts)) + 5, np.zeros(len(counts))
    before = [array.copy() for array in (counts, design, day, offset)]
    fit_negbin(counts, design, slow_columns=2, day=day, offset=offset)
    for array, copy in zip((counts, design, day, offset), before, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        pytest.param(np.zeros(60), "All 60 counts are 0", id="all zero"),
        pytest.param(np.r_[np.full(40, 3.0), np.zeros(20)], "60 counts with total 120", id="zero after the step"),
        pytest.param(np.r_[np.zeros(40), np.full(20, 3.0)], "60 counts with total 60", id="zero before the step"),
    ],
)
def test_hopeless_counts_are_refused(counts, message):
    design = np.column_stack([np.ones(60), np.arange(60) >= 40]).astype(float)
    with pytest.raises(TooLittleData, match=message):
        fit_negbin(counts, design, slow_columns=2)


def test_collinear_columns_are_refused():
    with pytest.raises(TooLittleData, match="does not converge"):
        fit_negbin(np.arange(1.0, 61.0), np.ones((60, 2)), slow_columns=2)


@pytest.mark.parametrize("level", [0.5, 1.0, 2.0, 3.0, 7.0, 1e6])
def test_constant_counts_have_no_memory_to_find(level):
    design = np.column_stack([np.ones(60), np.arange(60) >= 40]).astype(float)
    fit = fit_negbin(np.full(60, level), design, slow_columns=2)
    assert fit.alpha == 0.0
    assert fit.coefficients == pytest.approx([np.log(level), 0.0], abs=1e-9)  # steps of 1e-10
    assert fit.inflation(np.array([0.0, 1.0])) < 2  # not the 9 that rounding errors of equal sign would give


def test_dispersion_next_to_zero_settles():
    rng = np.random.default_rng(2332)  # of 4,000 seeds the one that ends nearest to alpha = 1e-4
    counts = rng.poisson(rng.choice([0.3, 1, 3]), 60).astype(float)
    fit = fit_negbin(counts, weekly_design(60, 40), slow_columns=2)
    again = negbin.dispersion_about(counts, fit.mean)
    assert again == pytest.approx(fit.alpha, rel=1e-6)  # steps of 1e-10 on an alpha of 1e-4
    assert fit.alpha == pytest.approx(1.31e-4, rel=0.01)  # its three digits


def test_counts_at_the_edge_of_poisson_are_never_refused():
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(rng.choice([1, 3, 30]), 60).astype(float)
        found.append(fit_negbin(counts, weekly_design(60, 40), slow_columns=2).alpha)
    assert 50 < sum(alpha > 0 for alpha in found) < 250


def test_no_step_is_longer_than_the_likelihood_allows():
    before = [4, 6, 6, 7, 7, 9, 6, 2, 5, 2, 8, 7, 4, 7, 8, 2, 5, 3, 3, 2, 3, 6, 5, 2, 5, 4, 3, 2]
    counts = np.array([*before, 1, 0, 1e5, *[0] * 11], dtype=float)  # alpha leaves 0 for thousands at first
    design = weekly_design(42, 28, (np.arange(42) - 20.5) / 7)
    fit = fit_negbin(counts, design, slow_columns=3)
    slope = design.T @ ((counts - fit.mean) / (1 + fit.alpha * fit.mean))
    assert slope == pytest.approx(0, abs=1e-6)  # steps of 1e-8 times an information of up to 100


@pytest.mark.parametrize("size", [100.0, 1e4, 1e7])
def test_what_digammas_add_to_a_logarithm_keeps_its_digits(size):
    values = [0, 1, 2, 7, 30]
    found = negbin._beyond_log(size, np.array(values, dtype=float))
    whole = Fraction(size)
    with localcontext(prec=60):
        for value, number in zip(values, found, strict=True):
            drawn = sum((1 / (whole + j) for j in range(value)), Fraction(0))
            share = (whole + value) / whole
            logarithm = (Decimal(share.numerator) / Decimal(share.denominator)).ln()
            exact = Decimal(drawn.numerator) / Decimal(drawn.denominator) - logarithm
            assert number == pytest.approx(float(exact), rel=1e-8, abs=1e-300)  # rounding, or the next term of 252 x^6


@pytest.mark.parametrize("seed", [16, 93, 198])
def test_sparse_counts_have_a_maximum(seed):
    rng = np.random.default_rng(seed)  # variance = mean + 10 mean²; the likelihood in the coefficients is concave
    mean = np.repeat([10.0, 3.0], [120, 60])
    counts = rng.negative_binomial(0.1, 0.1 / (0.1 + mean)).astype(float)
    design = weekly_design(180, 120, (np.arange(180) - 89.5) / 7)
    fit = fit_negbin(counts, design, slow_columns=3)
    slope = design.T @ ((counts - fit.mean) / (1 + fit.alpha * fit.mean))
    assert slope == pytest.approx(0, abs=1e-7)  # steps of 1e-10 times an information of up to 100


def test_a_start_elsewhere_ends_at_the_same_maximum():
    counts, design = simulated(23)
    plain = fit_negbin(counts, design, slow_columns=2)
    started = fit_negbin(counts, design, slow_columns=2, start=(plain.coefficients + 1.5, 3 * plain.alpha))
    assert started.coefficients == pytest.approx(plain.coefficients, abs=1e-8)  # both iterate to steps of 1e-10
    assert started.alpha == pytest.approx(plain.alpha, **EXACT)


@pytest.mark.parametrize("mean", [1e3, 1e6, 1e9])
def test_dispersion_about_a_mean_far_from_every_count(mean):
    counts = np.zeros(60)
    counts[7] = 1e6
    best = minimize_scalar(
        lambda log_size: -nbinom.logpmf(counts, np.exp(log_size), 1 / (1 + mean / np.exp(log_size))).sum(),
        bounds=(-10, 0),
        method="bounded",
        options={"xatol": 1e-9},
    )
    # a maximum is known to the root of the likelihood's rounding: gammaln(1e6) to 1e-9
    assert negbin.dispersion_about(counts, np.full(60, mean)) == pytest.approx(np.exp(-best.x), rel=2e-4)


def test_dispersion_about_the_means_of_two_sides():
    counts, _ = simulated(29)
    design = np.column_stack([np.ones(140), np.arange(140) >= 93]).astype(float)
    means = np.where(design[:, 1] > 0, counts[93:].mean(), counts[:93].mean())  # the ML means, whatever alpha
    assert negbin.dispersion_about(counts, means) == pytest.approx(
        fit_negbin(counts, design, slow_columns=2).alpha, **EXACT
    )
    assert negbin.dispersion_about(np.full(60, 3.0), np.full(60, 3.0)) == 0.0
