import type { TranslationBundle } from '@jupyterlab/translation';

import type { BatchRequest } from '../api';
import { Model } from '../session/model';
import type { Session } from '../session/session';
import { samplingOf } from '../session/settings';
import { expectationOf, faultOf, MAX_CHECKS, newCheck } from './checks';
import type { ICheckDraft } from './checks';
import type { IRowsToRun } from './rows';

/** The most characters of a template. */
export const MAX_TEMPLATE = 20_000;

/** The largest number of tokens that a request may ask for. */
const MAX_TOKENS = 100_000;

/** How many rows "the first" are at the beginning. */
const FEW = 20;

/** What the user chooses. */
export interface IChoices {
  /** Whether the prompts are the dataset's own, or made by a template. */
  readonly prompts: 'own' | 'template';
  readonly template: string;
  /** Another version of it to compare with; null: none. */
  readonly second: string | null;
  /** Null: the panel's model, until the form is used. */
  readonly model: string | null;
  /** A second model to compare with; null: none. */
  readonly other: string | null;
  readonly which: 'all' | 'found' | 'first';
  readonly first: number;
  readonly shares: boolean;
  readonly effects: boolean;
  /** Null: as in the panel's settings. */
  readonly maxNewTokens: number | null;
  readonly checks: readonly ICheckDraft[];
}

/** What the form needs from the session. */
export type FormSession = Pick<
  Session,
  'model' | 'settings' | 'service' | 'changed'
>;

/** The form that starts batches over the rows of a dataset. */
export class BatchForm extends Model {
  constructor(session: FormSession, trans: TranslationBundle) {
    super();
    this._session = session;
    this._trans = trans;
    session.changed.connect(this._emit, this);
  }

  /** The dataset; null before one is chosen. */
  get rows(): IRowsToRun | null {
    return this._rows;
  }

  /** Take another dataset. What was typed stays if it is the same one. */
  take(rows: IRowsToRun): void {
    const isSame = this._rows?.key === rows.key;
    this._rows?.changed.disconnect(this._onRows, this);
    this._rows = rows;
    rows.changed.connect(this._onRows, this);
    if (!isSame) {
      this._isBlank = true;
      this._choices = {
        ...this._choices,
        prompts: 'own',
        template: '',
        second: null,
        which: 'all'
      };
    }
    this._onRows();
  }

  get choices(): IChoices {
    return this._choices;
  }

  /** Change some of the choices. */
  change(change: Partial<IChoices>): void {
    this._choices = { ...this._choices, model: this.model, ...change };
    this._emit();
  }

  /** Keep the model that is shown, when the panel takes another one, as for a row that is opened. */
  keepModel(): void {
    this.change({});
  }

  /** Add an empty check. */
  addCheck(): void {
    const { checks } = this._choices;
    if (checks.length < MAX_CHECKS) {
      this.change({ checks: [...checks, newCheck(this._nextCheck++)] });
    }
  }

  /** Change a check; null removes it. */
  changeCheck(key: number, change: Partial<ICheckDraft> | null): void {
    this.change({
      checks: this._choices.checks.flatMap(check =>
        check.key !== key
          ? [check]
          : change === null
            ? []
            : [{ ...check, ...change }]
      )
    });
  }

  /** The models that can be chosen. */
  get models(): readonly string[] {
    return this._session.service.models.map(({ name }) => name);
  }

  /** The chosen model; null before the server has listed them. */
  get model(): string | null {
    const { model } = this._choices;
    return model !== null && this.models.includes(model)
      ? model
      : this._session.model;
  }

  /** The chosen second model, or null. */
  get other(): string | null {
    const { other } = this._choices;
    return other !== null && other !== this.model && this.models.includes(other)
      ? other
      : null;
  }

  /** The server's limit on an answer's tokens. */
  get limit(): number {
    return this._session.service.status?.limits.max_new_tokens ?? MAX_TOKENS;
  }

  /** The most tokens of an answer. */
  get maxNewTokens(): number {
    return Math.min(
      this.limit,
      this._choices.maxNewTokens ?? this._session.settings.maxNewTokens
    );
  }

  /** Which rows are run: a search that was cleared since finds all. */
  get which(): IChoices['which'] {
    const { which } = this._choices;
    return which === 'found' && !this._rows?.search ? 'all' : which;
  }

  /** How many rows are run. */
  get count(): number {
    const { rows = 0, search = null } = this._rows ?? {};
    switch (this.which) {
      case 'found':
        return search?.found ?? 0;
      case 'first':
        return Math.min(rows, this._choices.first);
      default:
        return rows;
    }
  }

  /** How many batches are started. */
  get batches(): number {
    const { prompts, second } = this._choices;
    const versions = prompts === 'template' && second !== null ? 2 : 1;
    return versions * (this.other === null ? 1 : 2);
  }

  /** Whether the server lets this user run anything. */
  get mayRun(): boolean {
    return !this._session.service.isReadOnly;
  }

  /** Why it can't be started, in words; empty: it can. */
  get fault(): string {
    const trans = this._trans;
    if (!this.mayRun) {
      return trans.__('This server only lets you read.');
    }
    const { prompts, template, second, checks } = this._choices;
    if (!this._rows || this._rows.id === null) {
      return trans.__('Open a dataset in the side panel first.');
    }
    if (!this._rows.isRead) {
      return trans.__(
        'The dataset isn’t read yet. The side panel shows how far it is.'
      );
    }
    if (this.count === 0) {
      return trans.__('There are no rows to run.');
    }
    if (this.model === null) {
      return trans.__('There is no model yet.');
    }
    if (prompts === 'template') {
      if (template.trim() === '' || second?.trim() === '') {
        return trans.__('A template is empty.');
      }
      if (second === template) {
        return trans.__('Both versions of the template are the same.');
      }
    }
    return checks.some(check => faultOf(check, trans) !== '')
      ? trans.__('A check is incomplete.')
      : '';
  }

  /** The request that starts the batches; null while there is a fault. */
  request(): BatchRequest | null {
    const { model, other } = this;
    if (this.fault !== '' || model === null) {
      return null;
    }
    const { prompts, template, second, shares, effects, first, checks } =
      this._choices;
    const { id, search } = this._rows!;
    const { settings } = this._session;
    const isFound = this.which === 'found' && search !== null;
    return {
      dataset: id!,
      rows: {
        search: isFound ? search.words : '',
        source: isFound ? search.source : null,
        first: this.which === 'first' ? first : null
      },
      models: other === null ? [model] : [model, other],
      templates:
        prompts === 'own'
          ? []
          : second === null
            ? [template]
            : [template, second],
      prompt: null,
      target: null,
      measures: [
        ...(shares ? ['shares' as const] : []),
        ...(effects ? ['effects' as const] : [])
      ],
      max_new_tokens: this.maxNewTokens,
      sampling: samplingOf(settings),
      stop: [...settings.stop],
      chat: settings.chat,
      thinking: settings.thinking,
      checks: checks.map(expectationOf)
    };
  }

  protected release(): void {
    this._session.changed.disconnect(this._emit, this);
    this._rows?.changed.disconnect(this._onRows, this);
  }

  /** Begin with the columns that the dataset uses, once they are known. */
  private _onRows(): void {
    const rows = this._rows;
    if (this._isBlank && rows?.isRead) {
      this._isBlank = false;
      const { template, prompt } = rows.chosen;
      const isTyped = this._choices.template !== '';
      this._choices = {
        ...this._choices,
        ...(!isTyped && {
          prompts: template ? 'template' : this._choices.prompts,
          template: template ?? (prompt === null ? '' : `{${prompt}}`)
        }),
        which: rows.search ? 'found' : this._choices.which
      };
    }
    this._emit();
  }

  private _emit(): void {
    this._changed.emit();
  }

  private readonly _session: FormSession;
  private readonly _trans: TranslationBundle;
  private _rows: IRowsToRun | null = null;
  /** Whether the dataset's columns are still to be taken. */
  private _isBlank = false;
  private _nextCheck = 0;
  private _choices: IChoices = {
    prompts: 'own',
    template: '',
    second: null,
    model: null,
    other: null,
    which: 'all',
    first: FEW,
    shares: true,
    effects: true,
    maxNewTokens: null,
    checks: []
  };
}
