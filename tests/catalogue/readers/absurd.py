"""Reads files with absurd headers under a memory limit; run as a module by `test_absurd`.

Prints, for each file, its name, the rows read or the error's code, and the seconds of a processor it took.
"""

from __future__ import annotations

import gzip
import resource
import sys
import time
from pathlib import Path

from tianku.catalogue.readers import TableSource, open_table
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError

CARD = "{:<8}= {:>20}"
TABLE = {
    **{"XTENSION": "'BINTABLE'", "BITPIX": 8, "NAXIS": 2, "NAXIS1": 8, "NAXIS2": 3, "PCOUNT": 0},
    **{"GCOUNT": 1, "TFIELDS": 1, "TTYPE1": "'a'", "TFORM1": "'1K'"},
}
PRIMARY = {"SIMPLE": "T", "BITPIX": 8, "NAXIS": 0}
ECSV = "# %ECSV 1.0\n# ---\n# {}\na\n1\n"
CDS = "Byte-by-byte Description of file: t\n{0}\n Bytes Format Units Label Explanations\n{0}\n{1}\n{0}\n1\n2\n"


def header(**keys: object) -> bytes:
    cards = "".join(CARD.format(k, str(v)).ljust(80) for k, v in keys.items()) + "END".ljust(80)
    return cards.ljust(-(-len(cards) // 2880) * 2880).encode()


def fits(primary: dict[str, object] | None = None, **keys: object) -> bytes:
    return header(**(PRIMARY | (primary or {}))) + header(**(TABLE | keys)) + bytes(2880)


FILES: dict[str, bytes] = {
    "rows.fits": fits(NAXIS2=10**12),
    "more_rows.fits": fits(NAXIS2=10**18),
    "width.fits": fits(NAXIS1=10**12),
    "negative.fits": fits(NAXIS2=-5),
    "words.fits": fits(NAXIS1="'wide'"),
    "columns.fits": fits(TFIELDS=10**9),
    "repeat.fits": fits(TFORM1="'999999999K'"),
    "axes.fits": fits({"NAXIS": 10**12}),
    "bits.fits": fits(BITPIX=10**15),
    "image.fits": fits({"NAXIS": 2, "NAXIS1": 10**9, "NAXIS2": 10**9}),
    "heap.fits": fits(PCOUNT=10**15, TFORM1="'1PD(9)'"),
    "far_heap.fits": fits(THEAP=10**17, TFORM1="'1QD(9)'", NAXIS1=16),
    "no_end.fits": header(**PRIMARY)[:-80] + b" " * (20 << 20),
    "bomb.ecsv": ECSV.format("a: &a [x,x,x]\n# b: &b [*a,*a,*a]\n# datatype: [*b,*b]").encode(),
    "deep.ecsv": ECSV.format("datatype: " + "[" * 100_000).encode(),
    "number.ecsv": ECSV.format("datatype: [{name: a, datatype: int64}]\n# x: " + "9" * 100_000).encode(),
    "tag.ecsv": ECSV.format("datatype: !!python/object/apply:os.system [exit]").encode(),
    "array.ecsv": ECSV.format("datatype: [{name: a, datatype: string, subtype: 'int64[999999999]'}]").encode(),
    "bytes.mrt": CDS.format("-" * 80, "   1-999999999 I9 --- a b").encode(),
    "backwards.mrt": CDS.format("-" * 80, "   9-  1 I9 --- a b").encode(),
    "start.mrt": CDS.format("-" * 80, " 999999999 F9.9 --- a b").encode(),
    "columns.tbl": ("|" + "a|" * 200_000 + "\n 1\n").encode(),
    "columns.csv": ("," * 900_000 + "\n1\n").encode(),
    "line.csv": b"a,b\n1," + b"x" * (40 << 20),
    "quote.csv": b'a,b\n1,"' + b"x\n" * (10 << 20),
    "bomb.csv.gz": gzip.compress(b"a,b\n" + b"1" * (300 << 20), 1),
    "tabs.tsv": b"#Table\tx\n" + b"\t" * 500_000 + b"\n\n---\t---\n1\t2\n",
}


def main(folder: Path) -> None:
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))
    for name in FILES:
        began, rejects = time.process_time(), []
        try:
            reader = open_table(TableSource(folder / name, config=SourceConfig()))
            rows = sum(len(p.batch) for p in reader.batches(lambda *said: rejects.append(said)))  # noqa: B023
            found = f"{rows} rows, {len(rejects)} rejects"
        except UsageError as error:
            found = error.code
        print(f"{name}\t{found}\t{time.process_time() - began:.2f}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
