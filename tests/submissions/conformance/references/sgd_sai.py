"""SGD-SaI, arXiv:2412.11768, algorithm 1."""

ALSO = {"scaling": "root_of_size"}


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    b, scale = {}, {}
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, step).items():
            if step == 0 and h.scaling == "root_of_size":
                scale[name] = g.numel() ** 0.5
            elif step == 0:
                centred = g - g.mean()
                scale[name] = g.norm() / ((centred**2).sum() / (g.numel() - 1)).sqrt().add(h.epsilon)
            b[name] = h.momentum * b[name] + (1 - h.momentum) * g if step else g
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            w[name] = w[name] - lr * (scale[name] * b[name] + decay * w[name])
    return w
