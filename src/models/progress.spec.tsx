import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import type { ModelInfo } from '../api';
import { PanelContext } from '../components/context';
import { fakeModel } from '../session/fixtures';
import { describeProgress } from './labels';
import type { ModelsModel } from './model';
import { Row } from './row';

(globalThis as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = true;

const trans = nullTranslator.load('lit_lab');
const NAME = 'gemma';
const reading = {
  done: 1_234_000_000,
  total: 2_614_000_000,
  tensors: 140,
  tensors_total: 290
};

const loading = fakeModel({
  name: NAME,
  state: 'loading',
  detail: `Loading ${NAME}…`,
  reading
});

describe('models/progress', () => {
  let host: HTMLElement;
  let root: Root;
  let stopped: string[];
  let changing: boolean;

  beforeEach(() => {
    host = document.body.appendChild(document.createElement('div'));
    root = createRoot(host);
    stopped = [];
    changing = false;
  });

  afterEach(() => {
    act(() => root.unmount());
    host.remove();
  });

  const draw = (model: ModelInfo) => {
    const models = {
      problem: () => null,
      isChanging: () => changing,
      stop: (name: string) => {
        stopped.push(name);
        return Promise.resolve(true);
      }
    };
    act(() =>
      root.render(
        <PanelContext value={{ trans, openMenu: () => undefined }}>
          <ul>
            <Row
              model={model}
              group="models"
              models={models as unknown as ModelsModel}
              isChosen={false}
              onChoose={null}
              trans={trans}
            />
          </ul>
        </PanelContext>
      )
    );
  };
  const stop = () =>
    host.querySelector<HTMLButtonElement>(
      `button[aria-label="Stop loading ${NAME}"]`
    );
  const bar = () => host.querySelector('progress')!;

  it('tells how far loading is, in bytes and tensors', () => {
    draw(loading);
    expect(host.textContent).toContain(`Loading ${NAME}…`);
    expect(host.textContent).toContain(
      '1.2\u00a0GB of 2.6\u00a0GB, 140 of 290 tensors'
    );
    expect([bar().value, bar().max]).toEqual([reading.done, reading.total]);
    expect(bar().getAttribute('aria-label')).toBe(`Loading ${NAME}`);
  });

  it('stops it', () => {
    draw(loading);
    act(() => stop()!.click());
    expect(stopped).toEqual([NAME]);
    changing = true;
    draw(loading);
    expect(stop()!.disabled).toBe(true);
  });

  it('invents no figures where nothing is read', () => {
    const detail = 'Waiting for its turn to load…';
    draw({ ...loading, detail, reading: null });
    expect(host.textContent).toContain(detail);
    expect(host.textContent).not.toContain(' of ');
    expect(bar().hasAttribute('value')).toBe(false);
    expect(stop()).not.toBeNull();
  });

  it('says that it was stopped, and offers it again', () => {
    const detail = `The loading of ${NAME} was stopped.`;
    draw({
      ...loading,
      state: 'unloaded',
      detail,
      error: 'loading_stopped',
      reading: null
    });
    expect(host.textContent).toContain(detail);
    expect(stop()).toBeNull();
    expect(
      host.querySelector(`button[aria-label="Load ${NAME}"]`)
    ).not.toBeNull();
  });

  it('tells of a download as before', () => {
    const download = { done: 1_000_000, total: 2_000_000 };
    draw(fakeModel({ name: NAME, state: 'downloading', download }));
    expect(host.textContent).toContain('1.0\u00a0MB of 2.0\u00a0MB');
    expect(
      host.querySelector(`button[aria-label="Stop downloading ${NAME}"]`)
    ).not.toBeNull();
    draw(fakeModel({ name: NAME, state: 'downloading' }));
    expect(host.textContent).toContain('Listing its files…');
  });

  it('tells nothing of what a model was on its way with before', () => {
    expect(describeProgress({ ...loading, state: 'ready' }, trans)).toBe('');
    const download = { done: 5, total: null };
    const downloading = fakeModel({
      name: NAME,
      state: 'downloading',
      download
    });
    expect(describeProgress(downloading, trans)).toBe('5\u00a0B');
  });
});
