"""Where trials run: in this process, or over Ray Tune; and the race that drives either."""
