"""Recipes: the programs that train. Each reads top to bottom, needs no Django, and runs by hand:

    python -m training.recipes.dpo RUN_DIR

by a Python that has what requirements/training.txt names. One folder is one run, and everything about it lies there:

    config.json     what to do, see `training.recipes.run_dir.Config`; the only file that must be there at the start
    metrics.jsonl   one line of JSON per event, appended: {"t": seconds since 1970, "kind", "name", "step", "steps",
                    "values"}; kinds: phase (with its name), log, eval, samples, checkpoint, end. After a resume steps
                    come twice; the later line counts
    log             what the program wrote, all starts one after the other
    checkpoints/    checkpoint-STEP/ with everything needed to go on, and FINISHED.json once it is whole
                    (one that was finished and is broken is put aside as broken-STEP)
    rows/           the pairs as they are trained on, made once
    base/           the base as safetensors, where it is a GGUF file
    adapter/        the matrices of LoRA; model/ has them merged in
    model/          the model that came of it, in safetensors with its tokenizer, and FINISHED.json
    result.json     how it ended, see `training.recipes.run_dir.Result`; not there while it runs
    STOP            whoever writes it asks the trainer to save a checkpoint and end; with the word `finish` in it, to
                    write the model as well
    supervised      touched by whoever watches; a trainer nobody has watched for `alone_seconds` saves and ends itself
    lock            held (flock) by the one trainer of the folder

It exits with 0 when it finished or was stopped, 1 when it failed (result.json says why), 2 without such a folder, and
75 when another trainer holds the folder, and then nothing is touched.
"""
