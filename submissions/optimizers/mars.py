"""MARS-AdamW."""

from harness import LogUniform, Uniform, optimizer


@optimizer(
    paper="arXiv:2411.10438",
    defaults={
        "learning_rate": 3e-3,
        "weight_decay": 0.01,
        "beta1": 0.95,
        "beta2": 0.99,
        "gamma": 0.025,
        "vector_beta1": 0.9,
        "vector_beta2": 0.95,
        "epsilon": 1e-8,
    },
    space={
        "learning_rate": LogUniform(3e-4, 1e-1),
        "weight_decay": LogUniform(1e-3, 0.5),
        "beta1": Uniform(0.85, 0.98),
        "beta2": Uniform(0.95, 0.999),
        "gamma": LogUniform(1e-3, 0.1),
    },
    cost="one norm per matrix and step; state of three times the parameters",
    deviation="the approximate form (both gradients are of their own batches); biases and norm parameters are not decayed",
)
def mars(model, hyperparameters):
    """AdamW of c = g + gamma beta1 / (1 - beta1) (g - last g), scaled down to norm 1 per tensor; own code.

    As in the official code this holds for tensors of two dimensions, the last g is 0 at first, and the rest is AdamW with
    vector_beta1 and vector_beta2. `pytorch_optimizer.MARS` treats convolutions like matrices and keeps the rate of vectors.
    """
    from submissions.optimizers._mars import Mars

    h = hyperparameters
    trained = [p for p in model.parameters() if p.requires_grad]
    rest = {"matrices": False, "betas": (h.vector_beta1, h.vector_beta2)}
    groups = [
        {"params": [p for p in trained if p.ndim == 2], "matrices": True, "betas": (h.beta1, h.beta2)},
        {"params": [p for p in trained if p.ndim > 2], **rest},
        {"params": [p for p in trained if p.ndim < 2], **rest, "weight_decay": 0.0},
    ]
    options = {"lr": h.learning_rate, "eps": h.epsilon, "gamma": h.gamma}
    return Mars([{"weight_decay": h.weight_decay, **group} for group in groups if group["params"]], **options)
