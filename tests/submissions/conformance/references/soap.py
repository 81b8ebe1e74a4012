"""SOAP, arXiv:2409.11321, algorithm 3, with the order of operations of the official code."""

import torch

TOLERANCE = 1e-4
REASON = "the null space of the first factors, whose basis is fixed by a diagonal of 1e-9, amplifies rounding errors"
HYPERPARAMETERS = {"refresh": 7}


def turned(x, bases):
    """Return a tensor with every side multiplied by the transpose of its basis."""
    for side, q in enumerate(bases):
        x = torch.movedim(torch.tensordot(q, x, dims=([0], [side])), 0, side)
    return x


def distinct(c):
    """Return a factor plus the diagonal that separates the eigenvalues of its null space."""
    size = len(c)
    return c + c.trace() / size * (torch.finfo(c.dtype).eps ** 0.5 / 10) * torch.diag(
        torch.arange(1, size + 1, dtype=c.dtype) / size
    )


def factors(g):
    """Return g g^T over every side."""
    flat = [torch.movedim(g, side, 0).flatten(1) for side in range(g.ndim)]
    return [x @ x.T for x in flat]


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    covariance, bases = {}, {}
    for t, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, t).items():
            new = factors(g) if g.ndim > 1 else []
            if t == 0:
                covariance[name] = [(1 - h.beta2) * c for c in new]
                bases[name] = [torch.linalg.eigh(distinct(c))[1].flip(1) for c in covariance[name]]
                continue
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * turned(g, bases[name]) ** 2
            step = turned(m[name], bases[name]) / (v[name].sqrt() + h.epsilon)
            back = turned(step, [q.T for q in bases[name]])
            size = lr * (1 - h.beta2**t) ** 0.5 / (1 - h.beta1**t)
            w[name] = (w[name] - size * back) * (1 - lr * (h.weight_decay if new else 0.0))
            covariance[name] = [h.beta2 * c + (1 - h.beta2) * n for c, n in zip(covariance[name], new, strict=True)]
            if t % h.refresh == 0:
                for side, (c, q) in enumerate(zip(covariance[name], bases[name], strict=True)):
                    c = distinct(c)
                    order = ((c @ q) * q).sum(0).argsort(descending=True)
                    v[name] = v[name].index_select(side, order)
                    bases[name][side] = torch.linalg.qr((c @ q)[:, order])[0]
    return w
