import { Toolbar } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import React, { act } from 'react';

import { Stage } from '../components/fixtures';
import { Tools } from './tools';

describe('panel/tools', () => {
  it('attaches a toolbar as long as the header is drawn, and again after', () => {
    const stage = new Stage();
    const toolbar = new Toolbar();
    const item = new Widget();
    toolbar.addItem('one', item);
    for (let i = 0; i < 2; i++) {
      stage.draw(<Tools toolbar={toolbar} />);
      expect(item.isAttached).toBe(true);
      expect(stage.host.contains(item.node)).toBe(true);
      stage.draw(<span />);
      expect(item.isAttached).toBe(false);
    }
    stage.draw(<Tools toolbar={toolbar} />);
    act(() => stage.dispose());
    expect(toolbar.isAttached).toBe(false);
    toolbar.dispose();
  });
});
