"""D-Adapted Adam, arXiv:2301.07733, algorithm 5, with the averages of the authors' third version."""

import math

HYPERPARAMETERS = {"weight_decay": 0.1}
STEPS = 20
TOLERANCE = 1e-6
REASON = "the library keeps the numerator and denominator of d in float32; d grows tenfold after ten steps only"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v, s = ({name: 0 * value for name, value in w.items()} for _ in range(3))
    d, r, b = h.d0, 0.0, math.sqrt(h.beta2)
    for step, multiple in enumerate(rates):
        g = net.gradients(w, step)
        dlr = d * h.learning_rate * multiple
        product = sum(float((g[name] * s[name] / (v[name].sqrt() + 1e-8)).sum()) for name in w)
        r = b * r + (1 - b) * dlr * product
        for name in w:
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * dlr * g[name]
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g[name] ** 2
            s[name] = b * s[name] + (1 - b) * dlr * g[name]
        d = max(d, r / ((1 - b) * sum(float(s[name].abs().sum()) for name in w)))
        for name in w:
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] * (1 - dlr * decay) - m[name] / (v[name].sqrt() + 1e-8)
    assert d > 10 * h.d0, "the estimate must have grown, or the comparison says nothing of it"
    return w
