"""What the sections of a page show, as frozen dataclasses of finished words, positions and figures; a module per section.

`ranking` (also read by the text tables), `forest` (the plot at the head), `since` (changes since an older board),
`pair_matrix`, `clock` (the board on one clock), `panels` (a workload) with `trials`, `budget`, `rates` (sensitivity to the peak
rate), `cards` (a submission), `integrity`.
"""
