"""Everything before the stage: data, model, training, export, evaluation. Never imported by the live path."""
