"""`bsgrow compare`: the arms of a recipe or of an experiment, made and compared."""
