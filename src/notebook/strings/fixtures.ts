/** What the specs of composed texts share. */
import { fill } from '../../session/template';
import { codeCells, pythonFinder } from '../values/fakes';

/** The composed texts of a cell, the first to be meant first. */
export async function composed(
  cells: readonly string[],
  index = cells.length - 1
) {
  const notebook = codeCells(cells);
  const finder = pythonFinder();
  const found = await finder.find(notebook, index);
  const texts = found.filter(({ kind }) => kind === 'composed');
  return Promise.all(
    texts.map(async text => {
      const suggestions = await finder.suggest(notebook, index, text);
      const values = Object.fromEntries(
        Object.entries(suggestions).flatMap(([name, { value }]) =>
          value === null ? [] : [[name, value]]
        )
      );
      return {
        ...text,
        values,
        suggestions,
        ...{ filled: fill(text, values) }
      };
    })
  );
}

export const CONCATENATION =
  'rules = "Be brief. "\nq = "What is a quark?"\nprompt = "Answer for a child. " + rules + "Question: " + q + "\\nAnswer:"';
export const STEPS = [
  'prompt = "You are a poet.\\n"\nprompt += "Write two lines.\\n"\nprompt += f"Topic: {topic}"',
  'topic = "rain"'
];
export const POEM = 'You are a poet.\nWrite two lines.\nTopic: {topic}';
