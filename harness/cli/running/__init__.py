"""What `timetrial run` needs beside its options: the session, checks, the cost estimate, races of a pair."""
