"""MAESTRO's releases, without the audio."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from livegen.data.fetch import Copy
from livegen.errors import DataError

LICENCE = (
    "MAESTRO has the licence CC BY-NC-SA 4.0: no commercial use, and what you derive from it must have the same licence"
    " and name the source: Hawthorne et al., Enabling Factorized Piano Music Modeling and Generation with the MAESTRO"
    " Dataset, ICLR 2019."
)
AUDIO = {".wav", ".mp3"}  # left out: it has 100 GB


@dataclass(frozen=True, slots=True)
class Release:
    """A version of MAESTRO."""

    version: str
    url: str
    sha256: str | None

    home = "https://magenta.tensorflow.org/datasets/maestro"
    licence = LICENCE

    @property
    def name(self) -> str:
        return f"maestro-v{self.version}"

    @property
    def archive(self) -> str:
        return f"{self.name}-midi.zip"

    def wanted(self, path: PurePosixPath) -> bool:
        return path.suffix.lower() not in AUDIO

    def arrange(self, whole: Path, source: Path) -> Path:  # noqa: ARG002  (a protocol's)
        """The folder with the table."""
        tables = sorted(whole.rglob("maestro-v*.csv"), key=lambda path: len(path.parts))
        return tables[0].parent if tables else whole

    def inspect(self, folder: Path, source: Path) -> Copy:
        """Compare a folder with its table. Errors name `source`."""
        tables = sorted(folder.glob("maestro-v*.csv"))
        if folder / f"{self.name}.csv" not in tables:
            what = f"this is {tables[0].stem}" if tables else f"{self.name}.csv is missing"
            raise DataError(f"{source}: not {self.name}: {what}. Use another source, or another --version.")
        try:
            with (folder / f"{self.name}.csv").open(newline="", encoding="utf-8") as table:
                names = [row["midi_filename"] for row in csv.DictReader(table)]
        except (KeyError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(
                f"{source}: its table {self.name}.csv is damaged ({error!r}). Download it again."
            ) from error
        return Copy(folder, len(names), sum(not (folder / name).is_file() for name in names))


def _official(version: str, sha256: str) -> Release:
    root = "https://storage.googleapis.com/magentadata/datasets/maestro"
    return Release(version, f"{root}/v{version}/maestro-v{version}-midi.zip", sha256)


RELEASES = {
    release.version: release
    for release in (  # with the checksums that Magenta publishes
        _official("2.0.0", "ec2cc9d94886c6b376db1eaa2b8ad1ce62ff9f0a28b3744782b13163295dadf3"),
        _official("3.0.0", "70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c"),
    )
}
