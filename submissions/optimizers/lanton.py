"""LANTON."""

from harness import LogUniform, Uniform, optimizer, split_parameters


@optimizer(
    paper="arXiv:2510.14009",
    defaults={
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
        "momentum": 0.95,
        "noise_beta": 0.9,
        "noise_floor": 1.0,
    },
    space={
        "learning_rate": LogUniform(3e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "momentum": Uniform(0.85, 0.98),
        "noise_beta": Uniform(0.8, 0.99),
        "noise_floor": LogUniform(1e-3, 10.0),
    },
    cost="ten Newton-Schulz iterations per hidden matrix and step; state twice the parameters",
    deviation="formula from a secondary source: neither the paper's text nor official code was at hand; the lengths of the"
    " directions, the rate, weight decay and noise_floor are ours (the first three as in `d_muon`); the noise is the change"
    " since the last step (the paper's practical option), its nuclear norm from five Newton-Schulz iterations",
)
def lanton(model, hyperparameters):
    """Momentum in the geometry of each layer, with a learning rate that falls with the noise of the layer's gradient; own code.

    Per layer H <- noise_beta H + (1 - noise_beta) |g - last g|^2 and a = noise_floor / sqrt(noise_floor^2 + H); the layer's
    rate is lr sqrt(a / largest a of its group). m averages g with `momentum` for the past; the direction is orthogonal with
    |.| the nuclear norm for hidden matrices, sign(m) with the sum of absolute values for embeddings and the output layer,
    m / rms(m) with sqrt(n) times the length for vectors; each is scaled to entries of root mean square .2.
    """
    from submissions.optimizers._lanton import Lanton

    h = hyperparameters
    kinds = zip(("spectral", "largest", "rms"), split_parameters(model), (h.weight_decay, h.weight_decay, 0.0), strict=True)
    groups = [{"norm": norm, "params": params, "weight_decay": decay} for norm, params, decay in kinds if params]
    options = {"momentum": h.momentum, "noise_beta": h.noise_beta, "noise_floor": h.noise_floor}
    return Lanton(groups, lr=h.learning_rate, **options)
