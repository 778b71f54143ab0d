"""How well `describe` guesses: real columns with labels made beforehand."""
