import React, { useRef } from 'react';

/** One tab of a row of tabs. */
export interface ITab<T extends string> {
  readonly value: T;
  readonly name: string;
  readonly title?: string;
  /** Whether something in it needs attention, such as changes that aren't saved. */
  readonly mark?: string;
}

/** What each tab and its panel are called in the page, so that each names the other. */
export function tabIds(
  id: string,
  value: string
): { tab: string; panel: string } {
  return { tab: `${id}-tab-${value}`, panel: `${id}-panel-${value}` };
}

/**
 * A row of tabs: one stop of Tab; arrow keys, Home and End choose.
 *
 * @typeParam T - the tabs' values.
 */
export function Tabs<T extends string>(props: {
  /** Prefix of the elements' ids, unique in the page. */
  id: string;
  label: string;
  tabs: readonly ITab<T>[];
  value: T;
  /** Whether the panel of the chosen tab is shown; left out: it is. */
  isOpen?: boolean;
  onChange: (value: T) => void;
}): JSX.Element {
  const { id, label, tabs, value, isOpen = true, onChange } = props;
  const row = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.value === value);
    const to = destination(event.key, at, tabs.length);
    if (to === null) {
      return;
    }
    event.preventDefault();
    onChange(tabs[to].value);
    row.current?.querySelectorAll<HTMLElement>('[role="tab"]').item(to).focus();
  };
  return (
    <div
      ref={row}
      className="lit-tabs"
      role="tablist"
      aria-label={label}
      onKeyDown={onKeyDown}
    >
      {tabs.map(tab => {
        const ids = tabIds(id, tab.value);
        const isChosen = tab.value === value;
        return (
          <button
            key={tab.value}
            id={ids.tab}
            type="button"
            role="tab"
            className="lit-tab"
            title={tab.title}
            aria-selected={isChosen}
            aria-controls={isChosen && isOpen ? ids.panel : undefined}
            tabIndex={isChosen ? 0 : -1}
            onClick={() => onChange(tab.value)}
          >
            {tab.name}
            {tab.mark && (
              <span className="lit-tab-mark" title={tab.mark}>
                <span className="lit-visually-hidden">, {tab.mark}</span>
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}

/** Where a key leads from the tab at an index, or null: around the ends. */
function destination(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
      return (at + 1) % count;
    case 'ArrowLeft':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
