import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

/** What any part of the panel may need. */
export interface IPanelContext {
  readonly trans: TranslationBundle;
  /** Show the model service's log; absent if the server only lets its user read. */
  readonly showLog?: () => void;
  /** Show the model manager; absent if there is none. */
  readonly openModels?: () => void;
  /** Show the whole answer at once; absent if there is no place for it. */
  readonly openMatrix?: () => void;
  /** Open the panel's menu below an element. */
  readonly openMenu: (anchor: HTMLElement) => void;
  /**
   * Open the menu of actions for the shown run, below an element; absent if there
   * are none.
   */
  readonly openShare?: (anchor: HTMLElement) => void;
  /** Whether another panel announces what changes. */
  readonly isSilent?: boolean;
}

const Context = createContext<IPanelContext | null>(null);

/** Passes the context to the parts below it. */
export const PanelContext = Context.Provider;

/** Whether this is the one of several panels that announces what changes; outside of a panel, it does. */
export function useSpeaks(): boolean {
  return useContext(Context)?.isSilent !== true;
}

/** The context of the panel. */
export function usePanel(): IPanelContext {
  const context = useContext(Context);
  if (!context) {
    throw new Error('This part is drawn outside of the panel.');
  }
  return context;
}
