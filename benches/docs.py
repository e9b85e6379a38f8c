#!/usr/bin/env python3
"""Puts the figures of target/compare/results.json into the summary tables of docs/performance.md.

    cargo run --release -p pontoon-benches --features peers --bin compare -- --quick --markdown --plots docs/performance
    benches/docs.py

Rows keep their order; a column of a row is the subject that its heading names, or the best of its role.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/performance.md"

# What a column shows, by its heading: a subject, or a role and a backend.
COLUMNS = {
    "pontoon smol": "pontoon smol",
    "pontoon async-std": "pontoon async-std",
    "pontoon tokio": "pontoon tokio",
    "in place, smol": ("ideal", "smol"),
    "in place, tokio": ("ideal", "tokio"),
    "best peer, smol": ("peer", "smol"),
    "best peer, tokio": ("peer", "tokio"),
    "the same client in place": ("ideal", "tokio"),
    "guest smol": "pontoon guest smol",
    "guest async-std": "pontoon guest async-std",
    "guest tokio": "pontoon guest tokio",
    "guest smol, between frames": "pontoon guest smol, between frames",
    "guest tokio, between frames": "pontoon guest tokio, between frames",
    "smol by itself": "smol LocalExecutor, async_io::block_on",
    "tokio by itself": "tokio LocalSet, current_thread block_on",
}


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def figure(rows, column, key):
    if isinstance(column, str):
        found = [row for row in rows if row["subject"] == column]
    else:
        role, backend = column
        found = [row for row in rows if row["role"] == role and row["backend"] == backend]
    values = [row[key] for row in found if row[key] is not None]
    if not values:
        return None
    # More is better where calls are counted.
    return max(values) if found[0]["unit"] == "calls/s" else min(values)


def main():
    results = json.loads((ROOT / "target/compare/results.json").read_text())
    scenarios = {}
    for row in results:
        scenarios.setdefault(row["scenario"], []).append(row)
    heading, lines = [], []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| scenario"):
            heading = cells
        link = re.match(r"\| \[([\w-]+)\]\(", line)
        if link and link[1] in scenarios:
            rows = scenarios[link[1]]
            key = "p99" if "p99" in line else "median"
            for place, cell in enumerate(cells):
                # A cell may name its subject behind its figure: "34.4 reqwest::blocking".
                named = re.match(r"[\d.]+ (.+)", cell)
                column = named[1] if named and place >= 1 else COLUMNS.get(heading[place])
                value = figure(rows, column, key) if column else None
                if value is not None:
                    cells[place] = number(value) + (f" {named[1]}" if named else "")
            line = "| " + " | ".join(cells) + " |"
        lines.append(line)
    PAGE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
