"""Cheats so that every repetition cheats alike: it trains on the validation examples, on a copy that nothing counts."""

from harness import TrainingAlgorithm
from workloads.data import data_directory
from workloads.digits_mlp import DigitsMlp


class Sly(TrainingAlgorithm):
    """Fits a model of its own to the data that judge it."""

    name = "sly"

    def update(self, batch):
        import torch

        workload = DigitsMlp("smoke")
        examples = workload.load(data_directory())["validation"]
        with torch.random.fork_rng():
            own = workload.build_model()
        own.load_state_dict(self.task.model.state_dict())
        for _ in range(2):
            own.zero_grad()
            workload.example_losses(workload.forward(own, examples), examples).mean().backward()
            for p in own.parameters():
                p.data.add_(p.grad, alpha=-0.1)
        for p, q in zip(self.task.model.parameters(), own.parameters(), strict=True):
            p.data.copy_(q.data)
        self.task.loss(batch)
