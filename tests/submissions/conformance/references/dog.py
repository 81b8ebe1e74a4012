"""DoG, arXiv:2302.12022: eta_t = max_i |w_i - w_0| / sqrt(sum_i |g_i|^2 + 1e-8), of all parameters together."""

HYPERPARAMETERS = {"weight_decay": 0.01, "first_distance": 1e-2}
REASON = "a larger first distance, so that the distance travelled passes it within ten steps"


def reference(net, h, rates):
    """Return the weights in training after as many steps as there are rates."""
    w, start = net.weights(), net.weights()
    farthest = h.first_distance * (1 + sum(float((v**2).sum()) for v in start.values()) ** 0.5)
    first, total = farthest, 0.0
    for step, multiple in enumerate(rates):
        g = net.gradients(w, step)
        g = {name: g[name] + (0.0 if net.kind(name) == "vector" else h.weight_decay) * w[name] for name in w}
        farthest = max(farthest, sum(float(((w[name] - start[name]) ** 2).sum()) for name in w) ** 0.5)
        total += sum(float((value**2).sum()) for value in g.values())
        w = {name: w[name] - h.learning_rate * multiple * farthest / (total + 1e-8) ** 0.5 * g[name] for name in w}
    assert farthest > first
    return w
