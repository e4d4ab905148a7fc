"""The API of machines: models, runs, recipes, trainings, checkpoints, deployments, for programs."""
