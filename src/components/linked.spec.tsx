import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import { Linked } from './linked';

const draw = (text: string) => renderToStaticMarkup(<Linked text={text} />);

describe('components/linked', () => {
  it('links addresses, without the punctuation behind them', () => {
    expect(draw('Look at https://www.kaggle.com/settings, then run.')).toBe(
      'Look at <a href="https://www.kaggle.com/settings" target="_blank" rel="noopener noreferrer">kaggle.com/settings</a>, then run.'
    );
    expect(draw('https://a.example')).toContain('href="https://a.example"');
  });

  it('links nothing else, and takes no markup', () => {
    expect(draw('javascript:alert(1) http://x <b>bold</b>')).toBe(
      'javascript:alert(1) http://x &lt;b&gt;bold&lt;/b&gt;'
    );
    expect(draw('https://a.example/"onclick="x')).not.toContain('onclick="x"');
  });
});
