"""MARS-AdamW, arXiv:2411.10438, algorithm 2 in its approximate form, with AdamW for all that is no matrix."""

HYPERPARAMETERS = {"gamma": 0.1}
REASON = "a correction so large that some of the norms pass 1"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, v, before = ({name: 0 * value for name, value in w.items()} for _ in range(3))
    norms = []
    for step, multiple in enumerate(rates):
        lr, t = h.learning_rate * multiple, step + 1
        for name, g in net.gradients(w, step).items():
            beta1, beta2, c = h.vector_beta1, h.vector_beta2, g
            if g.ndim == 2:
                beta1, beta2 = h.beta1, h.beta2
                c = g + h.gamma * beta1 / (1 - beta1) * (g - before[name])
                norms.append(float(c.norm()))
                c = c / max(1.0, norms[-1])
                before[name] = g
            m[name] = beta1 * m[name] + (1 - beta1) * c
            v[name] = beta2 * v[name] + (1 - beta2) * c**2
            adam = m[name] / (1 - beta1**t) / ((v[name] / (1 - beta2**t)).sqrt() + h.epsilon)
            w[name] = w[name] - lr * (adam + (0.0 if net.kind(name) == "vector" else h.weight_decay) * w[name])
    assert min(norms) < 1 < max(norms), "some of the corrected gradients must have been scaled down, and some not"
    return w
