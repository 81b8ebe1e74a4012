"""PSGD with Kronecker factors, arXiv:1512.04202 and arXiv:2402.11858, whitening form, with the noise that the row declares."""

import torch

HYPERPARAMETERS = {"precondition_rate": 0.5}
REASON = "factors that grow so fast that some of the directions pass a root mean square of 1.1"


def bound(a):
    """Return a lower bound of the spectral norm of a positive matrix, from its longest column."""
    x = a @ a[:, int((a**2).sum(0).argmax())]
    return (a @ (x / x.norm())).norm()


def moved(q, a, b, rate, diagonal):
    """Return a triangular or diagonal factor after one step."""
    plus, minus = a @ a.T + b @ b.T, a @ a.T - b @ b.T
    if diagonal:
        plus, minus = plus.diagonal().diag(), minus.diagonal().diag()
        return q - rate * minus @ q / plus.max()
    return q - rate * torch.triu(minus) @ q / bound(plus)


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m = {name: 0 * value for name, value in w.items()}
    factors, sizes = {}, []
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            m[name] = h.momentum * m[name] + (1 - h.momentum) * g
            x = (m[name] / (1 - h.momentum**t)).reshape((len(g), -1) if g.ndim > 1 else (1, -1))
            left, right = factors.get(name) or [torch.eye(size, dtype=g.dtype) for size in x.shape]
            v = torch.randn(x.shape, generator=torch.Generator().manual_seed(t), dtype=torch.float64)
            a = left @ x @ right.T
            b = torch.linalg.inv(left).T @ v @ torch.linalg.inv(right)
            pairs, vector = ((left, a, b), (right, a.T, b.T)), net.kind(name) == "vector"
            left, right = factors[name] = [moved(*pair, h.precondition_rate, vector) for pair in pairs]
            u = left.T @ left @ x @ right.T @ right
            sizes.append(float((u**2).mean()) ** 0.5)
            u = (u * min(1.0, 1.1 / (sizes[-1] + 1e-6))).reshape(g.shape)
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] - lr * (u + decay * w[name])
    assert min(sizes) < 1.1 < max(sizes), "some of the directions must have been bounded, and some not"
    return w
