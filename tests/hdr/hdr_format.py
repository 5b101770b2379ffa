"""HdrHistogram's interval log, format 1.3 with V2 compressed payloads, read strictly and by nobody else's code."""
import base64
import re
import struct
import zlib

HEAD = re.compile(r"#\[[^\n]*\]\n#\[Histogram log format version 1\.3\]\n"
                  r"#\[StartTime: (\d+\.\d{3}) \(seconds since epoch\), [^\n]*\]\n"
                  r'"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n')
LINE = re.compile(r"Tag=([!-+\--~]+),(\d+\.\d{3}),(\d+\.\d{3}),(\d+\.\d{6}),([A-Za-z0-9+/]+=*)")


def edges(index):
    """Smallest and largest value of a count, at three digits."""
    bucket, sub = (index >> 10) - 1, (index & 1023) + 1024
    if bucket < 0:
        bucket, sub = 0, sub - 1024
    return sub << bucket, (sub + 1 << bucket) - 1


def highest_alike(value):
    """What a reader shows of a value: the largest that it does not tell from it."""
    return value | (1 << max(0, value.bit_length() - 11)) - 1


def numbers(body):
    """ZigZag LEB128, at most nine bytes."""
    at = 0
    while at < len(body):
        word = shift = 0
        while True:
            byte = body[at]
            at += 1
            if shift == 56:
                word |= byte << 56
                break
            word |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                break
        yield word >> 1 ^ -(word & 1)


def decode(payload):
    """{(smallest, largest value): count}, by value, and the highest trackable value."""
    packed = base64.b64decode(payload, validate=True)
    cookie, length = struct.unpack(">II", packed[:8])
    assert cookie == 0x1c849314 and len(packed) == 8 + length, "compressed header"
    inflate = zlib.decompressobj()
    body = inflate.decompress(packed[8:]) + inflate.flush()
    assert inflate.eof and not inflate.unused_data, "zlib"
    cookie, length, shift, digits, low, high, ratio = struct.unpack(">IIIIqqd", body[:40])
    assert (cookie, length) == (0x1c849313, len(body) - 40), "header"
    assert (shift, digits, low, ratio) == (0, 3, 1, 1.0) and high >= 2 * low, "parameters"
    counts, index = {}, 0
    for number in numbers(body[40:]):
        if number > 0:
            counts[edges(index)] = number
            index += 1
        else:
            assert number < 0, "a zero is a run of one"
            index -= number
    return counts, high


def read_log(text):
    """{tag: (seconds, largest ms, payload)}"""
    head = HEAD.match(text)
    assert head, text[:300]
    lines = {}
    for line in text[head.end():].splitlines():
        found = LINE.fullmatch(line)
        assert found, line
        assert found[1] not in lines, "a tag twice"
        lines[found[1]] = (float(found[3]), found[4], found[5])
    return float(head[1]), lines


def read_hgrm(text):
    """Rows of (value, percentile, count, 1/(1-p) or None), and the numbers below them."""
    lines = text.split("\n")
    assert lines[0] == f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}"
    assert lines[1] == "" and lines[-1] == ""
    rows = []
    for line in lines[2:-4]:
        words = line.split()
        rows.append((float(words[0]), float(words[1]), int(words[2]),
                     float(words[3]) if len(words) > 3 else None))
    below = []
    for line, names in zip(lines[-4:], (("Mean", "StdDeviation"), ("Max", "Total count"),
                                        ("Buckets", "SubBuckets"))):
        found = re.fullmatch(rf"#\[{names[0]} *= +([\d.]+), {names[1]} *= +([\d.]+)\]", line)
        assert found, line
        below += [float(found[1]), float(found[2])]
    return rows, below
