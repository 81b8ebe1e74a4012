"""Normalize-and-Project, arXiv:2407.01800: AdamW and the projection of the one weight that a norm layer follows."""

HYPERPARAMETERS = {"learning_rate": 0.02, "weight_decay": 0.1}
REASON = "steps so long that the projection matters"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, m, v = net.weights(), {}, {}
    length = w["first.weight"].norm()
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            m[name] = h.beta1 * m.get(name, 0) + (1 - h.beta1) * g
            v[name] = h.beta2 * v.get(name, 0) + (1 - h.beta2) * g**2
            size = (v[name] / (1 - h.beta2 ** (step + 1))).sqrt() + h.epsilon
            w[name] = w[name] * (1 - lr * decay) - lr * m[name] / (1 - h.beta1 ** (step + 1)) / size
        w["first.weight"] = w["first.weight"] * length / w["first.weight"].norm()
    return w
