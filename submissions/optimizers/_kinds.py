"""The kinds of parameters of a model, for optimizers that treat them differently."""


def split_parameters(model):
    """Return (hidden matrices, embeddings and output layer, biases and norm parameters) that are trained, lists.

    Hidden matrices are all parameters of two or more dimensions except embeddings and the last one that is none, which is
    taken as the output layer.
    """
    from torch import nn

    trained = [p for p in model.parameters() if p.requires_grad]
    outer = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding | nn.EmbeddingBag)}
    inner = [p for p in trained if p.ndim >= 2 and id(p) not in outer]
    outer |= {id(p) for p in inner[-1:]}
    hidden = [p for p in inner if id(p) not in outer]
    matrices = [p for p in trained if p.ndim >= 2 and id(p) in outer]
    return hidden, matrices, [p for p in trained if p.ndim < 2]
