/**
 * Reads runs of earlier versions: gives the fields of their JSON this version's
 * names. `lit_lab/upgrade.py` does the same in a kernel and on the
 * server; both are tested with tests/fixtures/runs_0_1_0.json.
 */

type Fields = Readonly<Record<string, unknown>>;

/**
 * A run's JSON with this version's names. What isn't a run is unchanged, and
 * `checkRun` refuses it.
 */
export function upgradeRun(run: unknown): unknown {
  if (!isObject(run)) {
    return run;
  }
  const upgraded: Record<string, unknown> = { ...run };
  if (has(run, 'reason') && run.reason === 'given') {
    upgraded.reason = 'forced_answer';
  }
  if (has(run, 'scores') && Array.isArray(run.scores)) {
    upgraded.scores = run.scores.map(upgradeScores);
  }
  return upgraded;
}

function upgradeScores(stored: unknown): unknown {
  if (!isObject(stored) || !has(stored, 'event') || !isObject(stored.event)) {
    return stored;
  }
  const { event } = stored;
  if (!has(event, 'instead') || has(event, 'foil')) {
    return stored;
  }
  const { instead: foil, ...others } = event;
  return { ...stored, event: { ...others, foil } };
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function has(fields: Fields, name: string): boolean {
  return Object.prototype.hasOwnProperty.call(fields, name);
}
