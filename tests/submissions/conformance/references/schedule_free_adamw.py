"""Schedule-Free AdamW, arXiv:2405.15682, algorithm 1, with Adam's bias correction of squares, as in the official code.

To the corrected squares the library adds 1e-15 under the root. It tells where a gradient is below 1e-6.
"""

PROCEDURE = True


def reference(net, h, rates):
    """Return the weights y, at which gradients are computed, after as many steps as there are rates."""
    x, y, z = net.weights(), net.weights(), net.weights()
    v = {name: 0 * value for name, value in z.items()}
    for step in range(len(rates)):
        t = step + 1
        for name, g in net.gradients(y, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            z[name] = z[name] - h.learning_rate * (g / ((v[name] / (1 - h.beta2**t) + 1e-15).sqrt() + 1e-8) + decay * y[name])
            x[name] = x[name] + 1 / t * (z[name] - x[name])
            y[name] = (1 - h.beta1) * z[name] + h.beta1 * x[name]
    return y
