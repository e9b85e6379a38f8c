#!/usr/bin/env python3
"""Every mutant of the core in one build, then a run of the tests for each.

cargo-mutants says what to change, and would build core and suite anew for each change: a minute each, a day for all. Here
each function gets all its changed bodies beside the real one, and PONTOON_MUTANT chooses at run time; so a mutant costs one
run of the tests, and that stops at the first failure.

What does not compile is left out, as cargo-mutants does. What cannot stand beside the real body (`const fn`, a result that
is `impl Trait`) is listed as not judged.

    mutants.py build [--fresh]    mutants.json, the changed tree and its test programs, in target/mutants; what an earlier
                                  build's tests have noticed stays noticed, unless --fresh
    mutants.py run [--within SECONDS] [FILTER ..]
                                  each mutant whose name contains a FILTER, against the tests that take so long at most;
                                  run again with more seconds, it goes on with those that survived
    mutants.py table              what became of them, by file, and those that nothing noticed, with what mutants.txt says
                                  of them
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target/mutants"
TREE = WORK / "tree"
CORE = "crates/pontoon-core"
# The model's own atomics are no part of what is published, and tracing is off in the tests.
EXCLUDED = ("src/sync/model/", "src/trace/")
# Those first that notice much in little time: the package, the test, which part of it, and how long it takes without a
# mutant, in seconds.
TESTS = [
    ("pontoon-core", "lib", "", 1),
    ("pontoon-tests", "two_backends", "", 4),
    ("pontoon-tests", "conformance", "p100", 2),
    ("pontoon-conformance", "bare", "", 5),
    ("pontoon-tests", "inline_locals", "", 4),
    ("pontoon-tests", "native_tasks", "", 4),
    ("pontoon-tests", "shutdown", "", 4),
    ("pontoon-tests", "anysync", "", 4),
    ("pontoon-hosts", "hosts", "", 5),
    ("pontoon-tests", "histories", "", 5),
    ("pontoon-tests", "matrix", "", 14),
    ("pontoon-loom", "model", "--skip=without::", 20),
    ("pontoon-tests", "conformance", "tokio multi_thread 4::", 15),
    ("pontoon-tests", "conformance", "smol with workers::", 15),
    ("pontoon-tests", "conformance", "tokio inline::", 15),
    ("pontoon-tests", "conformance", "tokio current_thread::", 15),
    ("pontoon-tests", "fork", "", 15),
    ("pontoon-tests", "stress", "", 15),
    ("pontoon-tests", "leaks", "", 40),
    ("pontoon-tests", "guest", "", 40),
    ("pontoon-tests", "conformance", "", 60),
    ("pontoon-tests", "contexts", "", 120),
]
JUDGED = ROOT / ".ci/extra/mutants.txt"
SWITCH = '''//! Which mutant this process is.
use std::sync::OnceLock;

static CHOSEN: OnceLock<usize> = OnceLock::new();

#[inline]
pub(crate) fn chosen() -> usize {
    *CHOSEN.get_or_init(|| std::env::var("PONTOON_MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0))
}
'''

LEXER = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(\#*)".*?"\1|b?"(?:\\.|[^"\\])*"|'(?:\\.[^']*|[^'\\])'|\bfn\b|[{}()\[\]]""", re.S
)


def body_start(text, start, end):
    """Where the brace of the body of the function at `start` is: the first outside of parentheses after `fn`."""
    depth, seen = 0, False
    for token in LEXER.finditer(text, start, end):
        word = token.group()
        if word == "fn":
            seen = True
        elif word in ("(", "["):
            depth += 1
        elif word in (")", "]"):
            depth -= 1
        elif word == "{" and seen and depth == 0:
            return token.start()
    return None


class Source:
    """A file, and its mutants by function."""

    def __init__(self, path, mutants):
        self.path = path
        self.text = (ROOT / path).read_text()
        self.lines = [0]
        for line in self.text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.functions = {}
        for mutant in mutants:
            start, end = self.span(mutant["function"]["span"])
            self.functions.setdefault((start, end), []).append(mutant)

    def offset(self, place):
        return self.lines[place["line"] - 1] + place["column"] - 1

    def span(self, span):
        return self.offset(span["start"]), self.offset(span["end"])

    def expand(self, start, end, left_out):
        """The text from `start` to `end`, with the functions inside expanded."""
        inside = [span for span in self.functions if start <= span[0] and span[1] <= end]
        outermost = [span for span in inside if not any(o != span and o[0] <= span[0] and span[1] <= o[1] for o in inside)]
        out, at = [], start
        for span in sorted(outermost):
            out.append(self.text[at : span[0]])
            out.append(self.function(span, left_out))
            at = span[1]
        out.append(self.text[at:end])
        return "".join(out)

    def function(self, span, left_out):
        brace = body_start(self.text, *span)
        signature = self.text[span[0] : brace]
        head = signature[signature.rindex("fn ") :] if "fn " in signature else signature
        mutants = self.functions.pop(span)
        original = self.expand(brace + 1, span[1] - 1, left_out)
        self.functions[span] = mutants
        if re.search(r"\bconst\s+(unsafe\s+)?fn\b", signature) or re.search(r"->.*\bimpl\b", head, re.S):
            for mutant in mutants:
                left_out[mutant["id"]] = "no place beside the real body"
        arms = []
        for mutant in mutants:
            if mutant["id"] in left_out:
                continue
            start, end = self.span(mutant["span"])
            changed = self.text[brace + 1 : start] + mutant["replacement"] + self.text[end : span[1] - 1]
            arms.append(f"\n/*<{mutant['id']}>*/ {mutant['id']} => {{ {changed} }}\n/*<end>*/\n")
        if not arms:
            return f"{signature}{{{original}}}"
        return f"{signature}{{ match crate::mutants::chosen() {{ {''.join(arms)} _ => {{ {original} }} }} }}"


def mutants():
    out = subprocess.run(
        ["cargo", "mutants", "-p", "pontoon-core", "--list", "--json"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    found = [m for m in json.loads(out) if not any(part in m["file"] for part in EXCLUDED)]
    # The number is the place in this list, and another one after the next build; the name stays while its function does.
    seen = {}
    for number, mutant in enumerate(found, 1):
        mutant["id"] = number
        mutant.pop("diff", None)
        name = re.sub(r"^.*?/src/(.*?):\d+:\d+: ", r"\1: ", mutant["name"])
        seen[name] = seen.get(name, 0) + 1
        mutant["name"] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return found


def verdicts():
    path = WORK / "verdicts.json"
    return json.loads(path.read_text()) if path.exists() else {}


def copy_tree():
    TREE.mkdir(parents=True, exist_ok=True)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in tracked.decode().split("\0"):
        copy(name)
    # Lints that the changed bodies would trip, and nobody reads.
    manifest = (TREE / "Cargo.toml").read_text()
    (TREE / "Cargo.toml").write_text(re.sub(r'(?<!")\b(\w+) = "warn"', r'\1 = "allow"', manifest))


def copy(name):
    source, target = ROOT / name, TREE / name
    if not name or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        if not target.is_symlink():
            target.symlink_to(os.readlink(source))
    elif not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


def write(sources, left_out):
    for source in sources:
        (TREE / source.path).write_text(source.expand(0, len(source.text), left_out))
    root = TREE / CORE / "src/lib.rs"
    text = root.read_text()
    if "mod mutants;" not in text:
        root.write_text(text + "\nmod mutants;\n")
    (TREE / CORE / "src/mutants.rs").write_text(SWITCH)


def cargo(*words, model=False):
    # The models are built apart, as in .ci/steps/45-model.sh.
    flags, target = ("-Awarnings --cfg pontoon_loom", "model") if model else ("-Awarnings", "target")
    env = dict(os.environ, RUSTFLAGS=flags, CARGO_TARGET_DIR=str(WORK / target))
    return subprocess.run(["cargo", *words], cwd=TREE, env=env, capture_output=True, text=True)


def errors(output):
    for line in output.splitlines():
        if line.startswith("{"):
            message = json.loads(line)
            if message.get("reason") == "compiler-message" and message["message"]["level"] == "error":
                yield message["message"]


def blame(message, left_out, at):
    """Leaves the mutants out in whose bodies the error is."""
    spans = [s for s in message["spans"]] + [s for child in message["children"] for s in child["spans"]]
    spans.sort(key=lambda span: not span["is_primary"])
    for span in spans:
        number = at(span["file_name"], span["line_start"])
        if number:
            left_out.setdefault(number, "does not compile")
            return True
    return False


def build(words):
    WORK.mkdir(parents=True, exist_ok=True)
    found = mutants()
    # What a test noticed, it will notice again; what survived, tests that came since may notice.
    kept = {name: verdict for name, verdict in verdicts().items() if "by" in verdict and "--fresh" not in words}
    (WORK / "verdicts.json").write_text(json.dumps(kept, indent=1))
    by_file = {}
    left_out = {}
    for mutant in found:
        if mutant["function"]:
            by_file.setdefault(mutant["file"], []).append(mutant)
        else:
            left_out[mutant["id"]] = "no place beside the real body"
    copy_tree()
    sources = [Source(path, mine) for path, mine in by_file.items()]
    while True:
        write(sources, left_out)
        marks = {}

        def at(path, line):
            if path not in marks:
                current, marks[path] = 0, [0]
                for text in (TREE / path).read_text().splitlines():
                    mark = re.search(r"/\*<(\d+|end)>\*/", text)
                    if mark:
                        current = 0 if mark.group(1) == "end" else int(mark.group(1))
                    marks[path].append(current)
            return marks[path][line] if line < len(marks[path]) else 0

        checked = cargo("check", "-p", "pontoon-core", "--message-format=json")
        if checked.returncode == 0:
            break
        before = len(left_out)
        unexplained = [m["rendered"] for m in errors(checked.stdout) if not blame(m, left_out, at) and m["spans"]]
        print(f"{len(left_out)} left out", flush=True)
        if len(left_out) == before:
            sys.exit("cannot tell which mutant this is:\n" + "\n".join(unexplained[:3]) + checked.stderr[-2000:])
    programs = {}
    for package in dict.fromkeys(package for package, *_ in TESTS):
        names = dict.fromkeys(name for of, name, *_ in TESTS if of == package)
        words = [word for name in names for word in (["--lib"] if name == "lib" else ["--test", name])]
        model = package == "pontoon-loom"
        words += ["--release"] if model else []
        built = cargo("test", "-p", package, *words, "--no-run", "--message-format=json", model=model)
        if built.returncode:
            sys.exit("\n".join(m["rendered"] for m in errors(built.stdout)) + built.stderr[-2000:])
        for line in built.stdout.splitlines():
            artifact = json.loads(line) if line.startswith("{") else {}
            if artifact.get("executable") and artifact.get("profile", {}).get("test"):
                name = "lib" if "lib" in artifact["target"]["kind"] else artifact["target"]["name"]
                where = pathlib.Path(artifact["manifest_path"]).parent
                if (package, name) in [(of, test) for of, test, *_ in TESTS]:
                    programs[f"{package} {name}"] = [artifact["executable"], str(where)]
    for mutant in found:
        mutant["left_out"] = left_out.get(mutant["id"])
    (WORK / "mutants.json").write_text(json.dumps({"mutants": found, "programs": programs}, indent=1))
    print(f"{len(found)} mutants, {len(left_out)} left out, {len(programs)} test programs")


def fails(program, where, part, mutant, limit):
    """How the test fails with that mutant, or none."""
    # All those bodies make the frames of a function larger than they are.
    env = dict(os.environ, PONTOON_MUTANT=str(mutant), RUST_BACKTRACE="0", RUST_MIN_STACK="16000000")
    child = subprocess.Popen(
        [program, part] if part else [program],
        cwd=where, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )
    late = threading.Timer(limit, lambda: os.killpg(child.pid, signal.SIGKILL))
    late.start()
    start = time.monotonic()
    try:
        for line in child.stdout:
            if re.search(r"\bFAILED\b|^test result: FAILED|^running 0 tests", line):
                return line.strip()[:160]
        code = child.wait()
        if time.monotonic() - start >= limit:
            return f"no end within {limit} s"
        return f"exit code {code}" if code else None
    finally:
        late.cancel()
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()


def called(test):
    """How a test is named in what was found."""
    _, name, part, _ = test
    return f"{name} {part}".strip(" :")


def verdict_of(mutant, programs, test):
    package, name, part, seconds = test
    return fails(*programs[f"{package} {name}"], part, mutant, max(20, 4 * seconds))


def judge(mutant, programs, tests):
    for test in tests:
        failure = verdict_of(mutant, programs, test)
        if failure:
            return {"by": called(test), "how": failure}
    return None


def run(filters):
    data = json.loads((WORK / "mutants.json").read_text())
    found = verdicts()
    tests = TESTS
    if "--within" in filters:
        at = filters.index("--within")
        seconds = int(filters[at + 1])
        del filters[at : at + 2]
        tests = [test for test in TESTS if test[-1] <= seconds]

    def to_run(mutant):
        verdict = found.get(mutant["name"], {"survived": []})
        return [test for test in tests if called(test) not in verdict.get("survived", map(called, tests))]

    wanted = [m for m in data["mutants"] if not m["left_out"] and to_run(m)]
    wanted = [m for m in wanted if not filters or any(f in m["name"] for f in filters)]
    for test in tests:
        failure = verdict_of(0, data["programs"], test)
        if failure:
            sys.exit(f"{called(test)} fails without a mutant: {failure}")
    lock = threading.Lock()
    done = 0

    def one(mutant):
        nonlocal done
        mine = to_run(mutant)
        verdict = judge(mutant["id"], data["programs"], mine)
        with lock:
            done += 1
            survived = found.get(mutant["name"], {}).get("survived", []) + [called(test) for test in mine]
            found[mutant["name"]] = verdict or {"survived": survived}
            (WORK / "verdicts.json").write_text(json.dumps(found, indent=1))
            print(f"{done}/{len(wanted)} {'SURVIVED' if not verdict else verdict['by']} {mutant['name']}", flush=True)

    jobs = int(os.environ.get("PONTOON_MUTANT_JOBS", os.cpu_count() or 1))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, wanted))


def judged():
    """What mutants.txt says: under each comment the mutants that it is about. One that begins with "Open" judges nothing."""
    out, why = {}, []
    for line in JUDGED.read_text().splitlines() if JUDGED.exists() else []:
        if line.startswith("#"):
            why.append(line.removeprefix("#").strip())
        elif line.strip() and not why[0].startswith("Open"):
            out[line.strip()] = " ".join(why)
        else:
            why = []
    return out


def table():
    data = json.loads((WORK / "mutants.json").read_text())
    found = verdicts()
    rows = {}
    by_test = {}
    survivors = []
    for mutant in data["mutants"]:
        row = rows.setdefault(mutant["file"].removeprefix(f"{CORE}/src/"), [0] * 5)
        row[0] += 1
        verdict = found.get(mutant["name"])
        if mutant["left_out"]:
            row[1 if mutant["left_out"] == "does not compile" else 4] += 1
        elif verdict is None:
            row[4] += 1
        elif "by" in verdict:
            row[2] += 1
            by_test[verdict["by"]] = by_test.get(verdict["by"], 0) + 1
        else:
            row[3] += 1
            survivors.append(mutant["name"])
    print("| file | mutants | do not compile | noticed | survived | not judged |\n|---|--:|--:|--:|--:|--:|")
    for file, row in sorted(rows.items()) + [("**all**", [sum(column) for column in zip(*rows.values())])]:
        print(f"| {file} | {' | '.join(map(str, row))} |")
    print("\n| noticed by | mutants |\n|---|--:|")
    for test in dict.fromkeys(map(called, TESTS)):
        if test in by_test:
            print(f"| {test} | {by_test[test]} |")
    known = judged()
    print(f"\n{sum(s in known for s in survivors)} of {len(survivors)} survivors are judged in {JUDGED.relative_to(ROOT)}; not these:")
    print("\n".join(s for s in survivors if s not in known))
    print("\njudged there, and noticed or gone:")
    print("\n".join(k for k in known if k not in survivors))


if __name__ == "__main__":
    command, rest = (sys.argv[1] if sys.argv[1:] else ""), sys.argv[2:]
    commands = {"build": build, "run": run, "table": lambda _: table()}
    if command not in commands:
        sys.exit(__doc__)
    commands[command](rest)
