/** Templates of libraries: which texts are theirs, and what fills them in. */
import { suggested, valuesOf } from './fakes';

/** Cells, the index of the one that is asked, and the values of its fields. */
type Case = readonly [
  string,
  readonly string[],
  number,
  Record<string, string>
];

const FROM = 'from langchain_core.prompts import PromptTemplate\n';

const KNOWN: readonly Case[] = [
  [
    "LangChain's from_template, through a chain",
    [
      't = PromptTemplate.from_template("Translate {text} to {language}.")\nchain = t | llm',
      'chain.invoke({"text": "hi", "language": "German"})'
    ],
    0,
    { text: 'hi', language: 'German' }
  ],
  [
    "LangChain's PromptTemplate of a name, and format",
    [
      `${FROM}T = "Sum up {text}."\np = PromptTemplate(template=T, input_variables=["text"])\np.format(text="a story")`
    ],
    0,
    { text: 'a story' }
  ],
  [
    'another name for a class',
    [
      'from langchain.prompts import PromptTemplate as PT\nPT.from_template("On {x}.").format_prompt(x="rain")'
    ],
    0,
    { x: 'rain' }
  ],
  [
    'a class of a module',
    [
      'import langchain.prompts as lp\nlp.PromptTemplate.from_template("On {x}.").invoke({"x": "rain"})'
    ],
    0,
    { x: 'rain' }
  ],
  [
    'an import that one of two ways makes',
    [
      'try:\n    from langchain.prompts import PromptTemplate\nexcept ImportError:\n    from langchain_core.prompts import PromptTemplate\nPromptTemplate.from_template("On {x}.").invoke({"x": "rain"})'
    ],
    0,
    { x: 'rain' }
  ],
  [
    'the only name of a template, by its value alone',
    [
      `${FROM}p = PromptTemplate.from_template("On {x}.")\n(p | llm).invoke("rain")`
    ],
    0,
    { x: 'rain' }
  ],
  [
    'values that it has already',
    [
      `${FROM}p = PromptTemplate(template="{a} {b}", input_variables=["b"], partial_variables={"a": "A"})`
    ],
    0,
    { a: 'A' }
  ],
  [
    'partial, and what a call gives instead',
    [
      `${FROM}p = PromptTemplate.from_template("{a} {b} {c}").partial(a="A", b="no")\np.format(b="B", c="C")`
    ],
    0,
    { a: 'A', b: 'B', c: 'C' }
  ],
  [
    'LLMChain, and run with a name',
    [
      `${FROM}chain = LLMChain(llm=llm, prompt=PromptTemplate(template="On {x}.", input_variables=["x"]))\nchain.run(x="rain")`
    ],
    0,
    { x: 'rain' }
  ],
  [
    'predict, and a call with a dictionary',
    [
      `${FROM}chain = LLMChain(llm=llm, prompt=PromptTemplate(template="On {x} and {y}.", input_variables=["x", "y"]))\nchain({"x": "rain", "y": "sun"})`
    ],
    0,
    { x: 'rain', y: 'sun' }
  ],
  [
    'a dictionary of what is passed through',
    [
      `${FROM}chain = {"context": retriever, "question": RunnablePassthrough()} | PromptTemplate.from_template("{context} {question}") | llm`,
      'chain.invoke("Why?")'
    ],
    0,
    { question: 'Why?' }
  ],
  [
    'items that go in',
    [
      `from operator import itemgetter\n${FROM}chain = {"q": itemgetter("a"), "n": itemgetter("b")} | PromptTemplate.from_template("{q} {n}") | llm\nchain.invoke({"a": "A", "b": "B"})`
    ],
    0,
    { q: 'A', n: 'B' }
  ],
  [
    "LangChain's Jinja",
    [
      `${FROM}p = PromptTemplate.from_template("On {{ x }}.", template_format="jinja2")\np.format(x="rain")`
    ],
    0,
    { x: 'rain' }
  ],
  [
    "LangChain's Mustache, which escapes",
    [
      `${FROM}p = PromptTemplate.from_template("{{x}} {{{y}}} {{z}}", template_format="mustache")\np.format(x="a<b", y="a<b")`
    ],
    0,
    { x: 'a&lt;b', y: 'a<b', z: '' }
  ],
  [
    'a message of its own',
    [
      'h = HumanMessagePromptTemplate.from_template("On {x}.")\nh.format(x="rain")'
    ],
    0,
    { x: 'rain' }
  ],
  [
    'a function that makes and fills it',
    [
      `${FROM}def ask(topic):\n    p = PromptTemplate.from_template("On {topic}.")\n    return (p | llm).invoke({"topic": topic})\nask("rain")`
    ],
    0,
    { topic: 'rain' }
  ],
  [
    "Jinja's render, with keywords",
    ['import jinja2\njinja2.Template("Hi {{ name }}.").render(name="Ada")'],
    0,
    { name: 'Ada' }
  ],
  [
    "Jinja's render, with mappings and what is left out",
    [
      'from jinja2 import Template\nT = Template("{{a}} {{ b.c }} {{d}}")\nT.render({"a": 1, "b": {"c": "C"}})'
    ],
    0,
    { a: '1', 'b.c': 'C', d: '' }
  ],
  [
    "an environment of Jinja's",
    [
      'from jinja2 import Environment, StrictUndefined\nenv = Environment(undefined=StrictUndefined)\nenv.from_string("Hi {{ name }}.").render(name="Ada")'
    ],
    0,
    { name: 'Ada' }
  ],
  [
    'string.Template',
    [
      'from string import Template\nT = "Hi $name, ${greeting}."\nTemplate(T).substitute(name="Ada", greeting="hello")'
    ],
    0,
    { name: 'Ada', greeting: 'hello' }
  ],
  [
    'a mapping of string.Template, which keywords go before',
    [
      'import string\nstring.Template("$a $b").safe_substitute({"a": "no", "b": "B"}, a="A")'
    ],
    0,
    { a: 'A', b: 'B' }
  ],
  [
    'a Template of nobody knows which, by its text',
    ['Template("Hi $name").substitute(name="Ada")'],
    0,
    { name: 'Ada' }
  ],
  [
    "LlamaIndex's PromptTemplate",
    [
      'from llama_index.core import PromptTemplate\nqa = PromptTemplate("{context} {q}")\nqa.format(context="C", q="Q")'
    ],
    0,
    { context: 'C', q: 'Q' }
  ],
  [
    "LlamaIndex's RichPromptTemplate",
    [
      'from llama_index.core.prompts import RichPromptTemplate\nqa = RichPromptTemplate("Hi {{ name }}")\nqa.format(name="Ada")'
    ],
    0,
    { name: 'Ada' }
  ],
  [
    "Haystack's PromptBuilder",
    [
      'from haystack.components.builders import PromptBuilder\nb = PromptBuilder(template="On {{ topic }} {{ n }}.")\nb.run(topic="no", n=1, template_variables={"topic": "rain"})'
    ],
    0,
    { topic: 'rain', n: '1' }
  ],
  [
    'replace',
    [
      'prompt = "Sum up {{TEXT}} in one line."\nllm(prompt.replace("{{TEXT}}", text))',
      'text = "a long story"'
    ],
    0,
    { TEXT: 'a long story' }
  ],
  [
    'replace in turn',
    [
      'P = "<q>[QUESTION]</q> $LANG"\np = P.replace("[QUESTION]", "Why?")\np = p.replace("$LANG", "German")'
    ],
    0,
    { QUESTION: 'Why?', LANG: 'German' }
  ],
  [
    'replace, of a value that is not known',
    [
      'P = "<doc> and <q>"\nP.replace("<doc>", load()).replace("<q>", q)\nq = "Q"'
    ],
    0,
    { q: 'Q' }
  ],
  [
    'replace in a function',
    [
      'def fill(p, x):\n    return p.replace("{X}", x)\nT = "On {X}."\nfill(T, "rain")'
    ],
    0,
    { X: 'rain' }
  ],
  [
    'an item that is formatted',
    ['P = {"sum": "Sum up {text}."}', 'llm(P["sum"].format(text="a story"))'],
    0,
    { text: 'a story' }
  ],
  [
    'format_map of a name',
    ['T = "On {x}."\nd = dict_ = {"x": "rain"}\nT.format_map(d)'],
    0,
    { x: 'rain' }
  ],
  [
    "names in Jupyter AI's cells",
    ['topic = "rain"', '%%ai m\nWrite on {topic} in {{braces}}.'],
    1,
    { topic: 'rain' }
  ],
  [
    'formats in them',
    ['n = 5; topic = "rain"', '%%ai m:x -f text\n{n:>3} of {topic!r}'],
    1,
    { 'n:>3': '  5', 'topic!r': "'rain'" }
  ],
  [
    'a template string',
    ['p = t"Hello {name}"\nname = "Ada"'],
    0,
    { name: 'Ada' }
  ],
  [
    'a raw template string with formats',
    ["n = 2.5\nsend(tR'{n:.2f} \\d {n!r}')"],
    0,
    { 'n:.2f': '2.50', 'n!r': '2.5' }
  ],
  [
    "a PromptTemplate whose text comes first: LlamaIndex's",
    ['PromptTemplate("On {x}.").format(x="rain")'],
    0,
    { x: 'rain' }
  ],
  [
    'several inputs at once',
    [
      `${FROM}chain = PromptTemplate.from_template("On {x}.") | llm\nchain.batch([{"x": "rain"}, {"x": "rain"}])`
    ],
    0,
    { x: 'rain' }
  ],
  [
    'an f-string, whose own fields it keeps',
    [
      `${FROM}role = "a poet"\np = PromptTemplate.from_template(f"You are {role}: {{x}} {{{{}}}}.")\np.format(x="rain")`
    ],
    0,
    { role: 'a poet', x: 'rain' }
  ],
  [
    'an f-string that is not known',
    [
      `${FROM}p = PromptTemplate.from_template(f"{load()} {{x}} {load()!r} {{y}}")\np.invoke({"x": "rain", "y": "sun"})`
    ],
    0,
    { x: 'rain', y: 'sun' }
  ],
  [
    'two calls with one dictionary',
    [
      `${FROM}p = PromptTemplate.from_template("On {x}.")\nd = {"x": "rain"}\n(p | llm).invoke(d)\np.format(**d)`
    ],
    0,
    { x: 'rain' }
  ],
  [
    'the suffix of examples',
    [
      'p = FewShotPromptTemplate(examples=some, example_prompt=e, prefix="Be brief.", suffix="Q: {x}")\np.format(x="Why?")'
    ],
    0,
    { x: 'Why?' }
  ],
  [
    'what is added to a template',
    [
      `${FROM}p = PromptTemplate.from_template("Be brief.") + " On {x}."\np.format(x="rain")`
    ],
    0,
    { x: 'rain' }
  ],
  [
    'dict() as a mapping',
    ['T = "On {x} and {y}."\nT.format_map(dict(x="rain", y=2))'],
    0,
    { x: 'rain', y: '2' }
  ],
  [
    'markers with signs of several kinds',
    [
      'T = "{{$a}} <<b>> __C__ @d %e% ##F##"\nT.replace("{{$a}}", "A").replace("<<b>>", b).replace("__C__", "C").replace("@d", b).replace("%e%", "E").replace("##F##", "F")\nb = "B"'
    ],
    0,
    { a: 'A', b: 'B', C: 'C', d: 'B', e: 'E', F: 'F' }
  ],
  [
    'each value of a loop',
    [
      `${FROM}p = PromptTemplate.from_template("On {x}.")\nfor x in ["rain", "sun"]:\n    p.format(x=x)`
    ],
    0,
    { x: 'rain' }
  ]
];

describe('a library’s template', () => {
  it.each(KNOWN)('is known of %s', async (_, cells, index, values) => {
    const { text } = await suggested(cells, index);
    expect(text?.kind).toBe('template');
    expect(await valuesOf(cells, index)).toEqual(values);
  });
});
