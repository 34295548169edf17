"""``make mutants``: take each guard of the protocol out, one at a time; some test must notice.

    python -m tests.mutants [WORDS ...] [--jobs N] [--list]

WORDS choose mutants by what they take out or by file. Works in copies of the project, never in the
working tree. Exits with 1 when a mutant survives, when an edit no longer fits the source, and when
the tests fail with every guard in its place.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from scripts.processes import ROOT
from tests.mutants.mutant import Mutant, NoLongerAppliesError
from tests.mutants.running import Ran, Verdict, pytest, run, scratch
from tests.mutants.table import MUTANTS

T = TypeVar("T")
R = TypeVar("R")


def main() -> int:
    options = _options()
    chosen = [mutant for mutant in MUTANTS if _named(mutant, options.words)]
    if options.list:
        print("\n".join(f"{mutant.file}: {mutant.guard}" for mutant in chosen))
        return 0
    faults = _behind(chosen)
    if faults:
        print("\n".join(["the table is behind the code:", *faults]))
        return 1
    with _copies(min(options.jobs, len(chosen)) or 1) as each:
        ran = _baseline(each, chosen) or _run(each, chosen)
    return _told(ran)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="*", help="only mutants whose guard or file has one of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="list the guards and run nothing")
    return parser.parse_args()


def _named(mutant: Mutant, words: Sequence[str]) -> bool:
    told = f"{mutant.file} {mutant.guard}".casefold()
    return not words or any(word.casefold() in told for word in words)


def _behind(chosen: Sequence[Mutant]) -> list[str]:
    faults = []
    for mutant in chosen:
        try:
            mutant.applied((ROOT / mutant.file).read_text())
        except (NoLongerAppliesError, FileNotFoundError) as error:
            faults.append(f"  {error}")
    return faults


@contextmanager
def _copies(jobs: int) -> Iterator[Callable[..., list[Any]]]:
    """Does one thing after the other in as many copies of the project at a time."""
    roots: SimpleQueue[Path] = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(jobs):
            roots.put(stack.enter_context(scratch()))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))

        def each(work: Callable[[Path, T], R], things: Iterable[T]) -> list[R]:
            def one(thing: T) -> R:
                root = roots.get()
                try:
                    return work(root, thing)
                finally:
                    roots.put(root)

            return list(pool.map(one, things))

        yield each


def _baseline(each: Callable[..., list[Any]], chosen: Sequence[Mutant]) -> list[Ran]:
    """With every guard in its place all of these tests pass; those that do not."""
    owners: dict[tuple[str, ...], Mutant] = {}
    for words, tests in _together(chosen).items():
        owners[*tests, *words] = next(m for m in chosen if words == _words(m.tests))
    ran = each(lambda root, tests: (tests, *_passing(root, tests)), owners)
    failed = [Ran(owners[tests], Verdict.BROKEN, 0.0, log) for tests, code, log in ran if code]
    print(f"{len(owners)} sets of tests, {len(failed)} of them fail without any mutant", flush=True)
    return failed


def _passing(root: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Tried twice: on a busy machine a server of the tests may be slow once."""
    code, log = pytest(root, tests)
    return pytest(root, tests) if code == 1 else (code, log)


def _together(chosen: Sequence[Mutant]) -> dict[tuple[str, ...], list[str]]:
    """Tests that are chosen by the same words go in one run, each of them once."""
    found: dict[tuple[str, ...], list[str]] = {}
    for mutant in chosen:
        words = _words(mutant.tests)
        named = found.setdefault(words, [])
        named += [t for t in mutant.tests[: len(mutant.tests) - len(words)] if t not in named]
    return found


def _words(tests: tuple[str, ...]) -> tuple[str, ...]:
    """The ``-k`` at the end, if there is one."""
    return tests[tests.index("-k") :] if "-k" in tests else ()


def _run(each: Callable[..., list[Any]], chosen: Sequence[Mutant]) -> list[Ran]:
    def one(root: Path, mutant: Mutant) -> Ran:
        done = run(root, mutant)
        print(f"{done.verdict:<9}{done.seconds:5.0f} s  {mutant.guard}", flush=True)
        return done

    ran: list[Ran] = each(one, chosen)
    return ran


def _told(ran: Sequence[Ran]) -> int:
    counts = Counter(each.verdict for each in ran)
    bad = [each for each in ran if each.verdict is not Verdict.NOTICED]
    for each in bad:
        print(f"\n{each.verdict}: {each.mutant.guard}\n  {each.mutant.file}\n  {each.mutant.tests}")
        if each.verdict is Verdict.BROKEN:
            print(each.log)
    print(f"\n{len(ran)} mutants: {counts[Verdict.NOTICED]} noticed, {len(bad)} not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
