"""DoWG, arXiv:2305.16284, algorithm 1: eta_t = r_t^2 / sqrt(sum_i r_i^2 |g_i|^2), with optax's epsilon."""

HYPERPARAMETERS = {"weight_decay": 0.01}


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, start = net.weights(), net.weights()
    square, total = h.epsilon, 0.0
    for step, multiple in enumerate(rates):
        g = net.gradients(w, step)
        g = {name: g[name] + (0.0 if net.kind(name) == "vector" else h.weight_decay) * w[name] for name in w}
        square = max(square, sum(float(((w[name] - start[name]) ** 2).sum()) for name in w))
        total += square * sum(float((value**2).sum()) for value in g.values())
        w = {name: w[name] - h.learning_rate * multiple * square / (total**0.5 + h.epsilon) * g[name] for name in w}
    assert square > h.epsilon
    return w
