"""Prodigy, arXiv:2306.06101, algorithm 4 (the Adam version), with the authors' safeguard for a warm-up."""

import math

HYPERPARAMETERS = {"weight_decay": 0.1}
STEPS = 20
TOLERANCE = 1e-6
REASON = "the library keeps the numerator and denominator of d in float32; d grows tenfold after ten steps only"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    start = net.weights()
    m, v, s = ({name: 0 * value for name, value in w.items()} for _ in range(3))
    d, r, b3 = h.d0, 0.0, math.sqrt(h.beta2)
    for step, multiple in enumerate(rates):
        g = net.gradients(w, step)
        dlr = d * h.learning_rate * multiple
        r = b3 * r + d / h.d0 * dlr * sum(float((g[name] * (start[name] - w[name])).sum()) for name in w)
        for name in w:
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * d * g[name]
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * (d * g[name]) ** 2
            s[name] = b3 * s[name] + d / h.d0 * d * g[name]
        d = max(d, h.d_coef * r / sum(float(s[name].abs().sum()) for name in w))
        for name in w:
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] * (1 - dlr * decay) - dlr * m[name] / (v[name].sqrt() + d * 1e-8)
    assert d > 10 * h.d0, "the estimate must have grown, or the comparison says nothing of it"
    return w
