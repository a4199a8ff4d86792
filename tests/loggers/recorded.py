"""Loggers that keep what they are given, or fail; a run's recipe names them as a user's own."""

MADE = []


class Recorded:
    """Keeps all that it is given."""

    def __init__(self, run):
        self.run, self.rows, self.ended = run, [], None
        run.kept["where"] = "nowhere"
        MADE.append(self)

    def log(self, metrics, consumed_samples):
        self.rows.append((consumed_samples, metrics))

    def close(self, ended):
        self.ended = ended


class TakesBack(Recorded):
    takes_back = True


class FailsToBegin:
    def __init__(self, run):
        raise OSError("no route to host\nand more")


class FailsToLog(Recorded):
    def log(self, metrics, consumed_samples):
        raise SystemExit


class FailsToEnd(Recorded):
    def close(self, ended):
        raise OSError(28, "No space left on device")


class NeverEnds(Recorded):
    def close(self, ended):
        import threading

        threading.Event().wait()
