"""Record files as instruments write them, made bit by bit: nothing here is shared with the reader."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import yaml

SYNC = bytes.fromhex("5AA5F00F")
ZONE = timedelta(hours=8)

SBRS = yaml.safe_load("""
byte_order: little
file_header: {size: 512, text: {key_value: "=", encoding: gb18030}}
repeat:
  sync: {bytes: "5AA5F00F", resync: true, report_gaps: true}
  fields:
    - {name: t, type: bcd, bytes: 8, layout: YYMMDDhhmmssmmmm, zone: "+08:00"}
    - {name: nchan, type: u2}
    - {name: gain, type: f4}
    - {name: pol, type: u1, map: {0: LL, 1: RR}}
    - {name: data, type: u12-packed, shape: [nchan], scale: gain, offset: 0, unit: sfu}
  trailer: {skip: 4, checksum: crc16}
axes:
  time: {from: t}
  frequency: {table: freq_table.csv, unit: MHz, order: descending}
  polarisation: {from: pol}
join: {files: consecutive, max_gap: 2 s}
""")

#: big-endian frames of several sweeps and two polarisations, times in bit fields, axes from a binary header
MUSER = yaml.safe_load("""
byte_order: big
file_header:
  size: 64
  fields:
    - {name: station, type: s8}
    - {name: nchan, type: u2}
    - {name: first, type: f8, start: 17}
    - {name: spacing, type: f8}
repeat:
  sync: {bytes: "55AA55AA55AA55AA"}
  fields:
    - {name: frame, type: u4}
    - {name: t, type: bits, layout: YYYYYYYYYYYYMMMMDDDDDhhhhhmmmmmmssssssllllllllllluuuuuuuuuu-------------}
    - {name: power, type: i2, shape: [4, 2, nchan], scale: 0.5, offset: -10, "null": -32768, unit: K}
  size: 2000
axes:
  time: {from: t, step: 0.003125}
  frequency: {start: first, step: spacing, unit: GHz}
  polarisation: {states: [LL, RR]}
""")


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE by its definition, a bit at a time."""
    register = 0xFFFF
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return register


def pack_low_first(values: Iterable[int], bits: int) -> bytes:
    """Numbers one after the other from the lowest bit of the first byte on."""
    whole, place = 0, 0
    for value in values:
        whole |= value << place
        place += bits
    return whole.to_bytes(-(-place // 8), "little")


def bcd(moment: datetime) -> bytes:
    """YYMMDDhhmmssmmmm, a digit in four bits."""
    return bytes.fromhex(moment.strftime("%y%m%d%H%M%S") + f"{moment.microsecond // 100:04d}")


@dataclass
class SbrsFile:
    """An SBRS-like file; `places` are the offsets of its records."""

    start: datetime  # UTC
    step_ms: int = 8
    channels: int = 24
    station: str = "怀柔"
    content: bytearray = field(default_factory=bytearray)
    places: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        text = f"STATION={self.station}\r\nGAIN=1.0\r\nOBSERVER=张\r\n".encode("gb18030")
        self.content = bytearray(text.ljust(512, b"\0"))

    def add(self, number: int, pol: int, values: Sequence[int], gain: float = 0.25) -> None:
        """Append one record."""
        moment = self.start + timedelta(milliseconds=self.step_ms * number) + ZONE
        body = bcd(moment) + struct.pack("<HfB", len(values), gain, pol) + pack_low_first(values, 12)
        self.places.append(len(self.content))
        self.content += SYNC + body + struct.pack("<HH", crc16(body), 0)

    @staticmethod
    def value(number: int, pol: int, channel: int) -> int:
        """A number of 12 bits that tells record, state and channel."""
        return (number * 37 + channel * 101 + pol * 1999) % 4096

    def fill(self, records: int, first: int = 0) -> SbrsFile:
        """Append `records` records of states in turn."""
        for number in range(first, first + records):
            pol = number % 2
            self.add(number, pol, [self.value(number, pol, c) for c in range(self.channels)])
        return self


def sbrs_table(channels: int = 24) -> str:
    """Frequencies as a CSV file, ascending and uneven; records hold them descending."""
    return "channel,frequency\n" + "".join(f"{c},{1000 + 10 * c + c * c / 8}\n" for c in range(channels))


def muser_file(start: datetime, frames: int, channels: int = 16) -> bytes:
    """MUSER-like frames of four sweeps, 3.125 ms apart: (frame*64 + sweep*16 + state*8 + channel) % 3000."""
    out = bytearray(b"MUSER-I\0" + struct.pack(">H6xdd", channels, 0.4, 0.025)).ljust(64, b"\0")
    for frame in range(frames):
        moment = start + timedelta(microseconds=12500 * frame)
        bits = "".join(
            format(value, f"0{width}b")
            for value, width in (
                (moment.year, 12),
                (moment.month, 4),
                (moment.day, 5),
                (moment.hour, 5),
                (moment.minute, 6),
                (moment.second, 6),
                (moment.microsecond // 1000, 11),
                (moment.microsecond % 1000, 10),
            )
        ).ljust(72, "0")
        body = struct.pack(">I", frame) + int(bits, 2).to_bytes(9, "big")
        for sweep in range(4):
            for state in range(2):
                for channel in range(channels):
                    body += struct.pack(">h", (frame * 64 + sweep * 16 + state * 8 + channel) % 3000)
        out += bytes.fromhex("55AA55AA55AA55AA") + body.ljust(2000, b"\0")
    return bytes(out)
