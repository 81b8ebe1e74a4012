"""Schedule-Free AdamW, arXiv:2405.15682, algorithm 1, with Adam's bias correction of squares, as in the official code."""

PROCEDURE = True
TOLERANCE = 1e-7
REASON = "the library adds up the difference of y in one term, and squares near 0 amplify rounding errors"


def reference(net, h, rates):
    """Return the weights y, at which gradients are computed, after as many steps as there are rates."""
    x, y, z = net.weights(), net.weights(), net.weights()
    v = {name: 0 * value for name, value in z.items()}
    for step in range(len(rates)):
        t = step + 1
        for name, g in net.gradients(y, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            z[name] = z[name] - h.learning_rate * (g / ((v[name] / (1 - h.beta2**t)).sqrt() + 1e-8) + decay * y[name])
            x[name] = x[name] + 1 / t * (z[name] - x[name])
            y[name] = (1 - h.beta1) * z[name] + h.beta1 * x[name]
    return y
