"""The report of an experiment: from its runs to tables, statements, pictures and a page."""
