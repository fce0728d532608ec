/** What libraries' templates are filled in to, and which texts are none. */
import { fill } from '../../session/template';
import { suggested, valuesOf } from './fakes';

const FROM = 'from langchain_core.prompts import PromptTemplate\n';

describe('a text', () => {
  it.each([
    [
      "LangChain's braces",
      `${FROM}PromptTemplate.from_template("{{\\"a\\": {x}}}").format(x="1")`,
      '{"a": 1}'
    ],
    [
      "string.Template's dollars",
      'from string import Template\nTemplate("$$5 for $x").substitute(x="1")',
      '$5 for 1'
    ],
    [
      "Jinja's blanks, comments and last line",
      'from jinja2 import Template\nTemplate("a  {{- x -}}  b{# c #} {{ \\"{{\\" }}{% raw %}{{y}}{% endraw %}\\n\\n").render(x="1")',
      'a1b {{{{y}}\n'
    ],
    [
      "Jinja's last line, where it is kept",
      'from jinja2 import Environment\nEnvironment(keep_trailing_newline=True).from_string("{{x}}\\n").render(x="1")',
      '1\n'
    ],
    [
      "LlamaIndex's braces",
      'from llama_index.core import PromptTemplate\nPromptTemplate("{ \\"a\\": {x} }").format(x="1")',
      '{ "a": 1 }'
    ],
    [
      'a value that holds a later marker',
      '"<A> <B>".replace("<A>", "[<B>]").replace("<B>", "b")',
      '[b] b'
    ],
    [
      'a value that holds an earlier marker',
      '"{A} {B}".replace("{A}", "a").replace("{B}", "[{A}]")',
      'a [{A}]'
    ],
    [
      'a marker that is replaced once',
      '"{A} {A}".replace("{A}", "a", 1)',
      'a {A}'
    ]
  ])('fills in %s as the library does', async (_, cell, whole) => {
    const { found } = await suggested([cell], 0);
    const notebook = await suggested([cell], 0);
    const text = found.find(({ kind }) => kind === 'template')!;
    expect(text).toBeDefined();
    const values = await valuesOf([cell], 0);
    expect(fill(text, values).value).toBe(whole);
    expect(notebook.found).toHaveLength(found.length);
  });

  it.each([
    [
      'a loop of Jinja',
      'from jinja2 import Template\nTemplate("{% for x in xs %}{{ x }}{% endfor %}").render(xs=xs)',
      '“{% for x in xs %}” decides'
    ],
    [
      'a section of Mustache',
      `${FROM}PromptTemplate.from_template("{{#x}}y{{/x}}", template_format="mustache")`,
      '“{{#x}}” decides'
    ]
  ])('stays as it is written: %s', async (_, cell, problem) => {
    const { found } = await suggested([cell], 0);
    const text = found.find(({ problem: own }) => own !== undefined)!;
    expect(text.kind).toBe('string');
    expect(text.fields).toEqual([]);
    expect(text.problem).toContain(problem);
  });

  it.each([
    [
      'a class of the notebook’s',
      'class PromptTemplate:\n    def __init__(self, template): pass\nPromptTemplate(template="On {x}.")'
    ],
    [
      'another library’s',
      'from mine import PromptTemplate\nPromptTemplate.from_template("On {x}.")'
    ],
    ['a Template whose text says nothing', 'Template("On {x}.")'],
    [
      'string.Template, for Jinja’s',
      'from string import Template\nTemplate("On {{ x }}.")'
    ],
    [
      'markers of another kind',
      'from jinja2 import Environment\nEnvironment(variable_start_string="<<").from_string("{{ x }}")'
    ],
    ['cleaning up', '"a<br>b".replace("<br>", "\\n").replace("b", "c")'],
    [
      'a text that is no marker',
      '"a cat".replace("cat", dog); "a RAG".replace("RAG", "AI")'
    ]
  ])('is no template: %s', async (_, cell) => {
    const { found } = await suggested([cell], 0);
    expect(found.filter(({ fields }) => fields.length > 0)).toEqual([]);
  });
});
