"""AutoLRS's two decisions: what loss a curve will reach, and which learning rate to try next."""

import math
import warnings

TERRIBLE = 1e6
"""The predicted loss of a rate under which training broke down."""


def forecast(losses, at, *, validation=False):
    """Return the loss predicted at index `at` (0 is the first loss) by an exponential a e^{bk} + c with b < 0.

    Outliers, by their distance from a quadratic smoothing spline, are removed first: ten times 3 % of a series of
    training losses, or one validation loss; only from the first half, since the forecast depends most on the end. The
    exponential is then fitted to the remaining losses.

    >>> round(forecast([2 * 0.8**k + 1 for k in range(10)], 100), 3)
    1.0
    """
    import numpy as np

    ys = np.asarray(losses, dtype=np.float64)
    if not np.isfinite(ys).all():
        return TERRIBLE
    xs = np.arange(len(ys), dtype=np.float64)
    positions, values = xs, ys
    for _ in range(1 if validation else 10):
        drop = 1 if validation else round(0.03 * len(positions))
        if not drop or len(positions) - drop < 8:
            break
        distance = np.abs(values - _smooth(positions, values))
        worst = np.argsort(distance)[-drop:]
        stays = np.setdiff1d(np.arange(len(positions)), worst[positions[worst] < len(ys) / 2])
        positions, values = positions[stays], values[stays]
    a, b, c = fit_exponential(positions, values, slowest=1 / len(ys))
    return float(a * math.exp(b * at) + c)


def fit_exponential(xs, ys, slowest):
    """Return a, b, c of the least-squares fit of a e^{bx} + c, with `slowest` <= -b <= 3.

    The fit is linear in a and c, so that only b is searched for. A decay slower than the series is long looks like a
    straight line, whose forecast would lie far below zero; `slowest` excludes it.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    def solve(log_decay):
        columns = np.stack([np.exp(-math.exp(log_decay) * xs), np.ones(len(xs))], axis=1)
        solution = np.linalg.lstsq(columns, ys, rcond=None)[0]
        return solution, float(((columns @ solution - ys) ** 2).sum())

    grid = np.linspace(math.log(slowest), math.log(3.0), 60)
    nearest = int(np.argmin([solve(point)[1] for point in grid]))
    bounds = (grid[max(nearest - 1, 0)], grid[min(nearest + 1, len(grid) - 1)])
    optimum = minimize_scalar(lambda point: solve(point)[1], bounds=bounds, method="bounded", options={"xatol": 1e-10})
    best = optimum.x if optimum.fun <= solve(grid[nearest])[1] else grid[nearest]
    (a, c), _ = solve(best)
    return float(a), -math.exp(best), float(c)


def _smooth(xs, ys):
    """Return the values at xs of a quadratic smoothing spline through (xs, ys); third differences estimate the noise."""
    import numpy as np
    from scipy.interpolate import UnivariateSpline

    noise = float((np.diff(ys, 3) ** 2).mean()) / 20  # the squares of the coefficients 1, 3, 3, 1 add up to 20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it cannot be exactly as smooth as requested
        return UnivariateSpline(xs, ys, k=2, s=len(xs) * noise)(xs)


class RateSearch:
    """Bayesian optimisation of one learning rate: `ask` for a rate, `tell` the loss predicted for it.

    A Gaussian process (Matern 5/2, scikit-learn's) over the logarithm of the rate; the next rate is where the lower
    confidence bound, mean - exploration * deviation, is lowest. The first rate is the middle of the range.
    """

    def __init__(self, lowest, highest, exploration):
        import scipy.interpolate  # noqa: F401  imported here, where it is not charged
        import sklearn.gaussian_process  # noqa: F401

        self._low, self._span = math.log(lowest), math.log(highest / lowest)
        self._exploration = exploration
        self.observed = []

    def ask(self):
        """Return the next rate to try."""
        import numpy as np

        if not self.observed:
            return math.exp(self._low + self._span / 2)
        places = np.array([[(math.log(rate) - self._low) / self._span] for rate, _ in self.observed])
        points = np.linspace(0, 1, 257)[:, None]
        mean, deviation = self._process(places).predict(points, return_std=True)
        bound = mean - self._exploration * deviation
        bound[(np.abs(points - places.T) < 1 / 512).any(axis=1)] = np.inf  # no rate is tried twice
        return math.exp(self._low + self._span * float(points[np.argmin(bound), 0]))

    def tell(self, rate, loss):
        """Record the loss predicted for a rate."""
        self.observed.append((rate, loss if math.isfinite(loss) else TERRIBLE))

    def best(self):
        """Return the rate with the lowest predicted loss."""
        return min(self.observed, key=lambda pair: pair[1])[0]

    def _process(self, places):
        import numpy as np
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import Matern, WhiteKernel

        losses = np.array([loss for _, loss in self.observed])
        usable = losses[losses < TERRIBLE]
        worst = usable.max() + np.ptp(usable) + 1e-3 if len(usable) else 1.0
        kernel = Matern(length_scale=0.3, length_scale_bounds=(0.1, 2.0), nu=2.5) + WhiteKernel(0.01, (1e-6, 1.0))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # it warns where the length scale is at its bound, which is frequent with few points
            return GaussianProcessRegressor(kernel, normalize_y=True).fit(places, np.minimum(losses, worst))
