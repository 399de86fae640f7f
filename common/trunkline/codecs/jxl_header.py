"""What a JPEG XL codestream will ask of its decoder: every frame's header, read before libjxl does.

libjxl has no limit of its own, and a frame may be larger than the picture that it belongs to: a
hundred bytes can ask for gigabytes. Field names and their order are those of ISO/IEC 18181-1,
annexes D to F; only what our encoder can write is known here.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.codecs import isobmff

SIGNATURE = b"\xff\x0a"
CONTAINER = (b"JXL ", b"ftyp", b"jxll", b"jxlc")
"""The boxes that libjxl writes around samples of 16 bits; it reads others, and unpacks some."""
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
GREY, RGB = 1, 0
REGULAR, REFERENCE_ONLY = 0, 2
PATCHES, SKIP_SMOOTHING = 0x02, 0x80
SMALL = 1 << 16
"""Samples that patches may be cut from however small the picture: libjxl pads and packs them."""
MOST_FRAMES = 4
"""The picture, and what patches are cut from; libjxl writes two at most."""
_SIZE = ((9, 1), (13, 1), (18, 1), (30, 1))
_ENUM = ((0, 0), (0, 1), (4, 2), (6, 18))
_CROP = ((8, 0), (11, 256), (14, 2304), (30, 18688))
_SECTION = ((10, 0), (14, 1024), (22, 17408), (30, 4211712))
_POWERS = ((0, 1), (0, 2), (0, 4), (0, 8))
_PASSES = ((0, 1), (0, 2), (0, 3), (3, 4))
_BLENDING = ((0, 0), (0, 1), (0, 2), (2, 3))
_NAME = ((0, 0), (4, 0), (5, 16), (10, 48))
_DEPTH = ((0, 8), (0, 10), (0, 12), (6, 1))
_CHANNELS = ((0, 0), (0, 1), (4, 2), (12, 1))
_CUSTOM = 2


class HeaderError(ValueError):
    """The codestream is damaged, or asks for what no codestream of ours does."""


@dataclass(frozen=True)
class Picture:
    """What the codestream says of its picture. Sizes and depth in samples and bits."""

    height: int
    width: int
    bits: int
    colours: int


class _Bits:
    """Reads fields, least significant bit first (18181-1, B.1)."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at * 8

    def u(self, width: int) -> int:
        """An unsigned number of `width` bits."""
        first, last = self._at // 8, (self._at + width + 7) // 8
        if last > len(self._data):
            raise HeaderError("it ends in a header")
        value = int.from_bytes(self._data[first:last], "little") >> self._at % 8
        self._at += width
        return value & ((1 << width) - 1)

    def u32(self, choices: tuple[tuple[int, int], ...]) -> int:
        """One of four ranges, each of so many bits from its own beginning."""
        width, first = choices[self.u(2)]
        return first + self.u(width)

    def none(self, width: int, what: str) -> None:
        """A field that has to be zero."""
        if self.u(width):
            raise HeaderError(what)

    def to_byte(self) -> int:
        """The next whole byte's place."""
        self._at = -(-self._at // 8) * 8
        return self._at // 8


def codestream(file: bytes) -> bytes:
    """The codestream of a file with or without a container. Raises HeaderError."""
    if file.startswith(SIGNATURE):
        return file
    try:
        return isobmff.one(isobmff.boxes(file, CONTAINER), b"jxlc")
    except ValueError as error:
        raise HeaderError(f"it is no codestream and no container of one ({error})") from error


def check(data: bytes) -> Picture:
    """Read the picture's size and every frame's header. Raises HeaderError.

    All frames are of one pass, regular or cut patches from, and no larger than the picture.
    """
    if not data.startswith(SIGNATURE):
        raise HeaderError("it is no codestream")
    bits = _Bits(data, len(SIGNATURE))
    height, width = _size(bits)
    picture, is_xyb = _metadata(bits, height, width)
    at = bits.to_byte()
    for _ in range(MOST_FRAMES):
        behind = _frame(data, at, picture, is_xyb)
        if behind is None:
            return picture
        at = behind
    raise HeaderError(f"more than {MOST_FRAMES} frames")


def _size(bits: _Bits) -> tuple[int, int]:
    """SizeHeader: (height, width)."""
    is_small = bits.u(1)
    height = 8 * (bits.u(5) + 1) if is_small else bits.u32(_SIZE)
    ratio = bits.u(3)
    if ratio:
        numerator, denominator = RATIOS[ratio - 1]
        return height, height * numerator // denominator
    return height, 8 * (bits.u(5) + 1) if is_small else bits.u32(_SIZE)


def _metadata(bits: _Bits, height: int, width: int) -> tuple[Picture, bool]:
    """ImageMetadata and the transforms behind it; whether the colours are XYB's."""
    if bits.u(1):
        picture, is_xyb = Picture(height, width, 8, 3), True
    else:
        bits.none(1, "previews, animations and rotations are not supported")
        bits.none(1, "floating-point samples are not supported")
        depth = bits.u32(_DEPTH)
        bits.u(1)  # modular_16bit_buffers
        if bits.u32(_CHANNELS):
            raise HeaderError("extra channels are not supported")
        is_xyb = bool(bits.u(1))
        picture = Picture(height, width, depth, _colours(bits))
        bits.none(2, "extensions are not supported")
    if not bits.u(1):
        raise HeaderError("transforms of its own are not supported")
    return picture, is_xyb


def _colours(bits: _Bits) -> int:
    """ColourEncoding: how many colours there are, their names passed over."""
    if bits.u(1):
        return 3
    bits.none(1, "colour profiles are not supported")
    space = bits.u32(_ENUM)
    if space not in (GREY, RGB) or bits.u32(_ENUM) == _CUSTOM:
        raise HeaderError("colour spaces other than grey and RGB are not supported")
    if space == RGB and bits.u32(_ENUM) == _CUSTOM:
        raise HeaderError("primaries of its own are not supported")
    if bits.u(1):
        bits.u(24)  # gamma
    else:
        bits.u32(_ENUM)
    bits.u32(_ENUM)
    return 1 if space == GREY else 3


def _frame(data: bytes, at: int, picture: Picture, is_xyb: bool) -> int | None:
    """One frame's header: the place of the next frame, None if it is the last."""
    bits = _Bits(data, at)
    kind, is_modular, upsampling, shift, crop, is_last = REGULAR, 0, 1, 1, None, True
    if not bits.u(1):
        kind = bits.u(2)
        if kind not in (REGULAR, REFERENCE_ONLY):
            raise HeaderError("progressive frames are not supported")
        is_modular = bits.u(1)
        if _u64(bits) & ~(PATCHES | SKIP_SMOOTHING):
            raise HeaderError("noise, splines and DC frames are not supported")
        if not is_xyb:
            bits.none(1, "YCbCr is not supported")
        upsampling = bits.u32(_POWERS)
        if is_modular:
            shift = bits.u(2)
        elif is_xyb:
            bits.u(6)
        if kind == REGULAR and bits.u32(_PASSES) != 1:
            raise HeaderError("progressive passes are not supported")
        crop = _crop(bits, kind, picture)
        is_last = _rest(bits, kind, bool(is_modular))
    if is_last:
        return None
    height, width = (-(-side // upsampling) for side in crop or (picture.height, picture.width))
    return _behind(data, bits, height, width, 128 << shift if is_modular else 256)


def _crop(bits: _Bits, kind: int, picture: Picture) -> tuple[int, int] | None:
    """The own (height, width) of a frame that patches are cut from; None where it has none."""
    if not bits.u(1):
        return None
    if kind == REGULAR:
        raise HeaderError("frames of another size than the picture are not supported")
    width, height = bits.u32(_CROP), bits.u32(_CROP)
    if not 1 <= height * width <= max(picture.height * picture.width, SMALL):
        raise HeaderError(f"patches out of {height} x {width} samples in a smaller picture")
    return height, width


def _rest(bits: _Bits, kind: int, is_modular: bool) -> bool:
    """From the blending to the end of a frame header; whether the frame is the last."""
    replaces, is_last = True, False
    if kind == REGULAR:
        replaces = bits.u32(_BLENDING) == 0
        if not replaces:
            bits.u(2)
        is_last = bool(bits.u(1))
    if not is_last:
        bits.u(2)  # save_as_reference
        if kind == REFERENCE_ONLY or replaces:
            bits.u(1)
    bits.u(8 * bits.u32(_NAME))
    if not bits.u(1):
        _filters(bits, is_modular)
    bits.none(2, "extensions are not supported")
    return is_last


def _filters(bits: _Bits, is_modular: bool) -> None:
    """RestorationFilter; numbers of its own, 16 bits each, are passed over."""
    if bits.u(1) and bits.u(1):
        bits.u(6 * 16)
    if bits.u(2):
        if not is_modular and bits.u(1):
            bits.u(8 * 16)
        if bits.u(1):
            bits.u(5 * 16)
        if bits.u(1):
            bits.u(3 * 16 if is_modular else 4 * 16)
        if is_modular:
            bits.u(16)
    bits.none(2, "extensions are not supported")


def _behind(data: bytes, bits: _Bits, height: int, width: int, group: int) -> int:
    """The table of contents (F.3) of a frame of one pass: the place behind the frame."""
    groups = -(-height // group) * -(-width // group)
    coarse = -(-height // (8 * group)) * -(-width // (8 * group))
    bits.none(1, "sections out of order are not supported")
    bits.to_byte()
    sections = 1 if groups == 1 else 2 + coarse + groups
    length = sum(bits.u32(_SECTION) for _ in range(sections))
    end = bits.to_byte() + length
    if end > len(data):
        raise HeaderError(f"{end - len(data)} bytes are missing")
    return end


def _u64(bits: _Bits) -> int:
    """A number of up to 64 bits, as far as flags need it."""
    kind = bits.u(2)
    if kind == 3:
        raise HeaderError("flags that do not exist")
    return (0, 1, 17)[kind] + bits.u((0, 4, 8)[kind])
