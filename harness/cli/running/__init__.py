"""What the verbs that run trials need besides their options: checks, estimate, progress, board, races of a pair."""
