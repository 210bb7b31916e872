"""Makes the golden snapshots of the format, from docs/snapshot-format.md and nothing else.

    python3 make.py          writes published-v1.rgs and spatial-v1.rgs beside this file

The published places stand for a file in the order of its input. The other one is in curve order, has names of many
lengths and scripts, points that are equal, points off the globe, and enough of them for two levels of boxes.
"""

import json
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
VERSION = 1
LEAST, GREATEST, FREE = -(2**31), 2**31 - 1, 2**32 - 1


def key(lat, lon):
    x, y, result = lon + 2**31, lat + 2**31, 0
    for bit in range(31, -1, -1):
        right, upper = x >> bit & 1, y >> bit & 1
        result = 4 * result + ((3 * right) ^ upper)
        if upper == 0 and right == 1:
            x, y = ~x, ~y
        if upper == 0:
            x, y = y, x
    return result


def varint(value):
    value &= 2**64 - 1
    result = b""
    while value >= 128:
        result += bytes([value & 127 | 128])
        value >>= 7
    return result + bytes([value])


def record(lat, lon, name):
    name = name.encode()
    message = b""
    if name:
        message += b"\x0a" + varint(len(name)) + name
    location = b""
    if lat:
        location += b"\x08" + varint(lat)
    if lon:
        location += b"\x10" + varint(lon)
    message += b"\x12" + varint(len(location)) + location
    return b"\x00" + struct.pack(">I", len(message)) + message


def nodes(boxes):
    result = []
    for start in range(0, len(boxes), 16):
        sixteen = boxes[start : start + 16]
        empty = [(GREATEST, LEAST, GREATEST, LEAST)] * (16 - len(sixteen))
        result.append([edges for edges in zip(*(sixteen + empty))])
    return result


def bounding_boxes(points):
    blocks = [points[start : start + 32] for start in range(0, len(points), 32)]
    boxes = [
        (
            min(lat for lat, _ in block),
            max(lat for lat, _ in block),
            min(lon for _, lon in block),
            max(lon for _, lon in block),
        )
        for block in blocks
    ]
    result = []
    while boxes:
        level = nodes(boxes)
        result += level
        if len(level) == 1:
            break
        boxes = [(min(s), max(n), min(w), max(e)) for s, n, w, e in level]
    return b"".join(struct.pack("<16i", *edges) for node in result for edges in node)


def look_up_table(points):
    cells = [FREE] * (2 * len(points))
    seen = set()
    for slot, (lat, lon) in enumerate(points):
        if (lat, lon) in seen:
            continue
        seen.add((lat, lon))
        point = (lat % 2**32) * 2**32 + lon % 2**32
        product = (point ^ 0xD1B54A32D192ED03) * 0x9E3779B97F4A7C15
        h = (product >> 64) ^ (product & (2**64 - 1))
        cell = h * len(cells) >> 64
        while cells[cell] != FREE:
            cell = (cell + 1) % len(cells)
        tag = h % 2**32 >> len(points).bit_length() << len(points).bit_length()
        cells[cell] = slot + tag
    return struct.pack(f"<{len(cells)}I", *cells)


def fnv_1a(data):
    result = 0xCBF29CE484222325
    for byte in data:
        result = (result ^ byte) * 0x100000001B3 % 2**64
    return result


def snapshot(features, keep_order):
    order = sorted(range(len(features)), key=lambda position: key(*features[position][:2]))
    if not keep_order:
        features = [features[position] for position in order]
        order = list(range(len(features)))
    points = [features[position][:2] for position in order]
    records = [record(*feature) for feature in features]
    offsets = [sum(map(len, records[:start])) for start in range(0, len(records), 8)]
    offsets.append(sum(map(len, records)))
    records = b"".join(records)
    pages = [records[start : start + 4096] for start in range(0, len(records), 4096)]
    n = len(features)
    sections = [
        (b"LATS", struct.pack(f"<{n}i", *(lat for lat, _ in points))),
        (b"LONS", struct.pack(f"<{n}i", *(lon for _, lon in points))),
        (b"BOXS", bounding_boxes(points)),
        (b"FIND", look_up_table(points)),
        (b"ORDR", struct.pack(f"<{n}I", *order)),
        (b"PLAT", struct.pack(f"<{n}i", *(lat for lat, _, _ in features))),
        (b"PLON", struct.pack(f"<{n}i", *(lon for _, lon, _ in features))),
        (b"OFFS", struct.pack(f"<{len(offsets)}Q", *offsets)),
        (b"RECS", records),
        (b"SUMS", b"".join(struct.pack("<I", zlib.crc32(page)) for page in pages)),
    ]
    if order == list(range(n)):
        del sections[4:7]

    body, table = b"", b""
    start = 64 + 32 * len(sections)
    for tag, data in sections:
        body += bytes(-(start + len(body)) % 64)
        offset = start + len(body)
        table += tag + struct.pack("<IQQQ", zlib.crc32(data), offset, len(data), 0)
        body += data
    header = b"\x89RGS\r\n\x1a\n" + struct.pack(
        "<IIQQQ20x", VERSION, len(sections), start + len(body), n, fnv_1a(table)
    )
    return header + struct.pack("<I", zlib.crc32(header + table)) + table + body


def published():
    features = json.loads((HERE / "../../../../data/route_guide_db.json").read_text())
    if isinstance(features, dict):
        features = features["feature"]
    return [
        (f["location"]["latitude"], f["location"]["longitude"], f["name"]) for f in features
    ]


def made_up():
    features = [
        (0, 0, "the origin"),
        (0, 0, "the origin again"),
        (LEAST, GREATEST, "off the globe"),
        (GREATEST, LEAST, ""),
        (0, -1, "Ωμέγα 𝄞 " * 40),
        (127, 128, "n" * 127),
        (16_383, 16_384, "n" * 128),
    ]
    state = 1
    while len(features) < 600:
        # The generator of the C standard's example, for want of a simpler one.
        numbers = []
        for _ in range(2):
            state = (state * 1_103_515_245 + 12_345) % 2**31
            numbers.append(state)
        lat, lon = numbers[0] % 1_800_000_001 - 900_000_000, numbers[1] % 3_600_000_001
        name = f"place {len(features)}" if len(features) % 3 else ""
        features.append((lat // 1000, (lon - 1_800_000_000) // 1000, name))
    return features


if __name__ == "__main__":
    for name, features, keep_order in [
        ("published", published(), True),
        ("spatial", made_up(), False),
    ]:
        path = HERE / f"{name}-v{VERSION}.rgs"
        path.write_bytes(snapshot(features, keep_order))
