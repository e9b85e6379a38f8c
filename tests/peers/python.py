"""Runs the Python programs of a document, and compares what each prints with the block of text below it."""

import re
import subprocess
import sys

document = open(sys.argv[1], encoding="utf-8").read()
pairs = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", document, re.DOTALL)
programs = document.count("```python\n")
failed = len(pairs) != programs or not pairs
if failed:
    print(f"{programs} programs, of which {len(pairs)} say what they print")
for number, (program, expected) in enumerate(pairs, 1):
    modules = re.findall(r"^(?:import|from) (\w+)", program, re.MULTILINE)
    name = next(module for module in modules if module not in sys.stdlib_module_names)
    try:
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        said, complaint = run.stdout, run.stderr
    except subprocess.TimeoutExpired:
        said, complaint = "", "it hangs"
    right = said == expected
    failed = failed or not right
    print(f"{number}/{len(pairs)} {name}: {'ok' if right else 'DIFFERS'}")
    if not right:
        print(said, complaint)
sys.exit(failed)
