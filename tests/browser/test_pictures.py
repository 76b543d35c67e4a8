"""The tool that takes the README's pictures still finds its way through the labs."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Server, browse, started
from PIL import Image
from playwright.sync_api import Playwright
from toolbox import load

tool = load("write_pictures")


@pytest.mark.deep
@pytest.mark.parametrize("name", tool.LABS)
def test_a_picture_is_taken_in_both_themes(
    name: str, playwright: Playwright, lab_server: Server, tmp_path: Path
) -> None:
    with (
        started(playwright, tool.SCALE) as browser,
        browse(browser, lab_server, tool.WIDTH, tool.HEIGHT) as lab,
    ):
        light, dark = tool.pictures(lab, name, tmp_path)
    with Image.open(light) as one, Image.open(dark) as other:
        assert one.size == other.size
        assert one.convert("L").resize((1, 1)).getpixel((0, 0)) > 150
        assert other.convert("L").resize((1, 1)).getpixel((0, 0)) < 100
