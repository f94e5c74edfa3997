"""The exception of the package."""


class Error(Exception):
    """Bad input: what is wrong, where, and what to do.

    what    what is wrong
    file    where: a file, or what stands for one ("config", "policies[0].eevdf"); may be empty
    line    of that file, counted from 1; None where there is none
    advice  what to do; may be empty
    """

    def __init__(self, what, file="", line=None, advice=""):
        super().__init__(what, file, line, advice)
        self.what, self.file, self.line, self.advice = what, file, line, advice

    def __str__(self):
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return (f"{where}: " if where else "") + self.what + (f"; {self.advice}" if self.advice else "")
