import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { nextIndex } from '../components/rovingFocus';
import { charactersOf } from '../session/length';
import { arrange } from './arrange';
import type { IArranged } from './arrange';
import type { ICandidate } from './candidates';
import { kindName } from './kinds';

/** Most characters of a text that its preview holds. */
const MAX_PREVIEW = 240;

/** Most texts that are listed at once; the others are found by typing. */
const MAX_LISTED = 300;

/** From so many texts on there is a field to search them. */
const MIN_SEARCHED = 13;

/** How many rows Page Up and Page Down pass. */
const PAGE = 5;

/** The index of the dialog's button that closes it without a text. */
const CANCEL = 0;

/** Stands for the texts that are folded away. */
const FOLD = 'fold';

type Row = ICandidate | typeof FOLD;

/**
 * Let the user pick one of a cell's texts.
 *
 * A click picks; with the keyboard, arrows choose and Enter picks.
 *
 * @returns null when the user has cancelled.
 */
export async function pickCandidate(
  candidates: readonly ICandidate[],
  trans: TranslationBundle
): Promise<ICandidate | null> {
  const body = new Picker(arrange(candidates), trans);
  const dialog = new PickerDialog(body, trans);
  body.picked = () => dialog.resolve();
  const { button, value } = await dialog.launch();
  return button.accept ? value : null;
}

/** Stays open until a text is chosen, or the user cancels. */
class PickerDialog extends Dialog<ICandidate | null> {
  constructor(
    private readonly _picker: Picker,
    trans: TranslationBundle
  ) {
    super({
      title: trans.__('Which text?'),
      body: _picker,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Analyze') })
      ],
      defaultButton: 1,
      focusNodeSelector: '.lit-picker-search, .lit-picker'
    });
  }

  // Enter comes here from wherever the focus is, and so does a click on a button.
  resolve(index?: number): void {
    if (index === CANCEL || this._picker.accept()) {
      super.resolve(index);
    }
  }
}

/** The list in the dialog. */
export class Picker
  extends ReactWidget
  implements Dialog.IBodyWidget<ICandidate | null>
{
  constructor(arranged: IArranged<ICandidate>, trans: TranslationBundle) {
    super();
    this._arranged = arranged;
    this._trans = trans;
  }

  /** Called when an option is clicked. */
  picked: () => void = () => undefined;

  /** The text that is chosen; null: none. */
  getValue(): ICandidate | null {
    const row = this._rows()[this._chosen];
    return row === undefined || row === FOLD ? null : row;
  }

  /** Open the folded texts if their row is chosen; says whether a text is. */
  accept(): boolean {
    if (this._rows()[this._chosen] === FOLD) {
      this._isOpen = true;
      this.update();
      return false;
    }
    return this.getValue() !== null;
  }

  protected render(): React.ReactElement {
    const { listed, folded } = this._arranged;
    return (
      <PickerList
        rows={this._rows()}
        numFound={this._found().length}
        numFolded={folded.length}
        numTexts={listed.length + folded.length}
        numListed={this._isOpen && this._query === '' ? listed.length : null}
        hasSearch={listed.length + folded.length >= MIN_SEARCHED}
        query={this._query}
        trans={this._trans}
        chosen={this._chosen}
        search={query => {
          this._query = query;
          this._chosen = 0;
          this.update();
        }}
        choose={(index, isPicked) => {
          this._chosen = index;
          this.update();
          if (isPicked) {
            this.picked();
          }
        }}
      />
    );
  }

  /** What is shown. */
  private _rows(): readonly Row[] {
    const found = this._found();
    const rows = found.slice(0, MAX_LISTED);
    return rows.length < found.length && found[found.length - 1] === FOLD
      ? [...rows.slice(0, -1), FOLD]
      : rows;
  }

  /** What would be shown if there were room for all. */
  private _found(): readonly Row[] {
    const { listed, folded } = this._arranged;
    const query = this._query.trim().toLowerCase();
    if (query !== '') {
      return [...listed, ...folded].filter(
        ({ value, variable }) =>
          value.toLowerCase().includes(query) ||
          variable?.toLowerCase().includes(query)
      );
    }
    return this._isOpen || folded.length === 0
      ? [...listed, ...folded]
      : [...listed, FOLD];
  }

  private readonly _arranged: IArranged<ICandidate>;
  private readonly _trans: TranslationBundle;
  private _chosen = 0;
  private _query = '';
  private _isOpen = false;
}

interface IPickerProps {
  readonly rows: readonly Row[];
  /** How many there are, with those beyond the list's end. */
  readonly numFound: number;
  readonly numFolded: number;
  /** How many the cell has. */
  readonly numTexts: number;
  /** How many precede the texts that were folded; null: those aren't apart. */
  readonly numListed: number | null;
  readonly hasSearch: boolean;
  readonly query: string;
  readonly trans: TranslationBundle;
  readonly chosen: number;
  readonly search: (query: string) => void;
  readonly choose: (index: number, isPicked: boolean) => void;
}

function PickerList(props: IPickerProps): React.ReactElement {
  const { rows, numFound, numListed, trans, chosen, choose } = props;
  const list = React.useRef<HTMLDivElement>(null);
  const search = React.useRef<HTMLInputElement>(null);
  const id = React.useId();
  // The dialog may have looked for it before it was drawn.
  React.useEffect(() => (search.current ?? list.current)?.focus(), []);
  React.useEffect(() => {
    list.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView?.({ block: 'nearest' });
  }, [chosen, rows.length]);
  const active = rows.length > 0 ? `${id}-${chosen}` : undefined;
  const onKeyDown = (event: React.KeyboardEvent) => {
    const isTyping = event.target instanceof HTMLInputElement;
    // In what was typed they move the cursor.
    const isInField =
      isTyping && props.query !== '' && /^(?:Home|End)$/.test(event.key);
    const next = nextIndex(event.key, chosen, rows.length, PAGE);
    if (next !== null && !isInField) {
      event.preventDefault();
      choose(next, false);
    } else if (event.key === 'Enter' || (event.key === ' ' && !isTyping)) {
      // JupyterLab's dialogs take Enter for themselves; Notebook's older ones
      // only while some elements are focused.
      event.preventDefault();
      choose(chosen, true);
    }
  };
  const option = (row: Row, index: number) => (
    <div
      key={index}
      id={`${id}-${index}`}
      className="lit-picker-option"
      role="option"
      aria-selected={index === chosen}
      onClick={() => choose(index, true)}
    >
      {row === FOLD ? (
        <span className="lit-picker-fold">
          <span aria-hidden>▸ </span>
          {trans._n(
            'Show %1 short string',
            'Show %1 short strings',
            props.numFolded
          )}
        </span>
      ) : (
        <Option candidate={row} trans={trans} />
      )}
    </div>
  );
  const options = rows.map(option);
  return (
    <div className="lit-picker-body" onKeyDown={onKeyDown}>
      {props.hasSearch && (
        <Search {...props} field={search} list={id} active={active} />
      )}
      <div
        ref={list}
        id={id}
        className="lit-picker"
        role="listbox"
        tabIndex={0}
        aria-label={trans.__('Texts of this cell')}
        aria-activedescendant={active}
      >
        {numListed === null ? (
          options
        ) : (
          <>
            {options.slice(0, numListed)}
            <div role="group" aria-label={trans.__('Short strings')}>
              {options.slice(numListed)}
            </div>
          </>
        )}
      </div>
      {props.hasSearch && (
        <p className="lit-hint lit-picker-count" role="status">
          {numFound > rows.length
            ? trans.__(
                'The first %1 of %2. Type to find others.',
                rows.length,
                numFound
              )
            : props.query.trim() === ''
              ? trans._n('%1 text', '%1 texts', props.numTexts)
              : trans._n('%1 text found', '%1 texts found', numFound)}
        </p>
      )}
    </div>
  );
}

/** A field whose text the listed texts contain. */
function Search(
  props: IPickerProps & {
    field: React.RefObject<HTMLInputElement>;
    list: string;
    active: string | undefined;
  }
): React.ReactElement {
  const { trans, query, search } = props;
  return (
    <input
      ref={props.field}
      className="lit-field lit-picker-search"
      type="text"
      role="combobox"
      aria-expanded
      aria-autocomplete="list"
      aria-controls={props.list}
      aria-activedescendant={props.active}
      aria-label={trans.__('Search the texts of this cell')}
      placeholder={trans.__('Search')}
      spellCheck={false}
      value={query}
      onChange={event => search(event.target.value)}
    />
  );
}

/** One text: what it is, how it begins, and where it stands. */
const Option = React.memo(
  (props: {
    candidate: ICandidate;
    trans: TranslationBundle;
  }): React.ReactElement => {
    const { candidate, trans } = props;
    return (
      <>
        <span className="lit-picker-kind">
          {kindName(candidate.kind, trans)}
        </span>
        <span className="lit-picker-preview" dir="auto">
          {preview(candidate)}
        </span>
        <span className="lit-picker-note">{note(candidate, trans)}</span>
      </>
    );
  }
);
Option.displayName = 'Option';

/** The beginning of a text, with single blanks; in a conversation, roles are set off from what was said. */
function preview({ value, turns }: ICandidate): string {
  const begin = value.slice(0, 4 * MAX_PREVIEW).split('');
  turns?.forEach(({ value: [start] }) => {
    if (begin[start - 1]) {
      begin[start - 1] = ': ';
    }
  });
  const line = begin.join('').replace(/\s+/g, ' ').trim();
  return line.length > MAX_PREVIEW ? `${line.slice(0, MAX_PREVIEW)}…` : line;
}

/** Variable, turns, length, place and problem. */
function note(
  { variable, value, problem, turns, line }: ICandidate,
  trans: TranslationBundle
): string {
  return [
    variable,
    turns ? trans._n('%1 turn', '%1 turns', turns.length) : '',
    trans._n('%1 character', '%1 characters', charactersOf(value)),
    line === undefined ? '' : trans.__('line %1', line),
    problem
  ]
    .filter(Boolean)
    .join(' · ');
}
