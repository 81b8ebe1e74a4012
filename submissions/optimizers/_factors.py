"""Kronecker factors of gradients, which `soap` and `shampoo` share: averages of g g^T over the sides of a tensor."""

from contextlib import suppress

import torch

LARGEST = 2048
"""Sides of a tensor that are larger have no factor."""


def average_factors(factors, gradient, beta):
    """Average g g^T over every side of a gradient into `factors`, {side: matrix}, which starts empty."""
    for side, size in enumerate(gradient.shape):
        if size <= LARGEST:
            flat = gradient.movedim(side, 0).flatten(1)
            if side not in factors:
                factors[side] = flat.new_zeros(size, size)
            factors[side].mul_(beta).addmm_(flat, flat.T, alpha=1 - beta)


def separated(factor):
    """Return a factor plus a small diagonal of unequal entries, which gives its null space one basis.

    Without it rounding errors choose the basis of the null space, and Adam's direction depends on the basis. The largest entry
    is a tenth of the square root of the precision, relative to the factor's mean eigenvalue.
    """
    size = len(factor)
    steps = torch.arange(1, size + 1, dtype=factor.dtype, device=factor.device) / size
    return factor + torch.diag(steps * (factor.diagonal().mean() * (torch.finfo(factor.dtype).eps ** 0.5 / 10)))


def spectrum(matrix):
    """Return the eigenvalues, ascending, and the eigenvectors; NaN where the matrix is not finite, as torch raises there.

    Of a matrix of low rank, torch may raise or return NaN in single precision: it is decomposed in double precision then.
    """
    if torch.isfinite(matrix).all():
        for wide in (matrix, matrix.double()):
            with suppress(torch.linalg.LinAlgError):
                values, vectors = torch.linalg.eigh(wide)
                if torch.isfinite(vectors).all():
                    return values.to(matrix), vectors.to(matrix)
    return torch.full_like(matrix[0], torch.nan), torch.full_like(matrix, torch.nan)


def multiplied(x, matrices):
    """Return a tensor whose sides are multiplied by matrices, {side: matrix}."""
    for side, matrix in matrices.items():
        x = torch.tensordot(matrix, x, dims=([1], [side])).movedim(0, side)
    return x
