/** Filling libraries' templates in: where values come from, and where there are none. */
import { suggested, valuesOf } from './fakes';

const FROM = 'from langchain_core.prompts import PromptTemplate\n';

describe('a library’s template', () => {
  it('says where its values come from, and why there is none', async () => {
    const cells = [
      `${FROM}p = PromptTemplate.from_template("{a} {b}")`,
      'p.format(a="A", b=load())'
    ];
    const { suggestions } = await suggested(cells, 0);
    expect(suggestions).toEqual({
      a: { value: 'A', from: 'cell 2' },
      b: { value: null, from: 'built at run time in cell 2' }
    });
    const alone = await suggested(cells.slice(0, 1), 0);
    expect(alone.suggestions.a).toEqual({
      value: null,
      from: 'no call that is followed here gives it a value'
    });
  });

  it('offers a choice where several calls fill it in', async () => {
    const cells = [
      `${FROM}p = PromptTemplate.from_template("On {x}.")`,
      'p.invoke({"x": "rain"})\np.invoke({"x": "sun"})'
    ];
    const { suggestions } = await suggested(cells, 0);
    expect(suggestions.x.choices?.map(({ value }) => value)).toEqual([
      'rain',
      'sun'
    ]);
  });

  it('says what Jupyter AI fails on', async () => {
    const { found } = await suggested(['%%ai m\nAnswer as {"a": 1}.'], 0);
    expect(found[0]).toMatchObject({
      kind: 'raw',
      value: 'Answer as {"a": 1}.',
      fields: []
    });
    expect(found[0].problem).toContain('placeholder');
  });

  it('gives no text of a template string', async () => {
    const cells = ['name = "Ada"\nt1 = t"Hello {name}"', 'f"{t1}"'];
    expect(await valuesOf(cells, 1)).toEqual({});
    const { found } = await suggested(['x = ["t", \'it\']\nf(\'a "t" b\')'], 0);
    expect(found.map(({ value }) => value)).toEqual(['t', 'it', 'a "t" b']);
  });

  it('is not known any more where code may have changed it', async () => {
    const cells = [
      `${FROM}p = PromptTemplate.from_template("On {x}.")\np.template = other\np.format(x="rain")`
    ];
    expect(await valuesOf(cells, 0)).toEqual({});
  });

  it('gives what it is filled with on', async () => {
    const cells = [
      `${FROM}p = PromptTemplate.from_template("On {x}.")\ntext = p.format(x="rain")`,
      'f"{text}"'
    ];
    expect(await valuesOf(cells, 1)).toEqual({ text: 'On rain.' });
    const jinja = [
      'from jinja2 import Template\ntext = Template("On {{x}}.").render(x="rain")',
      'f"{text}"'
    ];
    expect(await valuesOf(jinja, 1)).toEqual({ text: 'On rain.' });
    const replaced = ['text = "On {X}.".replace("{X}", "rain")', 'f"{text}"'];
    expect(await valuesOf(replaced, 1)).toEqual({ text: 'On rain.' });
  });

  it('isn’t known of a list that had fewer items when a function was called', async () => {
    const cells = [
      `${FROM}xs = ["a"]\np = PromptTemplate.from_template("On {x}.").partial(x=xs)\ndef f():\n    return f"{p.format()}"\ng(f)\nxs.append("b")`
    ];
    expect(await valuesOf(cells, 0)).toEqual({});
  });

  it('is added to a text as a template', async () => {
    const cells = [
      `${FROM}p = "Hello. " + PromptTemplate.from_template("On {x}.")\np.format(x="rain")`
    ];
    expect(await valuesOf(cells, 0)).toEqual({ x: 'rain' });
  });
});
