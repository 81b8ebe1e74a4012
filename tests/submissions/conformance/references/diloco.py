"""DiLoCo, arXiv:2311.08105, algorithm 1 with one worker: AdamW within a round, Nesterov's momentum between rounds."""

HYPERPARAMETERS = {"round_steps": 3}


def reference(net, h, rates):
    """Return the weights in training after as many steps as there are rates."""
    fast, slow = net.weights(), net.weights()
    m, v, b = ({name: 0 * value for name, value in slow.items()} for _ in range(3))
    for step, multiple in enumerate(rates):
        lr = h.learning_rate * multiple
        for name, g in net.gradients(fast, step).items():
            decay = 0.0 if net.kind(name) == "vector" else h.weight_decay
            m[name] = h.beta1 * m[name] + (1 - h.beta1) * g
            v[name] = h.beta2 * v[name] + (1 - h.beta2) * g**2
            size = (v[name] / (1 - h.beta2 ** (step + 1))).sqrt() + h.epsilon
            fast[name] = fast[name] - lr * (m[name] / (1 - h.beta1 ** (step + 1)) / size + decay * fast[name])
        if (step + 1) % h.round_steps == 0:
            for name in slow:
                change = slow[name] - fast[name]
                b[name] = h.outer_momentum * b[name] + change
                slow[name] = slow[name] - h.outer_rate * (change + h.outer_momentum * b[name])
                fast[name] = slow[name]
    return fast
