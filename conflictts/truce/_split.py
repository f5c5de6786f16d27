"""The numba kernels that date one change: how likely each day is its first, both rates integrated over a prior."""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from conflictts.truce._kernel import kernel
from conflictts.truce._noise import days_of, memory, pearson_residuals
from conflictts.truce._path import day_costs, evenly_spaced
from conflictts.truce._segment import OWN_PRICE
from conflictts.truce._slope import fit_level
from conflictts.truce.locations import PRIOR

_N_LEVELS = 384  # of the rate on either side
_SURE = 0.01  # a change that is none with a smaller probability is taken for one
_FADED, _APART = 3e-4, 45.0  # weights that have faded so far are found anew, but for those e to the -45 of the highest
_NEGLIGIBLE = 30.0  # a day whose tempered log-likelihood is lower by this much holds under 1e-13 of the whole


@kernel
def cost_at(g, total, seen, fixed, per_count):
    """Cost at one level of days of which the total count and number by weekday are known."""
    cost = 0.0
    for d in range(7):
        cost += seen[d] * fixed[d, g] + total[d] * per_count[d, g]
    return cost


@kernel
def least_costs(counts, weekday, observed, fixed, per_count):
    """Cost of the days before each day and from it on, each at the best of three or more levels; shape (n_days,).

    A cost is convex in the log rate, so the best level is followed from day to day, with its neighbours.
    """
    n_days, last = counts.size, fixed.shape[1] - 2
    answer = np.zeros(n_days)
    for backward in range(2):
        total, seen = np.zeros(7), np.zeros(7)
        below, here, above, g = 0.0, 0.0, 0.0, 1 + last // 2
        for step in range(n_days):
            t = n_days - 1 - step if backward else step
            if not backward:
                answer[t] += min(below, here, above)
            if observed[t]:
                d, y = weekday[t], counts[t]
                seen[d] += 1.0
                total[d] += y
                below += fixed[d, g - 1] + y * per_count[d, g - 1]
                here += fixed[d, g] + y * per_count[d, g]
                above += fixed[d, g + 1] + y * per_count[d, g + 1]
                while below < here and g > 1:
                    g -= 1
                    above, here = here, below
                    below = cost_at(g - 1, total, seen, fixed, per_count)
                while above < here and g < last:
                    g += 1
                    below, here = here, above
                    above = cost_at(g + 1, total, seen, fixed, per_count)
            if backward:
                answer[t] += min(below, here, above)
    return answer


@kernel
def less_cost(log_prior, counts, weekday, observed, begin, end, fixed, per_count):
    """Log of the prior at each level, less the cost of the days from `begin` to before `end` together."""
    total, seen = np.zeros(7), np.zeros(7)
    for t in range(begin, end):
        if observed[t]:
            total[weekday[t]] += counts[t]
            seen[weekday[t]] += 1.0
    cost = np.zeros(fixed.shape[1])
    for d in range(7):
        for g in range(cost.size):
            cost[g] += seen[d] * fixed[d, g] + total[d] * per_count[d, g]
    for g in range(cost.size):
        cost[g] = log_prior[g] - cost[g]
    return cost


@kernel(fastmath={"reassoc"})
def dim(weight, by, low, high):
    """Multiply in place from `low` to before `high`, and sum."""
    total = 0.0
    for g in range(np.uint64(low), np.uint64(high)):  # with a sign each would be asked whether it counts from the end
        weight[g] *= by[g]
        total += weight[g]
    return total


@kernel
def add_side(answer, near, begin, end, backward, path, counts, weekday, observed, fixed, per_count, quiet):
    """Add the log-likelihood of the days before each day, or from it on, the rate integrated out, where it is near.

    Days without counts take the same from the log-likelihood whenever they come: likelihoods are multiplied by `quiet`,
    and their logarithms follow when the next count does. Of levels, those that matter are looked at: `path` rises to
    one peak and falls.

    Parameters
    ----------
    answer : ndarray, shape (n_days,)
        Changed in place.
    backward : bool
        From the last day to the first, so that a day is among those whose likelihood stands at it.
    path : ndarray, shape (n_levels,)
        Log of the prior, less the cost of the days beyond `begin` or `end`. Changed in place.
    quiet : ndarray, shape (7, n_levels)
        Likelihood of a day without counts.
    """
    waiting, weight = np.zeros(7), np.empty(path.size)
    peak, top, total, low, high = path.size // 2, 0.0, 0.0, 0, 0
    for step in range(2 * (end - begin)):
        t = end - 1 - step // 2 if backward else begin + step // 2
        d, y = weekday[t], counts[t]
        if (step % 2 == 1) == backward:
            if near[t]:
                if total < _FADED:
                    take_days(path, waiting, fixed)
                    while peak > 0 and path[peak - 1] > path[peak]:
                        peak -= 1
                    while peak + 1 < path.size and path[peak + 1] > path[peak]:
                        peak += 1
                    top, low, high, total = path[peak], peak, peak, 0.0
                    while low > 0 and path[low - 1] > top - _APART:
                        low -= 1
                    while high < path.size and path[high] > top - _APART:
                        weight[high] = math.exp(path[high] - top)
                        total += weight[high]
                        high += 1
                    for g in range(low, peak):
                        weight[g] = math.exp(path[g] - top)
                        total += weight[g]
                answer[t] += top + math.log(total)
        elif observed[t]:
            waiting[d] += 1.0
            if y > 0.0:
                take_days(path, waiting, fixed)
                total = 0.0
                for g in range(path.size):
                    path[g] -= y * per_count[d, g]
            elif total >= _FADED:
                total = dim(weight, quiet[d], low, high)


@kernel
def take_days(path, waiting, fixed):
    """Take the cost of so many days by weekday from the path, but for that of their counts; then none wait."""
    for d in range(7):
        if waiting[d] > 0.0:
            for g in range(path.size):
                path[g] -= waiting[d] * fixed[d, g]
            waiting[d] = 0.0


@kernel(inline="always")
def split_log_likelihoods(counts, weekday, observed, log_rate, log_prior, profile, size, temper):
    """Log-likelihood of one change at each day, both rates integrated over the prior.

    Parameters
    ----------
    log_rate, log_prior : ndarray, shape (n_levels,)
        Evenly spaced grid, and the log of the prior at each level up to a constant, concave in the log rate.
    temper : float
        By which the log-likelihood will be divided: days that cannot matter after it are left out.

    Returns
    -------
    ndarray, shape (n_days,)
        Entry t is for a change whose first day is t; entry 0 is meaningless. Minus infinity where negligible.
    """
    n_days = counts.size
    answer, near = np.empty(n_days), np.zeros(n_days, np.bool_)
    fixed, per_count = day_costs(log_rate, profile, size)
    cost = least_costs(counts, weekday, observed, fixed, per_count)
    # a rate lies within half a step of a level, which costs at most information * half_step² / 2 on either side
    half_step = (log_rate[1] - log_rate[0]) / 2
    total, n_seen, least = 0.0, 0, np.inf
    for t in range(n_days):
        answer[t] = -np.inf
        n_seen += observed[t]
        total += counts[t] if observed[t] else 0.0
        least = min(least, cost[t]) if t > 0 else least
    slack = min(size * n_seen, total + 1.0) * half_step**2
    begin, end = n_days, 0
    for t in range(1, n_days):
        if cost[t] <= least + _NEGLIGIBLE * temper + slack:
            near[t] = True
            begin, end = min(begin, t), t + 1
    for t in range(begin, end):
        if near[t]:
            answer[t] = 0.0
    quiet = np.empty(fixed.shape)
    for d in range(7):
        for g in range(log_rate.size):
            quiet[d, g] = math.exp(-fixed[d, g])
    for side in range(2):  # one call in a loop: each place of a call is compiled by itself
        first, last = (end, n_days) if side else (0, begin)
        path = less_cost(log_prior, counts, weekday, observed, first, last, fixed, per_count)
        add_side(answer, near, begin, end, side == 1, path, counts, weekday, observed, fixed, per_count, quiet)
    return answer


@kernel
def fade(p, factor, phi):
    """Let each change be some days earlier than it shows, with the odds of the autocorrelation at so many days.

    Counts that remember the day before follow a change only as the memory fades. The autocorrelation at k days is
    share * phi**k, and the factor 1 + 2 share phi / (1 - phi). `p` is changed in place; the first day keeps its own.
    """
    later, shown = 0.0, p[p.size - 1]
    for t in range(p.size - 2, 0, -1):
        later, shown = phi * later + shown, p[t]
        p[t] += (factor - 1.0) * (1.0 - phi) / 2.0 * later


@kernel
def keep_one_way(p, counts, weekday, observed, profile, way):
    """Leave the days on which the mean rises (`way` above 0) or falls (below 0), if any; changed in place."""
    before, of_before = np.zeros(p.size + 1), np.zeros(p.size + 1)  # counts and exposure before each day
    for t in range(p.size):
        before[t + 1] = before[t] + (counts[t] if observed[t] else 0.0)
        of_before[t + 1] = of_before[t] + (profile[weekday[t]] if observed[t] else 0.0)
    total, exposure = before[p.size], of_before[p.size]
    kept, left = np.zeros(p.size), 0.0
    for t in range(1, p.size):
        if (total * of_before[t] - before[t] * exposure) * way >= -1e-9 * total * exposure:  # rounding
            kept[t] = p[t]
            left += p[t]
    for t in range(p.size if left > 0.0 else 0):  # element by element: a slice set to an array is slow to compile
        p[t] = kept[t]


@kernel
def split_probabilities(counts, weekday, observed, profile, size, factor, phi, way):
    """See `locations.split_probabilities`."""
    exposure, highest = 0.0, 1.0
    for t in range(counts.size):
        exposure += observed[t]
        highest = max(highest, counts[t])
    log_rate = evenly_spaced(math.log(1e-4 / max(exposure, 1.0)), math.log(3.0 * highest + 10.0), _N_LEVELS)
    log_prior = np.empty(_N_LEVELS)  # as a density of the log rate
    for g in range(_N_LEVELS):
        rate = math.exp(log_rate[g])
        log_prior[g] = PRIOR * (math.log(size / (size + rate)) + math.log(rate / (size + rate)))
    log_p = split_log_likelihoods(counts, weekday, observed, log_rate, log_prior, profile, size, factor)
    highest = -np.inf
    for t in range(log_p.size):
        highest = max(highest, log_p[t])
    p, whole = np.empty(log_p.size), 0.0
    for t in range(log_p.size):
        p[t] = math.exp((log_p[t] - highest) / factor)
    keep_one_way(p, counts, weekday, observed, profile, way)
    fade(p, factor, phi)
    for t in range(p.size):
        whole += p[t]
    for t in range(p.size):
        p[t] /= whole
    return p


@kernel(inline="always")
def doubts(counts, weekday, observed, edges, profile, size, factor):
    """Probability of each edge to be no change: as much against its price as it gains by the memory factor is for it.

    Shape as `edges`; the first day and the end are no changes to doubt, and nothing under `_SURE` is doubted.
    """
    n_seen, answer = 0, np.zeros(edges.size)
    for seen in observed:
        n_seen += seen
    price = OWN_PRICE * math.log(n_seen)
    for k in range(1, edges.size - 1):
        gained = fit_level(counts, weekday, observed, edges[k - 1], edges[k + 1], profile, size)[0]
        for begin in range(k - 1, k + 1):
            gained -= fit_level(counts, weekday, observed, edges[begin], edges[begin + 1], profile, size)[0]
        doubt = 1.0 / (1.0 + math.exp(min(gained / factor - price, 700.0)))
        answer[k] = doubt if doubt > _SURE else 0.0
    return answer


@kernel(inline="always")
def probabilities_between(counts, weekday, observed, begin, change, end, profile, size, factor, phi, way):
    """`split_probabilities` of a change among the days from `begin` to before `end`; shape (end - begin,).

    Where the days around the change remember longer than `factor` says, theirs is taken.
    """
    y, d, seen = counts[begin:end], weekday[begin:end], observed[begin:end]
    rates, changes = np.empty(2), np.empty(1, np.int64)
    rates[0] = math.exp(fit_level(counts, weekday, observed, begin, change, profile, size)[1])
    rates[1] = math.exp(fit_level(counts, weekday, observed, change, end, profile, size)[1])
    changes[0] = change - begin
    own_factor, own_phi = memory(pearson_residuals(y, d, seen, changes, rates, profile, size), seen, rates.size)
    if own_factor < factor or (own_factor == factor and own_phi < phi):
        own_factor, own_phi = factor, phi
    return split_probabilities(y, d, seen, profile, size, own_factor, own_phi, way)


@kernel
def probabilities_of_changes(counts, weekday, observed, edges, profile, size, factor, phi):
    """Probability of each day to be the first after each change between levels, and the first day of each.

    A change lies between its neighbours; where one of these may be none (`doubts`), the change may as well lie beyond
    it, and what holds with the neighbour and without is weighed by that.

    Parameters
    ----------
    edges : ndarray of int64, shape (n_changes + 2,)
        0, the changes, and the number of days.
    factor, phi : float
        Of all days.

    Returns
    -------
    p : ndarray
        Of the days from the second last edge before a change to before the second next, one change after the other.
    begins, ends : ndarray of int64, shape (n_changes,)
        Of these days, as positions in the series.
    """
    n_changes = edges.size - 2
    begins, ends, size_of_all = np.empty(n_changes, np.int64), np.empty(n_changes, np.int64), 0
    for k in range(n_changes):
        begins[k], ends[k] = edges[max(k - 1, 0)], edges[min(k + 3, n_changes + 1)]
        size_of_all += ends[k] - begins[k]
    doubt = doubts(counts, weekday, observed, edges, profile, size, factor)
    p, at = np.zeros(size_of_all), 0
    for k in range(1, n_changes + 1):
        way = fit_level(counts, weekday, observed, edges[k], edges[k + 1], profile, size)[1]
        way -= fit_level(counts, weekday, observed, edges[k - 1], edges[k], profile, size)[1]
        for before in range(2 if doubt[k - 1] > 0.0 else 1):
            for after in range(2 if doubt[k + 1] > 0.0 else 1):
                weight = doubt[k - 1] if before else 1.0 - doubt[k - 1]
                weight *= doubt[k + 1] if after else 1.0 - doubt[k + 1]
                begin, end = edges[k - 1 - before], edges[k + 1 + after]
                found = probabilities_between(
                    counts, weekday, observed, begin, edges[k], end, profile, size, factor, phi, way
                )
                for t in range(found.size):
                    p[at + begin - begins[k - 1] + t] += weight * found[t]
        at += ends[k - 1] - begins[k - 1]
    return p, begins, ends


@kernel
def sink(heap, at, size, p):
    """Let a day of a heap sink to below all likelier days, and below earlier ones that are as likely."""
    day = heap[at]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size:
            one, other = heap[child], heap[child + 1]
            if p[other] > p[one] or (p[other] == p[one] and other < one):
                child += 1
        likelier = heap[child]
        if p[likelier] < p[day] or (p[likelier] == p[day] and likelier > day):
            break
        heap[at] = likelier
        at = child
    heap[at] = day


@kernel
def smallest_set(p, level):
    """See `locations.smallest_set`. By a heap: compiling numba's stable sort takes seconds."""
    possible, whole = np.zeros(p.size, np.bool_), 0.0
    for t in range(p.size):
        possible[t] = p[t] != 0.0  # few days, mostly
        whole += p[t]
    heap = days_of(possible)
    size = heap.size
    unsunk, inside, held = size // 2, np.zeros(p.size, np.bool_), 0.0
    while unsunk > 0 or (size > 0 and (held == 0.0 or held < level * whole)):
        if unsunk > 0:  # first all days that others hang from find their places, from the last on
            unsunk -= 1
        else:
            inside[heap[0]] = True
            held += p[heap[0]]
            size -= 1
            heap[0] = heap[size]
        sink(heap, unsunk, size, p)
    return days_of(inside)


@kernel
def date_rows(counts, weekday, observed, changes, row_ends, noise, level):
    """Fit a level to each regime of several series, and date each change: what `levels_of` and `smallest_set` give.

    Parameters
    ----------
    counts, weekday, observed, changes, row_ends, noise
        As `_segment.find_in_rows` leaves and gives them.
    level : float

    Returns
    -------
    fits : ndarray, shape (n_changes + n_rows, 3)
        Log rate, information and exposure (profile on the days observed) of each regime, row by row.
    days, ends : ndarray of int64, shapes (n,) and (n_changes,)
        Positions of the days of all sets, one after the other, and where each set ends among them.
    """
    n_rows, n_days = counts.shape
    fits, n_fits = np.empty((changes.size + n_rows, 3)), 0
    days, ends, held = (
        np.empty(4 * counts.size, np.int64),
        np.empty(changes.size, np.int64),
        0,
    )  # at most four sets hold a day
    first = 0
    for row in range(n_rows):
        y, seen, n_changes = counts[row], observed[row], row_ends[row] - first
        profile, size, factor, phi = noise[row, :7], noise[row, 7], noise[row, 8], noise[row, 9]
        edges = np.zeros(n_changes + 2, np.int64)
        edges[n_changes + 1] = n_days
        for k in range(n_changes):  # element by element: a slice set to an array takes two seconds to compile
            edges[k + 1] = changes[first + k]
        for k in range(n_changes + 1):
            _, log_rate, _, information, _, _ = fit_level(y, weekday, seen, edges[k], edges[k + 1], profile, size)
            fits[n_fits, 0], fits[n_fits, 1], fits[n_fits, 2] = log_rate, information, 0.0
            for t in range(edges[k], edges[k + 1]):
                fits[n_fits, 2] += profile[weekday[t]] if seen[t] else 0.0
            n_fits += 1
        p, begins, stops = probabilities_of_changes(y, weekday, seen, edges, profile, size, factor, phi)
        at = 0
        for k in range(n_changes):
            for day in smallest_set(p[at : at + stops[k] - begins[k]], level):
                days[held] = begins[k] + day
                held += 1
            ends[first + k] = held
            at += stops[k] - begins[k]
        first = row_ends[row]
    return fits, days[:held].copy(), ends
