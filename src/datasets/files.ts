/** Extensions of files that can contain prompts. */
const DATASET = /\.(jsonl|ndjson|csv|tsv|txt|parquet)$/i;

/** Whether a file can contain prompts, by its name. */
export function isDatasetPath(path: string): boolean {
  return DATASET.test(path);
}
