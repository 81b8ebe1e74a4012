"""SGDP, arXiv:2006.08217, algorithm 1, with Nesterov's momentum and the test for scale-free weights of its section 3."""

from tests.submissions.conformance.references._projection import project

HYPERPARAMETERS = {"delta": 1.0, "weight_decay": 0.01}
REASON = "at the default few tensors of the net are taken as scale-free"


def reference(net, h, rates):
    """Return the weights after as many steps as there are rates."""
    w = net.weights()
    b = {name: 0 * value for name, value in w.items()}
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(w, step).items():
            b[name] = h.momentum * b[name] + g
            u, ratio = project(w[name], g, g + h.momentum * b[name], h)
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay * ratio / (1 - h.momentum)
            w[name] = w[name] * (1 - lr * decay) - lr * u
    return w
