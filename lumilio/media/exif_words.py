"""The words in which ExifTool prints coded EXIF values, by ExifTool's name of the tag."""

_UNITS = {1: "None", 2: "inches", 3: "cm"}
_DIRECTIONS = {"M": "Magnetic North", "T": "True North"}

_WORDS: dict[str, dict[int, str]] = {
    "CompositeImage": {
        0: "Unknown",
        1: "Not a Composite Image",
        2: "General Composite Image",
        3: "Composite Image Captured While Shooting",
    },
    "CustomRendered": {
        0: "Normal",
        1: "Custom",
        2: "HDR (no original saved)",
        3: "HDR (original saved)",
        4: "Original (for HDR)",
        6: "Panorama",
        7: "Portrait HDR",
        8: "Portrait",
    },
    "ExposureProgram": {
        0: "Not Defined",
        1: "Manual",
        2: "Program AE",
        3: "Aperture-priority AE",
        4: "Shutter speed priority AE",
        5: "Creative (Slow speed)",
        6: "Action (High speed)",
        7: "Portrait",
        8: "Landscape",
        9: "Bulb",
    },
    "FileSource": {1: "Film Scanner", 2: "Reflection Print Scanner", 3: "Digital Camera"},
    "Flash": {
        0x00: "No Flash",
        0x01: "Fired",
        0x05: "Fired, Return not detected",
        0x07: "Fired, Return detected",
        0x08: "On, Did not fire",
        0x09: "On, Fired",
        0x0D: "On, Return not detected",
        0x0F: "On, Return detected",
        0x10: "Off, Did not fire",
        0x14: "Off, Did not fire, Return not detected",
        0x18: "Auto, Did not fire",
        0x19: "Auto, Fired",
        0x1D: "Auto, Fired, Return not detected",
        0x1F: "Auto, Fired, Return detected",
        0x20: "No flash function",
        0x30: "Off, No flash function",
        0x41: "Fired, Red-eye reduction",
        0x45: "Fired, Red-eye reduction, Return not detected",
        0x47: "Fired, Red-eye reduction, Return detected",
        0x49: "On, Red-eye reduction",
        0x4D: "On, Red-eye reduction, Return not detected",
        0x4F: "On, Red-eye reduction, Return detected",
        0x50: "Off, Red-eye reduction",
        0x58: "Auto, Did not fire, Red-eye reduction",
        0x59: "Auto, Fired, Red-eye reduction",
        0x5D: "Auto, Fired, Red-eye reduction, Return not detected",
        0x5F: "Auto, Fired, Red-eye reduction, Return detected",
    },
    "FocalPlaneResolutionUnit": _UNITS | {4: "mm", 5: "um"},
    "GPSAltitudeRef": {0: "Above Sea Level", 1: "Below Sea Level"},
    "MeteringMode": {
        0: "Unknown",
        1: "Average",
        2: "Center-weighted average",
        3: "Spot",
        4: "Multi-spot",
        5: "Multi-segment",
        6: "Partial",
        255: "Other",
    },
    "ResolutionUnit": _UNITS,
    "SensitivityType": {
        0: "Unknown",
        1: "Standard Output Sensitivity",
        2: "Recommended Exposure Index",
        3: "ISO Speed",
        4: "Standard Output Sensitivity and Recommended Exposure Index",
        5: "Standard Output Sensitivity and ISO Speed",
        6: "Recommended Exposure Index and ISO Speed",
        7: "Standard Output Sensitivity, Recommended Exposure Index and ISO Speed",
    },
}
_LETTERS = {
    "GPSDestBearingRef": _DIRECTIONS,
    "GPSImgDirectionRef": _DIRECTIONS,
    "GPSTrackRef": _DIRECTIONS,
    "GPSLatitudeRef": {"N": "North", "S": "South"},
    "GPSLongitudeRef": {"E": "East", "W": "West"},
    "GPSSpeedRef": {"K": "km/h", "M": "mph", "N": "knots"},
    "GPSStatus": {"A": "Measurement Active", "V": "Measurement Void"},
}
_COMPONENTS = ("-", "Y", "Cb", "Cr", "R", "G", "B")


def words(name: str, text: str) -> str | None:
    """Return ExifTool's words for the exact value of a tag, None where it has no such table."""
    if name in _LETTERS:
        return _LETTERS[name].get(text.strip()[:1])
    if name == "ComponentsConfiguration":
        return _components(text)
    if name in _WORDS and text.isascii() and text.isdecimal():
        return _WORDS[name].get(int(text[:6]))
    return None


def _components(text: str) -> str | None:
    codes = [int(code) for code in text.split() if code.isascii() and code.isdecimal()]
    if len(codes) != 4 or max(codes) >= len(_COMPONENTS):
        return None
    return ", ".join(_COMPONENTS[code] for code in codes)
