"""What `timetrial check` looks at: `table.CHECKS` lists the checks, each of which is a module here."""
