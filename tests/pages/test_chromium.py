"""Pages in a real browser: they are drawn, nothing hostile runs, and dark and paper work."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from linkage.pages.render import check_page, explain_page, report_page
from linkage.pages.trained import trained_page

from .conftest import candidate_page

HOSTILE = "</svg></style><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def pixels(path):
    """Rows of bytes of an 8-bit PNG without interlacing, and its bytes per pixel."""
    data = io.BytesIO(path.read_bytes())
    assert data.read(8) == b"\x89PNG\r\n\x1a\n"
    packed, width, height, step = b"", 0, 0, 0
    while head := data.read(8):
        size, kind = struct.unpack(">I4s", head)
        body = data.read(size)
        data.read(4)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8
            step = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += body
    raw = zlib.decompress(packed)
    line = width * step + 1
    rows, above = [], bytearray(width * step)
    for y in range(height):
        filtered, row = raw[y * line], bytearray(raw[y * line + 1 : (y + 1) * line])
        for x in range(len(row)):
            left = row[x - step] if x >= step else 0
            corner = above[x - step] if x >= step else 0
            row[x] = (row[x] + guess(filtered, left, above[x], corner)) & 255
        rows.append(bytes(row))
        above = row
    return rows, step


def guess(filtered, left, up, corner):
    """What a PNG filter adds to a byte."""
    if filtered == 4:
        near = left + up - corner
        return min((abs(near - left), 0, left), (abs(near - up), 1, up), (abs(near - corner), 2, corner))[2]
    return (0, left, up, (left + up) // 2)[filtered]


def colours(path):
    """How many pixels of each colour a picture has."""
    rows, step = pixels(path)
    found = {}
    for row in rows:
        for x in range(0, len(row), step):
            found[row[x : x + 3]] = found.get(row[x : x + 3], 0) + 1
    return found


@pytest.fixture
def written(tmp_path, waterfall, check, report):
    """The three pages with a text everywhere, as files."""

    def write(text):
        pages = {
            "explain": explain_page(waterfall(text)),
            "check": check_page(check(text)),
            "report": report_page(report(text)),
        }
        for name, page in pages.items():
            (tmp_path / f"{name}.html").write_text(page, encoding="utf-8")
        return [tmp_path / f"{name}.html" for name in pages]

    return write


@pytest.mark.parametrize(("dark", "back", "bar"), [(False, "ffffff", "1f6fb4"), (True, "14181d", "6cb2f0")])
def test_pages_are_drawn_in_light_and_dark(chromium, written, tmp_path, dark, back, bar):
    """A picture of each page has the ground and the bars of the reader's light or dark setting."""
    for page in written("plain")[: 1 if dark else 3]:
        picture = tmp_path / f"{page.stem}.png"
        setting = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        chromium(f"--screenshot={picture}", "--window-size=1040,900", setting, page.as_uri(), home=tmp_path / "home")
        found = colours(picture)
        assert found[bytes.fromhex(back)] > 0.4 * 1040 * 900
        assert found[bytes.fromhex(bar)] > 500


def test_nothing_hostile_runs(chromium, written, tmp_path):
    """A browser that runs scripts builds no script and no image from values, and keeps the page's own title."""
    for page in written(HOSTILE):
        tree, _ = chromium("--dump-dom", page.as_uri(), home=tmp_path / "home")
        head = tree[: tree.index("<body")]
        assert "<title>owned" not in head
        assert "<script" not in tree
        assert "<img" not in tree


def test_the_policy_stops_what_would_slip_through(chromium, written, tmp_path):
    """Were a script in a page all the same, the policy would keep it from running."""
    page = written("plain")[0]
    script = "<script>document.title = 'owned'</script>"
    page.write_text(page.read_text(encoding="utf-8").replace("<main>", f"{script}<main>"), encoding="utf-8")
    tree, _ = chromium("--dump-dom", page.as_uri(), home=tmp_path / "home")
    assert script in tree
    assert "<title>owned" not in tree
    # The same page without its policy runs it: the test would see a script that runs.
    free = page.read_text(encoding="utf-8").replace("Content-Security-Policy", "x-none")
    page.write_text(free, encoding="utf-8")
    assert "<title>owned" in chromium("--dump-dom", page.as_uri(), home=tmp_path / "home")[0]


def test_pages_print(chromium, written, tmp_path):
    """Each page becomes a PDF."""
    for page in written("plain"):
        paper = tmp_path / f"{page.stem}.pdf"
        chromium(f"--print-to-pdf={paper}", page.as_uri(), home=tmp_path / "home")
        assert paper.read_bytes().startswith(b"%PDF")


def test_the_page_of_a_candidate_is_drawn(chromium, tmp_path):
    """Bars, points of calibration, tables and examples of a candidate's page are there in a real browser, on one page's width."""
    page = tmp_path / "model.html"
    page.write_text(trained_page(candidate_page("plain")), encoding="utf-8")
    picture = tmp_path / "model.png"
    chromium(f"--screenshot={picture}", "--window-size=1280,3000", page.as_uri(), home=tmp_path / "home")
    found = colours(picture)
    assert found[bytes.fromhex("1f6fb4")] > 1000
    assert found[bytes.fromhex("b4501f")] > 100
    assert found[bytes.fromhex("fff4d6")] > 10000
    page.write_text(trained_page(candidate_page(HOSTILE)), encoding="utf-8")
    tree, _ = chromium("--dump-dom", page.as_uri(), home=tmp_path / "home")
    assert "<script" not in tree
    assert "<title>owned" not in tree
