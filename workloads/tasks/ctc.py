"""Connectionist temporal classification (CTC): loss per label and word error rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Examples
from workloads.tasks.label_smoothing import refuse_label_smoothing

if TYPE_CHECKING:
    from torch import Tensor


class Ctc:
    """The hooks of a workload that transcribes frames; put it before `Workload` among the bases.

    Examples have "labels", integers [n, most] from 1 with 0 after the last, and "label_counts" [n]. Outputs are
    (logits [n, frames, classes], lengths [n]): class 0 is the blank; frames from an utterance's length on do not count. Lengths
    and counts may be on the host.
    """

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return CTC's negative log-likelihood (Graves et al. 2006), nats per label, [n]."""
        from torch.nn.functional import ctc_loss

        refuse_label_smoothing(label_smoothing, "CTC's loss")
        logits, lengths = outputs
        counts = examples["label_counts"].long()
        losses = ctc_loss(
            logits.log_softmax(-1).transpose(0, 1),
            examples["labels"].long(),
            lengths,
            counts,
            blank=0,
            reduction="none",
            zero_infinity=True,
        )
        return losses / counts.to(losses.device, non_blocking=True)

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return the loss and the word error rate of each utterance; boards print means over utterances."""
        logits, lengths = outputs
        words, counts = greedy(logits, lengths.to(logits.device))
        spoken = examples["label_counts"].to(logits.device)
        wrong = edit_distance(words, counts, examples["labels"].long(), spoken.long())
        return {"ctc_loss": Ctc.example_losses(self, outputs, examples), "word_error_rate": wrong / spoken}


def greedy(logits: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return the best path's labels [n, frames], 0 after the last, and their counts [n]: repeats merged, blanks dropped."""
    import torch

    best = logits.argmax(-1)
    inside = torch.arange(best.shape[1], device=best.device) < lengths[:, None]
    is_label = (best != 0) & inside
    is_label[:, 1:] &= best[:, 1:] != best[:, :-1]
    # Label k of a row goes to column k; all other frames go to one extra column, which is cut off.
    places = torch.where(is_label, is_label.cumsum(1) - 1, best.shape[1])
    labels = best.new_zeros(len(best), best.shape[1] + 1).scatter_(1, places, best)
    return labels[:, :-1], is_label.sum(1)


def edit_distance(one: Tensor, one_counts: Tensor, other: Tensor, other_counts: Tensor) -> Tensor:
    """Return Levenshtein distances, float [n]: of the first `one_counts` of `one` to the first `other_counts` of `other`.

    The table of Wagner & Fischer 1974 with a row per label of `other`; insertions along a row are a running minimum.
    """
    import torch

    steps = torch.arange(one.shape[1] + 1, device=one.device).expand(len(one), -1)
    rows = [steps]
    for column in other.unbind(1):
        above = rows[-1]
        replaced = above[:, :-1] + (one != column[:, None])
        entered = torch.cat([above[:, :1] + 1, torch.minimum(above[:, 1:] + 1, replaced)], 1)
        rows.append((entered - steps).cummin(1).values + steps)
    table = torch.stack(rows, 1)
    return table[torch.arange(len(one), device=one.device), other_counts, one_counts].float()
