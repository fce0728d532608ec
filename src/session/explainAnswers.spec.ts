import { explainAnswers } from './explainAnswers';
import { settle } from './fakes';
import { Scenario } from './scenario';

describe('session: answers explain themselves', () => {
  let scenario: Scenario;

  beforeEach(async () => {
    scenario = await Scenario.begin();
    explainAnswers(scenario.session);
  });

  afterEach(() => scenario.session.dispose());

  const target = () => {
    const { target, text } = scenario.session.explanation;
    return (
      target &&
      text!.tokens
        .slice(...target)
        .map(token => token.text)
        .join('')
        .trim()
    );
  };

  it('makes the last sentence the target', async () => {
    await scenario.answered();
    await settle();
    expect(target()).toBe('Recommendation: Avoid.');
  });

  it('leaves a target that was cleared', async () => {
    await scenario.answered();
    await settle();
    scenario.session.explanation.clear();
    await settle();
    expect(target()).toBeNull();
  });

  it('does nothing if the setting is off', async () => {
    const { session } = scenario;
    session.settings = { ...session.settings, explainAnswer: false };
    await scenario.answered();
    await settle();
    expect(target()).toBeNull();
  });
});
