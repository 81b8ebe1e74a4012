"""The batch size at which a gradient is accurate enough: the tests of adaptive sampling."""


def wanted_batch(gradients, test="norm", eta=0.1, theta=0.5, nu=1.0):
    """Return the batch size, a real number, at which a test would just pass, from per-example gradients [n, dimension].

    With g the mean of the g_i, and Var_i the unbiased variance over the examples:

    - "norm": sum of Var_i(g_i) over coordinates / (eta^2 |g|^2);
    - "inner_product": Var_i(<g_i, g>) / (theta^2 |g|^4);
    - "augmented": the larger of that and the sum of Var_i(g_i - <g_i, g> g / |g|^2) / (nu^2 |g|^2).

    Infinite where the gradients cancel exactly. Only the inner products of the g_i are needed.

    >>> import torch
    >>> wanted_batch(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), "norm", eta=1.0)
    2.0
    """
    count = len(gradients)
    products = (gradients @ gradients.T).double()
    along = products.mean(1)  # <g_i, g>
    square = float(along.mean())  # |g|^2
    if square <= 0:
        return float("inf")
    spread = float(products.diagonal().sum() - count * square) / (count - 1)
    inner = float(along.var())
    if test == "norm":
        return spread / (eta**2 * square)
    wanted = inner / (theta**2 * square**2)
    if test == "augmented":
        orthogonal = spread - inner / square  # the variance is the sum of the part along g and the part orthogonal to it
        wanted = max(wanted, orthogonal / (nu**2 * square))
    return wanted
