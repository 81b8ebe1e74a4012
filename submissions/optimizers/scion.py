"""Scion."""

from harness import LogUniform, Uniform, optimizer, split_parameters


@optimizer(
    paper="arXiv:2502.07529",
    defaults={
        "learning_rate": 2.44140625e-4,
        "weight_decay": 1.0,
        "momentum": 0.9,
        "radius": 50.0,
        "output_radius": 3000.0,
    },
    space={
        "learning_rate": LogUniform(3e-5, 3e-3),
        "weight_decay": LogUniform(1e-2, 1.0),
        "momentum": Uniform(0.8, 0.97),
        "radius": LogUniform(5.0, 200.0),
        "output_radius": LogUniform(30.0, 5000.0),
    },
    cost="five Newton-Schulz iterations per hidden matrix and step; state once the parameters",
    deviation="weights start where the workload puts them, not at the radius; `weight_decay` 1 is the constrained form, without"
    " biases and norm parameters; the radius of embeddings is the hidden one (ours); the iterations are in the precision of"
    " the weights",
)
def scion(model, hyperparameters):
    """Momentum replaced by the point of a norm ball that it is most aligned with; own code.

    w <- w (1 - lr wd) - lr radius lmo(m), where m averages g, with weight `momentum` for the past. lmo is sqrt(out / in)
    times orthogonal for hidden matrices (of a convolution over the size of its kernel), sign(m) / in with output_radius for
    the output layer, and of root mean square 1 for every row of an embedding and for vectors.
    `pytorch_optimizer.SCIONLight` loses its momentum with the gradients.
    """
    from submissions.optimizers._scion import Scion

    h = hyperparameters
    hidden, outer, vectors = split_parameters(model)
    output = [p for p in model.parameters() if p.requires_grad and p.ndim >= 2][-1:]
    last = [p for p in outer if p is output[0]]
    groups = [
        {"params": hidden, "norm": "spectral", "radius": h.radius, "weight_decay": h.weight_decay},
        {"params": [p for p in outer if p is not output[0]], "norm": "rms", "radius": h.radius, "weight_decay": h.weight_decay},
        {"params": last, "norm": "sign", "radius": h.output_radius, "weight_decay": h.weight_decay},
        {"params": vectors, "norm": "rms", "radius": h.radius, "weight_decay": 0.0},
    ]
    return Scion([group for group in groups if group["params"]], lr=h.learning_rate, momentum=h.momentum)
