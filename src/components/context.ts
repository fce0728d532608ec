import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

/** What every part of the panel may need. */
export interface IPanelContext {
  readonly trans: TranslationBundle;
  /** Show the model service's log; absent where the server lets its user do no more than look. */
  readonly showLog?: () => void;
  /** Show the model manager; absent where there is none. */
  readonly openModels?: () => void;
  /** Show the whole answer at once; absent where there is no place for it. */
  readonly openMatrix?: () => void;
  /** Open the panel's menu below an element. */
  readonly openMenu: (anchor: HTMLElement) => void;
  /**
   * Open the menu of what can be done with the shown run, below an element;
   * where there is nothing to be done with it, there is none.
   */
  readonly openShare?: (anchor: HTMLElement) => void;
}

const Context = createContext<IPanelContext | null>(null);

/** Gives the parts below it what they need. */
export const PanelContext = Context.Provider;

/** What the panel gives to its parts. */
export function usePanel(): IPanelContext {
  const context = useContext(Context);
  if (!context) {
    throw new Error('This part is drawn outside of the panel.');
  }
  return context;
}
