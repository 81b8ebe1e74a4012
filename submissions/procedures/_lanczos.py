"""The spectrum of a symmetric operator by Lanczos' method, and the rate and momentum that suit it."""

import math


def ritz_values(product, start, iterations):
    """Return the Ritz values of `iterations` steps of Lanczos' method, ascending, float64 [k], k <= iterations.

    Full re-orthogonalisation: every new vector is made orthogonal to all before it, twice. It ends early where the
    vectors span an invariant subspace; the Ritz values are then eigenvalues.

    Args:
        product: function that multiplies a vector [n] by the operator.
        start: any vector [n] that is not zero; it is normalised.
        iterations: products at most.
    """
    import torch

    basis = [start / torch.linalg.vector_norm(start)]
    diagonal, beside = [], []
    for _ in range(min(iterations, start.numel())):
        image = product(basis[-1])
        diagonal.append(float(image @ basis[-1]))
        for _ in range(2):
            stack = torch.stack(basis)
            image = image - stack.T @ (stack @ image)
        length = float(torch.linalg.vector_norm(image))
        if not math.isfinite(length) or length <= 1e-5 * max(map(abs, diagonal)):
            break
        beside.append(length)
        basis.append(image / length)
    count = len(diagonal)
    tridiagonal = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    for index, length in enumerate(beside[: count - 1]):
        tridiagonal[index, index + 1] = tridiagonal[index + 1, index] = length
    return torch.linalg.eigvalsh(torch.nan_to_num(tridiagonal))


def spectrum_ends(values):
    """Return the largest of some Ritz values and the smallest positive one; None where none is positive."""
    positive = [float(value) for value in values if value > 0]
    return (max(positive), min(positive)) if positive else None


def heavy_ball(largest, smallest, most_momentum=0.98):
    """Return the rate and the momentum under which heavy-ball descent on these curvatures contracts fastest.

    alpha = (2 / (sqrt(l1) + sqrt(ln)))^2 and rho = ((sqrt(l1) - sqrt(ln)) / (sqrt(l1) + sqrt(ln)))^2. Where rho would be
    above `most_momentum`, ln is raised to the curvature whose rho is that momentum, so that alpha stays stable.

    >>> [round(value, 6) for value in heavy_ball(9.0, 1.0)]
    [0.25, 0.25]
    """
    root = math.sqrt(most_momentum)
    low = max(math.sqrt(smallest), math.sqrt(largest) * (1 - root) / (1 + root))
    high = math.sqrt(largest)
    return (2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2
