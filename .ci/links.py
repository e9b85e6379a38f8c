#!/usr/bin/env python3
"""Looks whether the links of the documentation lead somewhere. No network: links to other sites are left alone.

    .ci/links.py              the Markdown files, as they stand in the repository, and whether SUMMARY.md lists every chapter
    .ci/links.py target/book  the pages of the built book, with the ids that mdBook has given
"""

import html.parser
import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.M | re.S)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^()\s>]*(?:\([^()\s]*\))?[^()\s>]*)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.M)
ATTRIBUTE = re.compile(r"(?:href|src|srcset)=\"([^\"]+)\"")
SUMMARY_LINK = re.compile(r"\[[^\]]*\]\(([^)]*)\)")


def elsewhere(link):
    return not link or re.match(r"[a-z][a-z0-9+.-]*:", link) or link.startswith("//")


def slug(heading):
    """What GitHub makes of a heading. mdBook agrees, but for what the second form of this program finds."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path, known={}):
    if path not in known:
        text = FENCE.sub("", path.read_text())
        seen, found = {}, set(re.findall(r"(?:id|name)=\"([^\"]+)\"", text))
        for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", text, re.M):
            name = slug(heading)
            count = seen.get(name, 0)
            seen[name] = count + 1
            found.add(f"{name}-{count}" if count else name)
        known[path] = found
    return known[path]


def markdown():
    wrong = []
    files = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
    for file in files:
        text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", file.read_text()))
        for link in [*LINK.findall(text), *REFERENCE.findall(text), *ATTRIBUTE.findall(text)]:
            if elsewhere(link):
                continue
            path, _, anchor = unquote(link).partition("#")
            target = (file.parent / path).resolve() if path else file
            if not target.exists() or ROOT not in [target, *target.parents]:
                wrong.append(f"{file.relative_to(ROOT)}: {link}: there is no such file")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                wrong.append(f"{file.relative_to(ROOT)}: {link}: there is no such heading")
    listed = [link for link in SUMMARY_LINK.findall((DOCS / "SUMMARY.md").read_text()) if link]
    for link in {link for link in listed if listed.count(link) > 1}:
        wrong.append(f"docs/SUMMARY.md: {link} is listed twice")
    for file in DOCS.rglob("*.md"):
        name = file.relative_to(DOCS).as_posix()
        if name != "SUMMARY.md" and name not in listed:
            wrong.append(f"docs/SUMMARY.md: {name} is not listed")
    return len(files), wrong


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids.update(values[name] for name in ("id", "name") if values.get(name))
        self.links += [values[name] for name in ("href", "src") if values.get(name)]


def book(folder):
    wrong = []
    pages = {file: Page(file.read_text()) for file in folder.rglob("*.html")}
    for file, page in pages.items():
        for link in page.links:
            path, _, anchor = unquote(link).partition("#")
            # The page for links that are wrong names an address, and is found under any.
            if elsewhere(link) or file.name in ("404.html", "toc.html") or link.startswith("/"):
                continue
            target = (file.parent / path.partition("?")[0]).resolve() if path else file
            if folder not in target.parents:
                # A file of the repository: the other form has looked at it, and links.js leads there.
                continue
            if not target.exists():
                wrong.append(f"{file.name}: {link}: there is no such page")
            elif anchor and target in pages and anchor not in pages[target].ids:
                wrong.append(f"{file.name}: {link}: there is no such id")
    return len(pages), wrong


count, wrong = book(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else markdown()
print("\n".join(wrong) if wrong else f"{count} files, and every link in them leads somewhere")
sys.exit(bool(wrong) or not count)
