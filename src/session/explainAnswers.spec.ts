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

  it('leaves one that was cleared before a reload', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    scenario.session.explanation.clear();
    const again = await scenario.reloaded({}, undefined, explainAnswers);
    expect(again.explanation.scores).not.toBeNull();
    again.settings = { ...again.settings, intensity: 0.5 };
    await settle();
    expect(again.explanation.target).toBeNull();
    again.dispose();
  });

  it('does nothing if the setting is off', async () => {
    const { session } = scenario;
    session.settings = { ...session.settings, explainAnswer: false };
    await scenario.answered();
    await settle();
    expect(target()).toBeNull();
  });
});
