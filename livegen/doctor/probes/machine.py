"""Looks at priority, power saving and load, in /proc and /sys."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread

from livegen.doctor.facts import Machine, UsbDevice
from livegen.io import realtime

AUDIO, MIDI_STREAMING = "01", "03"  # bInterfaceClass and bInterfaceSubClass of the USB Audio specification


def look(sys_: Path = Path("/sys")) -> Machine:
    """What makes notes late. `sys_`: where the kernel shows its devices."""
    if sys.platform != "linux":
        return Machine(linux=False, realtime_refused="only on Linux")
    governors = {file: _text(file) for file in sorted(sys_.glob("devices/system/cpu/cpufreq/policy*/scaling_governor"))}
    drivers = [_text(file.with_name("scaling_driver")) for file in governors]
    codec = sys_ / "module/snd_hda_intel/parameters/power_save"
    return Machine(
        realtime_refused=_refused(),
        memory_locked=_may_lock(),
        governors=governors,
        scaling_driver=drivers[0] if drivers else "",
        profile=_text(sys_ / "firmware/acpi/platform_profile"),
        codec_sleeps=codec if _text(codec) not in ("", "0") else None,
        usb=tuple(_usb(sys_)),
        cores=len(os.sched_getaffinity(0)),
        load=os.getloadavg()[0],
    )


def _refused() -> str:
    """Why a thread gets no real-time priority, or an empty text. Tried in a thread that ends at once."""
    reasons: list[str] = []
    thread = Thread(target=lambda: reasons.append(realtime.raise_priority(realtime.MAIN) or ""))
    thread.start()
    thread.join()
    return reasons[0]


def _may_lock() -> bool:
    import resource

    return resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY


def _usb(sys_: Path) -> list[UsbDevice]:
    """The USB devices that have a MIDI port."""
    found: dict[Path, UsbDevice] = {}
    for file in sorted(sys_.glob("bus/usb/devices/*/bInterfaceSubClass")):
        interface = file.parent
        if _text(file) != MIDI_STREAMING or _text(interface / "bInterfaceClass") != AUDIO:
            continue
        device = interface.with_name(interface.name.partition(":")[0])  # 1-2:1.1 is an interface of 1-2
        control = device / "power/control"
        name = _text(device / "product") or device.name
        found[device] = UsbDevice(name, _text(control) == "auto", control)
    return list(found.values())


def realtime_threads(pid: int, proc: Path = Path("/proc")) -> int:
    """The number of threads of a process that have real-time priority."""
    number = 0
    for folder in (proc / str(pid) / "task").glob("*"):
        with suppress(OSError):  # it has ended
            policy = os.sched_getscheduler(int(folder.name)) & ~os.SCHED_RESET_ON_FORK
            number += policy in (os.SCHED_FIFO, os.SCHED_RR)
    return number


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
