import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  ICommandPalette,
  InputDialog,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { ApiClient, RunInfo } from '../api';
import { VIEWS } from '../compare/overlays';
import type { Comparison, ICompareState } from '../compare/comparison';
import { compareIcon } from '../compare/icon';
import { CompareLauncher } from '../compare/launcher';
import { CompareWidget, makeTab } from '../compare/widget';
import type { IPanelContext } from '../components/context';
import { addToMain, bringToFront } from '../components/mainarea';
import type { HistoryModel } from '../history';
import { MAX_TRIAL_PARTS } from '../compare/trial';
import { markOf } from '../map/marked';
import type { TokenSpan } from '../salience';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { SHARE_COMMANDS } from './sharecommands';

/** Commands that compare runs. */
export namespace CompareCommands {
  /** Takes the ids of two runs; without them, the user chooses. */
  export const compare = 'lit-lab:compare';
  export const compareWithBefore = 'lit-lab:compare-with-before';
  export const tryWithout = 'lit-lab:try-without';
  export const tryInstead = 'lit-lab:try-instead';
  export const markPart = 'lit-lab:mark-part';
}

/** Commands for a part of the shown prompt, in the order of its context menu. */
const TRIALS = [
  CompareCommands.tryWithout,
  CompareCommands.tryInstead,
  CompareCommands.markPart
];

/** What comparisons need from the panel. */
export interface ICompareOptions {
  readonly app: JupyterFrontEnd;
  readonly client: ApiClient;
  readonly session: Session;
  readonly history: HistoryModel;
  readonly restorer: ILayoutRestorer | null;
  readonly palette: ICommandPalette | null;
  readonly context: IPanelContext;
  readonly onSettings: (settings: Partial<ISettings>) => void;
}

/** How many runs the user can choose from. */
const OFFERED = 100;

/** Add tabs and commands for comparisons, and the panel's ways to open them. */
export function setUpCompare(options: ICompareOptions): CompareLauncher {
  const { app, client, session, history, restorer, palette } = options;
  const { context, onSettings } = options;
  const { trans } = context;
  const { commands, shell } = app;
  const tracker = new WidgetTracker<MainAreaWidget<CompareWidget>>({
    namespace: 'lit-lab-compare'
  });

  /**
   * @param key - of a restored tab: the layout's name for it.
   */
  const open = async (
    comparison: Comparison,
    key?: string
  ): Promise<MainAreaWidget<CompareWidget>> => {
    const content = new CompareWidget(comparison, context, {
      onSettings,
      onRestart: () => void session.service.restart(),
      onOpen: id => history.openById(id),
      onSave: (runs, targets) =>
        void commands.execute(SHARE_COMMANDS.page, {
          runs: [...runs],
          targets: targets.map(target => target && [...target])
        })
    });
    const tab = makeTab(content, key ?? `lit-lab-compare-${UUID.uuid4()}`);
    const { right } = comparison.sides;
    let phase = right.phase;
    right.changed.connect(() => {
      if (phase === 'running' && right.phase !== 'running') {
        history.expect();
      }
      phase = right.phase;
    });
    let saved = '';
    comparison.changed.connect(() => {
      const state = JSON.stringify(comparison.save());
      if (state !== saved) {
        saved = state;
        void tracker.save(tab);
      }
    });
    // First, so that the layout knows the tab's name when it is stored.
    await tracker.add(tab);
    addToMain(shell, tab, { type: 'LIT comparison' });
    if (key === undefined) {
      bringToFront(shell, tab);
    }
    return tab;
  };

  const launcher = new CompareLauncher(
    client,
    session,
    comparison => void open(comparison),
    trans
  );

  commands.addCommand(CompareCommands.compare, {
    label: trans.__('Compare Runs…'),
    caption: trans.__('Show two runs of a prompt side by side'),
    icon: compareIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          left: { type: 'string', description: trans.__('Id of a run') },
          right: { type: 'string', description: trans.__('Id of a run') }
        }
      }
    },
    execute: async args => {
      const state = readState(args);
      const key = typeof args.key === 'string' ? args.key : undefined;
      if (state) {
        const comparison = launcher.make();
        const tab = await open(comparison, key);
        void comparison.restore(state);
        return tab;
      }
      if (key !== undefined) {
        return undefined; // The tab was closed before it had any content.
      }
      await chooseTwo(client, launcher, trans);
      return undefined;
    }
  });
  commands.addCommand(CompareCommands.compareWithBefore, {
    label: trans.__('Compare with the Run Before'),
    caption: trans.__('Show the shown run and the one before it side by side'),
    icon: compareIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => launcher.current !== null && launcher.before !== null,
    execute: () => launcher.compareWithBefore()
  });
  commands.addCommand(CompareCommands.tryWithout, {
    label: trans.__('Try without This'),
    caption: trans.__(
      'Run the prompt without this part of it, and see both side by side'
    ),
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => launcher.current !== null,
    execute: () => {
      const part = partFor(app, launcher);
      if (part) {
        launcher.tryWithout(part.span);
      }
    }
  });
  commands.addCommand(CompareCommands.tryInstead, {
    label: trans.__('Try with … Instead of This'),
    caption: trans.__(
      'Run the prompt with another text in this part’s place, and see both side by side'
    ),
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => launcher.current !== null,
    execute: () => {
      const part = partFor(app, launcher);
      if (part) {
        launcher.edit(part.span, part.element);
      }
    }
  });
  commands.addCommand(CompareCommands.markPart, {
    label: trans.__('Mark This Part'),
    caption: trans.__('To try the prompt without several parts at once'),
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => launcher.current !== null,
    isToggled: () => {
      const part = partFor(app, launcher);
      return part !== null && markOf(part.span, launcher.parts.marked) === true;
    },
    execute: () => {
      const part = partFor(app, launcher);
      if (part) {
        launcher.mark(part.span);
      }
    }
  });
  launcher.changed.connect(() => {
    commands.notifyCommandChanged(CompareCommands.compareWithBefore);
    TRIALS.forEach(command => commands.notifyCommandChanged(command));
  });
  TRIALS.forEach((command, rank) => {
    app.contextMenu.addItem({
      command,
      selector: '.lit-panel-content [data-part="prompt"] .lit-segment',
      rank
    });
  });
  const category = trans.__('Prompt Salience');
  for (const command of [
    CompareCommands.compare,
    CompareCommands.compareWithBefore
  ]) {
    palette?.addItem({ command, category });
  }
  void restorer?.restore(tracker, {
    command: CompareCommands.compare,
    // A name from the beginning: the layout isn't stored again once its runs are
    // known.
    args: ({ id, content }) => ({ ...content.comparison.save(), key: id }),
    name: ({ id }) => id
  });
  return launcher;
}

/** Take what is valid of a stored state, or of a command's arguments. */
function readState(
  args: ReadonlyPartialJSONObject
): (Partial<ICompareState> & Pick<ICompareState, 'left'>) | null {
  const { left, right, view, shared, linked } = args;
  const parts = readParts(args.parts);
  if (typeof left !== 'string' || (typeof right !== 'string' && !parts)) {
    return null;
  }
  return {
    left,
    right: typeof right === 'string' ? right : null,
    view: VIEWS.find(one => one === view) ?? 'text',
    shared: shared !== false,
    linked: linked !== false,
    parts,
    replacement: typeof args.replacement === 'string' ? args.replacement : null,
    target: readSpan(args.target)
  };
}

/** A trial's parts, in order and without overlap. */
function readParts(value: unknown): TokenSpan[] | null {
  if (
    !Array.isArray(value) ||
    value.length === 0 ||
    value.length > MAX_TRIAL_PARTS
  ) {
    return null;
  }
  const spans = value.map(readSpan);
  let at = 0;
  return spans.every((span): span is TokenSpan => {
    const isNext = span !== null && at <= span[0];
    at = span?.[1] ?? at;
    return isNext;
  })
    ? spans
    : null;
}

function readSpan(value: unknown): TokenSpan | null {
  const isSpan =
    Array.isArray(value) &&
    value.length === 2 &&
    value.every(end => Number.isInteger(end) && end >= 0) &&
    value[0] < value[1];
  return isSpan ? [value[0], value[1]] : null;
}

/** The prompt's segment where the context menu was opened, or the focus is. */
function partFor(
  app: JupyterFrontEnd,
  launcher: CompareLauncher
): { span: TokenSpan; element: HTMLElement } | null {
  const isSegment = (node: Element | null) =>
    node instanceof HTMLElement && node.dataset.segment !== undefined;
  const element =
    app.contextMenuHitTest(isSegment) ??
    (isSegment(document.activeElement)
      ? (document.activeElement as HTMLElement)
      : null);
  const span = element && launcher.spanOf(Number(element.dataset.segment));
  return element && span ? { span, element } : null;
}

/** Let the user choose missing runs, and compare two. */
async function chooseTwo(
  client: ApiClient,
  launcher: CompareLauncher,
  trans: TranslationBundle
): Promise<void> {
  const { runs } = await client.runs({ limit: OFFERED });
  const { current } = launcher;
  const first =
    runs.find(run => run.id === current?.jobId) ??
    (await choose(runs, trans.__('Compare this run'), trans));
  const second =
    first &&
    (await choose(
      runs.filter(run => run.id !== first.id),
      current?.jobId === first.id
        ? trans.__('Compare the shown run with')
        : trans.__('with this one'),
      trans
    ));
  if (first && second) {
    launcher.compare(first, second);
  }
}

async function choose(
  runs: readonly RunInfo[],
  title: string,
  trans: TranslationBundle
): Promise<RunInfo | null> {
  const items = runs.map((run, i) => {
    const name = run.title || run.answer.trim() || run.prompt.trim();
    const time = new Date(run.created * 1000).toLocaleString([], {
      dateStyle: 'short',
      timeStyle: 'short'
    });
    return `${i + 1}. ${name.slice(0, 60).replace(/\s+/g, ' ')} · ${run.model} · ${time}`;
  });
  if (items.length === 0) {
    await InputDialog.getItem({
      title: trans.__('There is no other run in the history yet.'),
      items: ['–']
    });
    return null;
  }
  const { value } = await InputDialog.getItem({ title, items });
  return runs[items.indexOf(value ?? '')] ?? null;
}
