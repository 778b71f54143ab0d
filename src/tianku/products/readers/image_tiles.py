"""Tile-compressed pixels: only the tiles that hold what is wanted are unpacked."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from astropy.io import fits

from tianku.model.errors import UsageError
from tianku.products.readers.fits_cards import Buffer
from tianku.products.readers.image_hdus import ImageHdu

#: an index for each axis (numpy order) -> the pixels there
Section = Callable[[tuple[int | slice, ...]], npt.NDArray[Any]]


def tiles(path: Path, buffer: Buffer, hdu: ImageHdu, *, scaled: bool = True) -> Section:
    """Return what reads parts of a tile-compressed image; not `scaled`: without BSCALE and BZERO.

    Raises
    ------
    UsageError
        ``image.unreadable``, here and when reading.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # a mapped file is not packed: astropy maps it again, instead of a copy in memory
            source = io.BytesIO(buffer) if isinstance(buffer, bytes) else path
            opened = fits.open(source, lazy_load_hdus=True, do_not_scale_image_data=not scaled)
            section = opened[hdu.number].section
    # astropy raises many kinds for what hostile headers hold
    except Exception as error:
        raise _unreadable(error) from error

    def read(index: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return np.asarray(section[index])
        except Exception as error:
            raise _unreadable(error) from error

    return read


def _unreadable(error: Exception) -> UsageError:
    reason = f"{type(error).__name__}: {error}"[:200]
    return UsageError("image.unreadable", "the pixels cannot be read: {reason}", reason=reason)
