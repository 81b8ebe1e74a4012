"""The leaderboard as text: terminal, JSON, CSV, Markdown, LaTeX."""
