/** Commands that share a run. */
export const SHARE_COMMANDS = {
  page: 'lit-lab:save-page',
  insert: 'lit-lab:insert-run',
  picture: 'lit-lab:copy-image',
  copyJson: 'lit-lab:copy-json',
  saveJson: 'lit-lab:save-json'
} as const;

/** One of them. */
export type ShareCommand = (typeof SHARE_COMMANDS)[keyof typeof SHARE_COMMANDS];
