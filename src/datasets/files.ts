/** Endings of the names of files that can contain prompts. */
const DATASET =
  /\.(?:(?:jsonl|ndjson|json|csv|tsv|txt|yaml|yml)(?:\.gz)?|parquet)$/i;

/** Whether a file can contain prompts, by its name. */
export function isDatasetPath(path: string): boolean {
  return DATASET.test(path);
}

/** A file's name without the end that says what is in it. */
export function withoutEnd(name: string): string {
  return name.replace(DATASET, '');
}
