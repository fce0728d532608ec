/** Shares a finished run: as a page, a picture, JSON, or a notebook's output. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { RunRecord } from '../api';
import type { TokenSpan } from '../salience';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import { NoClipboard, copy, fileName, saveFile } from './files';
import { insertOutput } from './insert';
import { makeOutput } from './output';
import { makePage } from './page';
import { drawPicture } from './picture';
import { lookOf, Reading } from './reading';
import type { ILook } from './reading';

/** A run to share, and how to show it. */
export interface IShared {
  readonly record: RunRecord;
  /** The initial target; null: the last one with a map. */
  readonly target: TokenSpan | null;
  /** The place of its prompt, if known. */
  readonly link: ReadonlyPartialJSONObject | null;
}

/** What sharing needs. */
export interface ISharingOptions {
  readonly trans: TranslationBundle;
  /** The panel's settings. */
  readonly look: () => ILook;
  /** Open notebooks, if there are any. */
  readonly tracker: INotebookTracker | null;
  /** Bring a notebook to the front. */
  readonly activate: (id: string) => void;
}

/**
 * Shares finished runs. Each method shows a notification when it is done or fails,
 * with the reason and what to do; none rejects.
 */
export class Sharing {
  constructor(options: ISharingOptions) {
    this._options = options;
  }

  /**
   * Save one HTML file that needs nothing else.
   *
   * @param runs - one, or two side by side.
   */
  async savePage(runs: readonly IShared[]): Promise<void> {
    const { trans } = this._options;
    await this._try(trans.__('The page was not saved'), async () => {
      const page = await this.page(runs);
      saveFile(nameOf(runs[0].record, 'html'), page, 'text/html');
      this._tell(
        trans.__('Saved as an HTML page. It opens without a network.')
      );
    });
  }

  /** The text of such a page. */
  async page(runs: readonly IShared[]): Promise<string> {
    const { trans, look } = this._options;
    const parts = await import('./bundle');
    return makePage(
      runs.map(run => run.record),
      { look: lookOf(look()), targets: runs.map(run => run.target), trans },
      parts
    );
  }

  /** Save a run as JSON, which `lit_lab.load_run` reads. */
  saveJson({ record }: IShared): void {
    // The browser shows the download.
    saveFile(nameOf(record, 'json'), jsonOf(record), 'application/json');
  }

  /** Copy a run as JSON. */
  async copyJson(run: IShared): Promise<void> {
    const { trans } = this._options;
    const blob = new Blob([jsonOf(run.record)], { type: 'text/plain' });
    await this._try(
      trans.__('Nothing was copied'),
      async () => {
        await copy('text/plain', Promise.resolve(blob));
        this._tell(trans.__('Copied as JSON; lit_lab.load_run reads it.'));
      },
      () => this.saveJson(run)
    );
  }

  /** Copy the map as a picture. */
  async copyPicture(run: IShared): Promise<void> {
    const { trans } = this._options;
    const picture = this._picture(run);
    await this._try(
      trans.__('Nothing was copied'),
      async () => {
        await copy('image/png', picture);
        this._tell(trans.__('Copied as an image.'));
      },
      async () => {
        saveFile(nameOf(run.record, 'png'), await picture, 'image/png');
      }
    );
  }

  /** Insert the run into a notebook, below its prompt's cell. */
  async insert(run: IShared): Promise<void> {
    const { trans, tracker, activate } = this._options;
    await this._try(trans.__('Nothing was inserted'), async () => {
      const { reading, look, target } = this._reading(run);
      const output = makeOutput(reading, look, target, trans);
      const inserted =
        tracker && (await insertOutput(tracker, run.link, output, trans));
      if (inserted && 'problem' in inserted) {
        await tellProblem(
          trans.__('Nothing was inserted'),
          inserted.problem,
          trans
        );
      } else if (inserted) {
        activate(inserted.panel.id);
        this._tell(
          trans.__(
            'Inserted below cell %1. Running the new cell would clear it.',
            inserted.after + 1
          )
        );
      }
    });
  }

  private async _picture(run: IShared): Promise<Blob> {
    const { trans } = this._options;
    const { reading, look, target } = this._reading(run);
    const { STYLE } = await import('./bundle');
    return drawPicture(
      { readings: [reading], look, targets: [target], trans },
      STYLE
    );
  }

  /** A run as the panel shows it, with a method and a target that it has. */
  private _reading({ record, target }: IShared) {
    const reading = new Reading(record);
    const wished = lookOf(this._options.look());
    const look = { ...wished, method: reading.methodLike(wished.method) };
    return { reading, look, target: reading.begin(target, look.method) };
  }

  private _tell(message: string): void {
    Notification.success(message, { autoClose: 4000 });
  }

  /**
   * @param instead - saves a file if copying fails.
   */
  private async _try(
    title: string,
    work: () => Promise<void>,
    instead?: () => void | Promise<void>
  ): Promise<void> {
    const { trans } = this._options;
    try {
      await work();
    } catch (reason) {
      const problem =
        reason instanceof NoClipboard
          ? clipboardProblem(reason, trans)
          : problemOf(reason, trans);
      const save = reason instanceof NoClipboard ? instead : undefined;
      if (await tellProblem(title, problem, trans, save !== undefined)) {
        await this._try(title, async () => save?.());
      }
    }
  }

  private readonly _options: ISharingOptions;
}

function clipboardProblem(
  { reason }: NoClipboard,
  trans: TranslationBundle
): IProblem {
  return reason === 'insecure'
    ? {
        message: trans.__(
          'This page has no clipboard: browsers give one only to pages on HTTPS or on this computer.'
        ),
        hint: trans.__(
          'Save it as a file instead, or open JupyterLab by an https:// address.'
        ),
        remedies: []
      }
    : {
        message: trans.__('The browser did not let this page copy.'),
        hint: trans.__(
          'Save it as a file instead, or allow the clipboard in the browser’s settings for this page.'
        ),
        remedies: []
      };
}

/** Show a problem. Resolves to whether to save a file instead. */
async function tellProblem(
  title: string,
  { message, hint }: IProblem,
  trans: TranslationBundle,
  canSave = false
): Promise<boolean> {
  const close = Dialog.cancelButton({ label: trans.__('Close') });
  const { button } = await showDialog({
    title,
    body: `${message} ${hint}`,
    buttons: canSave
      ? [close, Dialog.okButton({ label: trans.__('Save as file') })]
      : [close]
  });
  return button.accept;
}

function jsonOf(record: RunRecord): string {
  return JSON.stringify(record, null, 1);
}

function nameOf(record: RunRecord, extension: string): string {
  const day = new Date(record.created * 1000).toISOString().slice(0, 10);
  const name = record.title || record.answer.slice(0, 60) || record.model;
  return fileName(`${name} ${day}`, extension);
}
