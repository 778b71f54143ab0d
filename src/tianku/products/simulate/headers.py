"""FITS headers of the simulated files, keyword by keyword as DR10 writes them, and labelled as simulated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tianku.products.fits_write import Card
from tianku.products.simulate.observe import Observation

_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
LABEL = "SIMULATED DATA made for demonstrations; no observation of LAMOST"


def instant(mjd: float) -> str:
    """Return an MJD as ISO date and time to the second."""
    return (_EPOCH + timedelta(seconds=round(mjd * 86400))).strftime("%Y-%m-%dT%H:%M:%S")


def file_cards(observation: Observation, filename: str, extensions: int) -> list[Card]:
    """Return the cards of the file, telescope and observation blocks."""
    target, plate = observation.target, observation.plate
    middle = (plate.start + plate.end) / 2 - 8 / 24
    return [
        ("COMMENT", "--------FILE INFORMATION", ""),
        ("FILENAME", filename, ""),
        ("OBSID", observation.obsid, "Unique number ID of this spectrum"),
        ("AUTHOR", "Tianku simulator", "Who compiled the information"),
        ("DATA_V", "LAMOST DR10", "Data release version whose format is used"),
        ("SIMULATE", True, "This file is simulated"),
        ("COMMENT", LABEL, ""),
        ("N_EXTEN", extensions, "The amount of extension"),
        ("ORIGIN", "SIMULATED (Tianku)", "Organization responsible for creating this file"),
        ("COMMENT", "--------TELESCOPE PARAMETERS", ""),
        ("TELESCOP", "LAMOST", "GuoShouJing Telescope (simulated)"),
        ("LONGITUD", 117.58, "[deg] Longitude of site"),
        ("LATITUDE", 40.39, "[deg] Latitude of site"),
        ("COMMENT", "--------OBSERVATION PARAMETERS", ""),
        ("DATE-OBS", instant(middle), "The observation median UTC"),
        ("DATE-BEG", instant(plate.start) + ".0", "The observation start local time"),
        ("DATE-END", instant(plate.end) + ".0", "The observation end local time"),
        ("LMJD", plate.lmjd, "Local Modified Julian Day"),
        ("MJD", int(middle), "Modified Julian Day"),
        ("PLANID", plate.planid, "Plan ID in use"),
        ("RA", target.ra, "[deg] Right ascension of object"),
        ("DEC", target.dec, "[deg] Declination of object"),
        ("RA_OBS", target.ra, "[deg] Right ascension during observing"),
        ("DEC_OBS", target.dec, "[deg] Declination during observing"),
        ("OFFSET", False, "Whether there's a offset during observing"),
        ("OFFSET_V", 0.0, "Offset value in arcsecond"),
        ("DESIG", f"LAMOST {target.designation}", "Designation of LAMOST target"),
        ("FIBERID", observation.fiberid, "Fiber ID of Object"),
        ("OBJNAME", f"SIM-{target.uid}", "Name of object"),
        ("OBJTYPE", target.kind, "Object type from input catalog"),
        ("TSOURCE", "SIMULATED", "Name of input catalog"),
        ("FIB_TYPE", "Sky" if target.kind == "sky" else "Obj", "Fiber type of object"),
        ("FIB_MASK", 0, "Bitmask of warning values, 0 means good"),
        ("RADECSYS", "FK5", "Equatorial coordinate system"),
        ("EQUINOX", 2000.0, "Equinox in years"),
    ]


def reduction_cards(observation: Observation) -> list[Card]:
    """Return the cards of the spectrograph and of the reduction."""
    plate = observation.plate
    return [
        ("COMMENT", "--------SPECTROGRAPH PARAMETERS", ""),
        ("SPID", observation.spid, "Spectrograph ID"),
        ("SPRA", plate.ra, "[deg] Average RA of this spectrograph"),
        ("SPDEC", plate.dec, "[deg] Average DEC of this spectrograph"),
        ("SEEING", 3.1, "[arcsec] Seeing during exposure"),
        ("HELIO", True, "Heliocentric correction"),
        ("HELIO_RV", 0.0, "[km/s] Heliocentric correction"),
        ("VACUUM", True, "Wavelengths are in vacuum"),
    ]


def exposure_list(observation: Observation) -> str:
    """Return the Local Modified Julian Minutes of a plate's exposures."""
    return "-".join(str(minute) for minute in observation.plate.minutes)
