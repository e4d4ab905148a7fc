"""Two-call items per second of the run engine, beside a bare HTTP client that stores nothing.

    python -m bench.run_engine [--items 2000] [--rounds 3]

Each item is an answer and one judge's verdict. A loopback stub answers after 50 ms, 64 calls are open at once. The
engine writes everything durably to SQLite (WAL); the bare client throws the answers away. Both run in processes of
their own, in turn, in the same minute. Prints the median of each figure and the ratio, the time that the same run takes
again when every call is in the cache, and a larger run that shows that memory is flat.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

LATENCY, WIDTH = 0.05, 64
SYSTEM = "You answer the people of one organisation. " * 40


def bare(port: int, items: int) -> None:
    """Answer and judge so many items over aiohttp, 64 at once, and keep nothing."""
    import aiohttp

    async def run() -> None:
        left = iter(range(items))
        connector = aiohttp.TCPConnector(limit=WIDTH)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def call(text: str, model: str) -> str:
                messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
                body = {"model": model, "messages": messages, "temperature": 0, "max_tokens": 256}
                async with session.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body) as reply:
                    return str((await reply.json())["choices"][0]["message"]["content"])

            async def worker() -> None:
                for number in left:
                    answer = await call(f"Question {number}", "ok")
                    await call(answer, "judge-json")

            await asyncio.gather(*(worker() for _ in range(WIDTH)))

    usage, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    asyncio.run(run())
    print(json.dumps(_figures(items, start, usage)))


def engine(port: int, items: int) -> None:
    """The same through the run engine, in a fresh database."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "cosa_web.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from tests import factories

    call_command("migrate", verbosity=0)
    served = {"engine": "openai_http", "base_url": f"http://127.0.0.1:{port}/v1", "max_concurrency": WIDTH}
    answers = factories.make_model("ok", model="ok", **served)
    judge = factories.make_judge("helpfulness", factories.make_model("judge", model="judge-json", **served))
    what = {"judges": [judge], "candidate": factories.make_candidate(answers), "benchmark": _prompts(items)}
    usage, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    run = _worked(factories.make_run(0, **what), items)
    figures = _figures(items, start, usage)
    start = time.perf_counter()
    again = _worked(factories.make_run(0, **what), items)
    assert (run.calls, again.calls, again.reused_calls) == (2 * items, 0, 2 * items)
    print(json.dumps(figures | {"warm_s": time.perf_counter() - start}))


def _worked(run, items: int):
    from training.services.work import work

    work(run.pk, "bench")
    run.refresh_from_db()
    assert run.state == "finished" and run.items.filter(state="done").count() == items, run.state
    return run


def _prompts(items: int):
    from annotations.models import Prompt
    from tests import factories

    benchmark, config = factories.make_benchmark(), factories.make_config()
    factories.make_version(config, policy=SYSTEM)
    Prompt.objects.bulk_create(
        Prompt(benchmark=benchmark, config=config, text=f"Question {n}", kind="safe", position=n, digest=f"{n:064d}")
        for n in range(items)
    )
    return benchmark


def _figures(items: int, start: float, before: resource.struct_rusage) -> dict[str, float]:
    wall = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": items / wall, "cpu_ms": 1000 * spent / items, "peak_mb": usage.ru_maxrss / 1024}


@contextmanager
def stub() -> Iterator[int]:
    """The port of a stub that answers after LATENCY."""
    command = [sys.executable, "tests/stub_server.py", "--port", "0", "--latency", str(LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline().split()[-1])
        finally:
            process.terminate()


def measure(what: str, port: int, items: int) -> dict[str, float]:
    """The figures of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as var:
        command = [sys.executable, "-m", "bench.run_engine", "--only", what, "--port", str(port), "--items", str(items)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"COSA_VAR": var}, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure both in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["bare", "engine"])
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    if options.only:
        return (bare if options.only == "bare" else engine)(options.port, options.items)
    with stub() as port:
        rounds = [
            (measure("bare", port, options.items), measure("engine", port, options.items))
            for _ in range(options.rounds)
        ]
        large = measure("engine", port, options.items * 5)
    for index, name in enumerate(["bare client", "run engine"]):
        row = {key: statistics.median(pair[index][key] for pair in rounds) for key in rounds[0][index]}
        print(f"{name:12} {row['rate']:7.1f} items/s {row['cpu_ms']:6.2f} ms CPU an item {row['peak_mb']:6.0f} MB peak")
    ratio = statistics.median(pair[1]["rate"] / pair[0]["rate"] for pair in rounds)
    print(f"ratio        {ratio:7.2f}   ({options.items} items, {options.rounds} rounds, medians)")
    warm = statistics.median(pair[1]["warm_s"] for pair in rounds)
    print(f"again, from the cache: {warm:.1f} s, no call")
    print(f"{options.items * 5} items: {large['rate']:.1f} items/s, {large['peak_mb']:.0f} MB peak")


if __name__ == "__main__":
    main()
