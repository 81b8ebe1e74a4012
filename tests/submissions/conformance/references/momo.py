"""MoMo, arXiv:2305.07583, algorithm 1; the step minimises its model, found here by bisection instead of a closed form."""

HYPERPARAMETERS = {"weight_decay": 0.1, "learning_rate": 3.0, "lower_bound": 0.5}
REASON = "bisection, a bound above 0, and a rate at which the model of the loss decides some of the steps and the rate others"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w, d, f, c, limited = net.weights(), None, 0.0, 0.0, []
    for step, multiple in enumerate(rates):
        lr, g = h.learning_rate * multiple, net.gradients(w, step)
        keep = h.momentum if step else 0.0
        d = {name: keep * d[name] + (1 - keep) * g[name] for name in w} if step else g
        f = keep * f + (1 - keep) * float(net.loss(w, step))
        c = keep * c + (1 - keep) * sum(float((g[name] * w[name]).sum()) for name in w)
        low, high = 0.0, lr  # the largest rate, up to lr, at which the averaged model is not below the bound
        for _ in range(200):
            t = (low + high) / 2
            moved = moving(net, h, w, d, lr, t)
            above = f - c + sum(float((d[name] * moved[name]).sum()) for name in w) > h.lower_bound
            low, high = (t, high) if above else (low, t)
        limited.append(low < 0.999 * lr)
        w = moving(net, h, w, d, lr, low)
    assert any(limited) and not all(limited), "the model must decide some of the steps"
    return w


def moving(net, h, w, d, lr, t):
    """Return the weights after a proximal step: decay shrinks matrices by 1 + lr wd."""
    shrink = {name: 1 + lr * (0.0 if net.kind(name) == "vector" else h.weight_decay) for name in w}
    return {name: (w[name] - t * d[name]) / shrink[name] for name in w}
