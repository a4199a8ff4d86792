"""From the events of runs to summaries, comparisons and pictures."""
