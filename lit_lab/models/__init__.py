"""Models as the Jupyter server knows them: those that were added in the panel, and whose credentials fetch them."""
