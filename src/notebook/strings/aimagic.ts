/** The prompt in a cell of Jupyter AI's `%%ai`, which fills in the notebook's names. */
import type { IText } from './evaluate';
import { ANY, readTemplate } from './library';
import type { IFindContext } from './types';

const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** The body of such a cell: a template where it has fields. */
export function readAiPrompt(body: IText, context: IFindContext): IText {
  const { trans } = context;
  const read = readTemplate(body, { syntax: 'format' }, context, ANY);
  const isPlain = (expression: string) =>
    /^[\p{L}_][\p{L}\p{N}_]*(?=[.[!:]|$)/u.test(expression);
  // What Jupyter AI fails on stays in the text, with a word about it.
  const odd = read.fields.find(({ expression }) => !isPlain(expression));
  const fields = read.fields
    .filter(({ expression }) => isPlain(expression))
    .map(field => {
      const name = /^[^.[!:]*/.exec(field.expression)![0];
      const isBare = NAME.test(field.expression.replace(/[!:][^]*$/, ''));
      return { ...field, wanted: isBare ? name : null };
    });
  const problems = [
    ...read.problems,
    ...(odd === undefined
      ? []
      : [
          trans.__(
            'Jupyter AI takes “%1” for a placeholder. Write “{{” and “}}” for braces.',
            `{${odd.expression.slice(0, 40)}}`
          )
        ])
  ];
  return {
    ...body,
    value: read.value,
    map: read.map,
    fields,
    problems,
    kind: fields.length > 0 ? 'template' : body.kind
  };
}
