import { EditorState } from '@codemirror/state';

import { asShown, toEditor, toSource } from './breaks';

describe('notebook/breaks', () => {
  it.each(['a\nb', 'a\r\nb\r\n\r\nc', 'a\rb\r\n', '\r\n\n\r', ''])(
    'has %j as an editor has it',
    source => {
      const doc = EditorState.create({ doc: source }).doc;
      expect(asShown(source)).toBe(doc.toString());
      for (let at = 0; at <= source.length; at++) {
        if (source.slice(at - 1, at + 1) === '\r\n') {
          continue; // inside a break
        }
        const shown = toEditor(source)(at);
        expect(shown).toBe(asShown(source.slice(0, at)).length);
        expect(toSource(source)(shown)).toBe(at);
      }
    }
  );
});
