"""Adan, arXiv:2208.06677, algorithm 1 with bias correction and proximal decay; the betas weigh the past."""


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    m, e, n = ({name: 0 * value for name, value in w.items()} for _ in range(3))
    before = None
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        gradients = net.gradients(w, step)
        for name, g in gradients.items():
            d = g - (before or gradients)[name]
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            e[name] = h.beta2 * e[name] + (1 - h.beta2) * d
            n[name] = h.beta3 * n[name] + (1 - h.beta3) * (g + h.beta2 * d) ** 2
            corrected1, corrected2, corrected3 = (1 - beta ** (step + 1) for beta in (h.beta1, h.beta2, h.beta3))
            size = (n[name] / corrected3).sqrt() + h.epsilon
            moved = w[name] - lr * (m[name] / corrected1 + h.beta2 * e[name] / corrected2) / size
            w[name] = moved / (1 + lr * (0.0 if net.kind(name) == "vector" else h.weight_decay))
        before = gradients
    return w
