"""The work of `bench.evaluation` done by Inspect AI, in the Python where that is installed.

    PYTHON bench/inspect_client.py PORT SAMPLES

Each sample is an answer and one judge's verdict, asked of the stub at that port, at most 64 calls at once; the log goes
to a temporary folder. Prints one line of JSON with the seconds it took, without the imports.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time

MODEL, WIDTH = "openai-api/stub/judge-rating", 64
SYSTEM = "You answer the people of one organisation. " * 40


def evaluate(samples: int, folder: str) -> float:
    """The seconds of the evaluation."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import Score, mean, scorer
    from inspect_ai.solver import generate, system_message

    settings = GenerateConfig(temperature=0.0, max_tokens=64)

    @scorer(metrics=[mean()])
    def helpfulness():
        async def score(state, target):
            asked = f"Rate from 0 to 5, as Rating: [[n]].\n{SYSTEM}\n{state.input_text}\n{state.output.completion}"
            said = (await get_model(MODEL).generate(asked, config=settings)).completion
            rating = re.findall(r"\[\[([0-5])\]\]", said)[-1]
            return Score(value=int(rating) / 5, explanation=said)

        return score

    questions = MemoryDataset([Sample(id=number, input=f"Question {number}") for number in range(1, samples + 1)])
    task = Task(questions, solver=[system_message(SYSTEM), generate()], scorer=helpfulness(), config=settings)
    began = time.perf_counter()
    options = {"log_dir": folder, "display": "none", "max_connections": WIDTH, "max_samples": WIDTH}
    (log,) = eval(task, model=MODEL, log_model_api=False, **options)
    seconds = time.perf_counter() - began
    if log.status != "success" or log.results.completed_samples != samples:
        sys.exit(f"Inspect ended as {log.status}.")
    return seconds


def main() -> None:
    """Evaluate, and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int, help="where the stub listens on 127.0.0.1")
    parser.add_argument("samples", type=int)
    options = parser.parse_args()
    os.environ |= {"STUB_BASE_URL": f"http://127.0.0.1:{options.port}/v1", "STUB_API_KEY": "none", "NO_PROXY": "*"}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["INSPECT_CACHE_DIR"] = folder
        seconds = evaluate(options.samples, folder)
    sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
