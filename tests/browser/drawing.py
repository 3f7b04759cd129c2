"""Draws the diagrams of the documents that have no picture yet, and removes pictures that no
diagram has any more: `python -m tests.browser.drawing`, after `manage.py build diagrams`.
"""

import os
from pathlib import Path

import django
from playwright.sync_api import Page, sync_playwright

MERMAID = Path("frontend/diagrams/node_modules/mermaid/dist/mermaid.min.js")
# Letters of the reader's own machine: a picture loads none. Sizes in figures, since an image
# without them has no size of its own.
DRAW = """
async ([id, text]) => {
  mermaid.initialize({
    startOnLoad: false,
    theme: "base",
    themeVariables: {
      primaryColor: "#e6f4f2",
      primaryBorderColor: "#2b8a80",
      primaryTextColor: "#1f2937",
      lineColor: "#64748b",
      textColor: "#1f2937",
      edgeLabelBackground: "#ffffff",
      dropShadow: "none",
    },
    fontFamily: "Arial, Helvetica, sans-serif",
    htmlLabels: false,
    flowchart: { useMaxWidth: false, wrappingWidth: 360, nodeSpacing: 30, rankSpacing: 36 },
    sequence: { useMaxWidth: false, mirrorActors: false },
  });
  return (await mermaid.render(id, text)).svg;
}
"""


def wanted() -> dict[str, str]:
    """The text of each diagram by the name of its picture."""
    from monitoring.documents import diagrams, library

    every = library.documents().values()
    return {diagrams.name(text): text for each in every for text in each.written.diagrams}


def draw(page: Page, text: str, target: Path) -> None:
    target.write_text(f"{page.evaluate(DRAW, [target.stem, text])}\n")


def main() -> None:
    from monitoring.documents import library

    texts = wanted()
    for old in library.IMAGES.glob("diagram-*.svg"):
        if old.name not in texts:
            old.unlink()
    missing = {name: text for name, text in texts.items() if not library.image(name)}
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto("about:blank")
        page.add_script_tag(path=MERMAID)
        for name, text in missing.items():
            draw(page, text, library.IMAGES / name)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
    django.setup()
    main()
