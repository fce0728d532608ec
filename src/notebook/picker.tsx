import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { nextIndex } from '../components/rovingFocus';
import { charactersOf } from '../session/length';
import type { ICandidate } from './candidates';
import { kindName } from './kinds';

/** Most characters of a text that its preview holds. */
const PREVIEW = 160;

/** Most texts that are offered: of more, a place in the cell says which is meant. */
const MOST = 300;

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
  const body = new Picker(candidates.slice(0, MOST), trans);
  const dialog = new Dialog<number>({
    title:
      candidates.length > MOST
        ? trans.__(
            'Which text? These are the first %1 of %2; for another, right-click it.',
            MOST,
            candidates.length
          )
        : trans.__('Which text?'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Analyze') })
    ],
    defaultButton: 1,
    focusNodeSelector: '.lit-picker'
  });
  body.picked = () => dialog.resolve(1);
  const { button, value } = await dialog.launch();
  return button.accept && value !== null ? candidates[value] : null;
}

/** The list in the dialog. */
class Picker extends ReactWidget implements Dialog.IBodyWidget<number> {
  constructor(candidates: readonly ICandidate[], trans: TranslationBundle) {
    super();
    this._candidates = candidates;
    this._trans = trans;
  }

  /** Called when an option is clicked. */
  picked: () => void = () => undefined;

  /** Index of the option that is chosen. */
  getValue(): number {
    return this._chosen;
  }

  protected render(): React.ReactElement {
    return (
      <PickerList
        candidates={this._candidates}
        trans={this._trans}
        chosen={this._chosen}
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

  private readonly _candidates: readonly ICandidate[];
  private readonly _trans: TranslationBundle;
  private _chosen = 0;
}

interface IPickerProps {
  readonly candidates: readonly ICandidate[];
  readonly trans: TranslationBundle;
  readonly chosen: number;
  readonly choose: (index: number, isPicked: boolean) => void;
}

function PickerList(props: IPickerProps): React.ReactElement {
  const { candidates, trans, chosen, choose } = props;
  const list = React.useRef<HTMLUListElement>(null);
  const id = React.useId();
  React.useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView?.({ block: 'nearest' });
  }, [chosen]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const next = nextIndex(event.key, chosen, candidates.length);
    if (next !== null) {
      event.preventDefault();
      choose(next, false);
    } else if (event.key === 'Enter' || event.key === ' ') {
      // Dialogs take Enter for themselves only while some elements are focused.
      event.preventDefault();
      choose(chosen, true);
    }
  };
  return (
    <ul
      ref={list}
      className="lit-picker"
      role="listbox"
      tabIndex={0}
      aria-label={trans.__('Texts of this cell')}
      aria-activedescendant={`${id}-${chosen}`}
      onKeyDown={onKeyDown}
    >
      {candidates.map((candidate, index) => (
        <li
          key={index}
          id={`${id}-${index}`}
          className="lit-picker-option"
          role="option"
          aria-selected={index === chosen}
          onClick={() => choose(index, true)}
        >
          <span className="lit-picker-kind">
            {kindName(candidate.kind, trans)}
          </span>
          <span className="lit-picker-preview" dir="auto">
            {preview(candidate.value)}
          </span>
          <span className="lit-picker-note">{note(candidate, trans)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The beginning of a text, on one line. */
function preview(value: string): string {
  const line = value
    .slice(0, 4 * PREVIEW)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > PREVIEW ? `${line.slice(0, PREVIEW)}…` : line;
}

/** Variable, length and problem. */
function note(
  { variable, value, problem, turns }: ICandidate,
  trans: TranslationBundle
): string {
  const length =
    turns === undefined
      ? trans._n('%1 character', '%1 characters', charactersOf(value))
      : trans._n('%1 turn', '%1 turns', turns);
  return [variable, length, problem].filter(Boolean).join(' · ');
}
