"""The projection of AdamP and SGDP, arXiv:2006.08217, section 3."""


def project(w, g, u, h):
    """Return the direction and the factor of weight decay."""
    if w.ndim < 2:
        return u, 1.0
    for rows in (len(w), 1):
        a, b, c = (x.reshape(rows, -1) for x in (w, g, u))
        cosine = (a * b).sum(1).abs() / (a.norm(dim=1) + h.epsilon) / (b.norm(dim=1) + h.epsilon)
        if cosine.max() < h.delta / a.shape[1] ** 0.5:
            unit = a / (a.norm(dim=1, keepdim=True) + h.epsilon)
            return (c - unit * (unit * c).sum(1, keepdim=True)).reshape(u.shape), h.decay_ratio
    return u, 1.0
