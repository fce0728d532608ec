import React from 'react';

import { Stage } from '../components/fixtures';
import { cutText } from '../session/runText';
import { DEFAULT_SETTINGS } from '../session/settings';
import type { ISettings } from '../session/settings';
import { token } from './fixtures';
import { MapOptions } from './options';

const WRAPPED =
  'Where did the queen of that far country, who ruled when the\npainter was born, die?';

describe('the options of a map', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => {
    stage.dispose();
  });

  /** Draw the options over a text, and say what they tell of its lines. */
  function hint(value: string, change: Partial<ISettings> = {}): string {
    const settings = { ...DEFAULT_SETTINGS, ...change };
    const run = {
      promptTokens: value.split(/(?<=\s)/).map(piece => token(piece)),
      answerTokens: []
    };
    stage.draw(
      <MapOptions
        settings={settings}
        text={cutText(run, settings.granularity, null, settings)}
        onSettings={next => changes.push(next)}
      />
    );
    const hints = [...stage.host.querySelectorAll('.lit-hint')];
    return hints.map(({ textContent }) => textContent).join('\n');
  }

  const changes: Partial<ISettings>[] = [];

  it('says what it does to this text', () => {
    expect(hint(WRAPPED)).toContain('run across them');
    expect(hint('One line.\nAnother line.')).toContain('No line of this text');
    for (const change of [
      { joinLines: 'on' },
      { joinLines: 'off' },
      { granularity: 'words' }
    ] as const) {
      expect(hint(WRAPPED, change)).not.toContain('mid-sentence');
    }
  });

  it('is chosen by the user', () => {
    hint(WRAPPED);
    const select = [...stage.host.querySelectorAll('label')]
      .find(({ textContent }) => textContent?.includes('wrapped by hand'))!
      .querySelector('select')!;
    expect(select.value).toBe('auto');
    select.value = 'off';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    expect(changes).toEqual([{ joinLines: 'off' }]);
  });

  it('says what becomes of squares by each method', () => {
    expect(hint(WRAPPED)).toContain('Squares');
    const summed = hint(WRAPPED, { method: 'integrated_gradients' });
    expect(summed).toContain('summed instead');
    expect(summed).not.toContain('Squares');
  });
});
