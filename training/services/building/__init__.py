"""From training prompts to preference pairs: the stages of a recipe, one file each."""
