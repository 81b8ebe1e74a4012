"""One module per optimizer: `reference(net, h, rates)`, which imports torch and nothing of ours."""
