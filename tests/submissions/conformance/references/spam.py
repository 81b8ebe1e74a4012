"""SPAM, arXiv:2501.06842, algorithm 1: spike-aware clipping, momentum reset and a cosine warm-up after it."""

import math

STEPS = 30
HYPERPARAMETERS = {"interval": 24, "warmup": 4, "spike_threshold": 2.0}
REASON = "clipping begins after 20 steps, and a reset must lie within the test"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v = ({name: 0 * value for name, value in w.items()} for _ in range(2))
    for step, multiple in enumerate(rates):
        lr, t, since = h.learning_rate * multiple, step + 1, step % h.interval
        if step >= h.interval:
            lr = lr * (1 - 0.99 * (0.5 + 0.5 * math.cos(math.pi * min(since / h.warmup, 1))))
        for name, g in net.gradients(w, step).items():
            if since == 0:
                m[name], v[name] = 0 * g, 0 * g
            if since >= 20:
                spike = g**2 > h.spike_threshold * v[name]
                g = g * ~spike + spike * g.sign() * (h.spike_threshold * v[name]) ** 0.5
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            u = m[name] / (1 - h.beta1**t) / ((v[name] / (1 - h.beta2**t)).sqrt() + h.epsilon)
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] * (1 - h.learning_rate * multiple * decay) - lr * u
    return w
