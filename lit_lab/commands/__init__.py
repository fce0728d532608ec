"""The commands of `lit-lab`, one in each file: `add` describes its arguments, and the function that it sets runs it."""
